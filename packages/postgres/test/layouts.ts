/** Layouts and operations for tests of the backend alone. */

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
  documentColumns: [],
  appendOnly: false,
  history: undefined,
  schemaVersion: 1,
}

/** The notes as a later release wants them: a field more, one less, and one of another type. */
export const LATER_NOTES: Layout = {
  ...NOTES,
  fields: [
    { name: 'score', type: 'integer', nullable: false },
    { name: 'mood', type: 'text', nullable: false },
    { name: 'tags', type: 'texts', nullable: false },
  ],
  indexes: [[1], [2]],
  schemaVersion: 2,
}

export const AUDIT: Layout = { ...NOTES, name: 'audit', appendOnly: true }
export const LATER_AUDIT: Layout = { ...LATER_NOTES, name: 'audit', appendOnly: true }

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

/** A row of the audit. */
export function entry(id: string): PutOperation {
  return put(id, { layout: AUDIT, condition: { type: 'absent' } })
}

/** A group without checks. */
export function group(...operations: readonly Operation[]): Group {
  return { operations, checks: [] }
}
