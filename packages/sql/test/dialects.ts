/** The dialects, side by side, and a collection with all that a collection can have. */

import type { Layout } from '@coffer/core/backend'
import { type Dialect, postgresDialect, sqliteDialect, tableOf } from '../src/index.ts'

/** A further dialect is one more line here; each test then shows its SQL beside the others'. */
export const DIALECTS: Readonly<Record<string, Dialect>> = {
  sqlite: sqliteDialect,
  postgresql: postgresDialect('coffer'),
}

export const HISTORY_OF_NOTES: Layout = {
  name: 'notes__history',
  fields: [
    { name: 'key', type: 'text', nullable: false },
    { name: 'version_of_key', type: 'integer', nullable: false },
  ],
  indexes: [[0, 1]],
  documentColumns: [],
  appendOnly: false,
  history: undefined,
  schemaVersion: 1,
}

export const NOTES: Layout = {
  name: 'notes',
  fields: [
    { name: 'author', type: 'text', nullable: false },
    { name: 'score', type: 'number', nullable: true },
    { name: 'done', type: 'boolean', nullable: true },
    { name: 'at', type: 'timestamp', nullable: false },
    { name: 'tags', type: 'texts', nullable: false },
  ],
  indexes: [[0, 3], [1], [4]],
  documentColumns: ['title', 'author', 'not a word'],
  appendOnly: false,
  history: HISTORY_OF_NOTES,
  schemaVersion: 2,
}

export const AUDIT: Layout = {
  ...NOTES,
  name: 'audit',
  fields: [],
  indexes: [],
  documentColumns: [],
  appendOnly: true,
}

/** What each dialect makes of the notes, one below the other. */
export function everyDialect(make: (table: ReturnType<typeof tableOf>) => string, layout = NOTES): string {
  return Object.entries(DIALECTS)
    .map(([name, dialect]) => `-- ${name}\n${make(tableOf(dialect, layout))}`)
    .join('\n')
}
