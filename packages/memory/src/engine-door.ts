/**
 * The door `@coffer/memory/engine`, for backends that add a commit log of their own: fork the published
 * state, write to the fork, log its `changes`, then `publish` it. One fork is published at a time.
 */

export { Engine, netChanges } from './engine.ts'
export { EngineTransaction } from './engine-transaction.ts'
export { Filling } from './filling.ts'
export { Fork } from './fork.ts'
export { layoutSizes } from './layout-sizes.ts'
export { type Row, Table } from './table.ts'
export type { RowChange } from './tables.ts'
export { View } from './view.ts'
export { snapshotOf } from './view-snapshot.ts'
