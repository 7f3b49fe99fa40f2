/** Layouts and operations for the tests of this folder. */

import type { Group, Layout, Operation, PutOperation } from '@coffer/core/backend'

export const AT = 1_700_000_000_000

export const NOTES: Layout = {
  name: 'notes',
  fields: [
    { name: 'author', type: 'text', nullable: false },
    { name: 'score', type: 'number', nullable: true },
    { name: 'tags', type: 'texts', nullable: false },
  ],
  indexes: [[0], [1], [0, 1], [2]],
  documentColumns: ['title'],
  appendOnly: false,
  history: undefined,
  schemaVersion: 1,
}

/** The history of the notes. */
export const HISTORY_OF_NOTES: Layout = {
  name: 'notes__history',
  fields: [
    { name: 'key', type: 'text', nullable: false },
    { name: 'version_of_key', type: 'integer', nullable: false },
    { name: 'changed_at', type: 'timestamp', nullable: false },
    { name: 'change', type: 'text', nullable: false },
  ],
  indexes: [[0, 1]],
  documentColumns: [],
  appendOnly: false,
  history: undefined,
  schemaVersion: 1,
}

/** A put of a note without a condition. */
export function put(id: string, change: Partial<PutOperation> = {}): PutOperation {
  return {
    type: 'put',
    layout: NOTES,
    tenant: 't',
    id,
    condition: { type: 'none' },
    document: JSON.stringify({ id }),
    fields: ['ann', null, []],
    hash: null,
    expiresAt: null,
    ...change,
  }
}

/** A group without checks. */
export function group(...operations: readonly Operation[]): Group {
  return { operations, checks: [] }
}
