/** `@coffer/backup`: backups, restores and copies of whole stores. */

export { type BackupOptions, type BackupProgress, backup, type MadeBackup } from './backup.ts'
export type { Compression } from './compression.ts'
export { type ContentHashOptions, contentHash } from './content-hash.ts'
export { type CopyOptions, type CopyProgress, type CopyReport, copy } from './copy.ts'
export { readMark } from './copy-mark.ts'
export { fileFailure } from './file-failure.ts'
export { type Leftover, listLeftovers } from './leftovers.ts'
export { type ListedBackup, listBackups } from './list-backups.ts'
export type { ListedHead, LogHeads } from './log-heads.ts'
export { claim, partialName, syncFolder } from './private-file.ts'
export { proveBackup, provenBackup } from './prove-backup.ts'
export { type BackupForm, recognize } from './recognize.ts'
export { release } from './release.ts'
export { type RestoreOptions, type RestoreProgress, type RestoreReport, restore } from './restore.ts'
export { type RotateOptions, type Rotation, rotateBackups } from './rotate-backups.ts'
export {
  type ArchiveProgress,
  type ArchiveSummary,
  readManifest,
  type VerifyArchiveOptions,
  verifyArchive,
} from './verify-archive.ts'
