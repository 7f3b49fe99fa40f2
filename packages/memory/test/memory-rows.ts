/** Layouts, rows and operations that the tests write with. */

import type {
  DeleteOperation,
  FieldValue,
  Group,
  Layout,
  Operation,
  PutOperation,
  Query,
} from '@coffer/core/backend'

/** A layout with a field of every type and several indexes. */
export const things: Layout = {
  name: 'things',
  fields: [
    { name: 'label', type: 'text', nullable: true },
    { name: 'count', type: 'integer', nullable: true },
    { name: 'open', type: 'boolean', nullable: true },
    { name: 'tags', type: 'texts', nullable: true },
    { name: 'at', type: 'timestamp', nullable: true },
  ],
  indexes: [[0], [1, 4], [0, 1], [3], [2]],
  documentColumns: [],
  appendOnly: false,
  history: undefined,
  schemaVersion: 1,
}

export function put(id: string, changes: Partial<PutOperation> = {}): PutOperation {
  return {
    type: 'put',
    layout: things,
    tenant: 'a',
    id,
    condition: { type: 'none' },
    document: '{}',
    fields: [null, null, null, null, null],
    hash: null,
    expiresAt: null,
    ...changes,
  }
}

/** A put of a row of tenant `a` with a label and a count. */
export function labelled(id: string, label: string, count: FieldValue = null): PutOperation {
  return put(id, { fields: [label, count, null, null, null] })
}

export function remove(id: string, changes: Partial<DeleteOperation> = {}): DeleteOperation {
  return {
    type: 'delete',
    layout: things,
    tenant: 'a',
    id,
    condition: { type: 'none' },
    mode: 'hard',
    ...changes,
  }
}

export function group(...operations: Operation[]): Group {
  return { operations, checks: [] }
}

/** Tenant `a`'s live rows by id, 100 of them. */
export function question(changes: Partial<Query> = {}): Query {
  return {
    tenant: 'a',
    where: undefined,
    order: [{ field: -1, direction: 'asc' }],
    after: undefined,
    offset: 0,
    limit: 100,
    visibility: 'live',
    withFields: false,
    ...changes,
  }
}
