/** The file backend. */

export type { FileOptions } from '@coffer/core/backend'
export { file, file as createBackend, type Surroundings } from './file.ts'
export type { EntryStatus, FileSystem, OpenFile, OpenMode } from './file-system.ts'
export { type RepairOptions, type RepairReport, repair } from './repair.ts'
export type { Damage } from './salvage.ts'
