/**
 * What the backend asks of a file system, and nothing else. Everything it does to a disk goes through here, so
 * that a test can play a disk that is full, that lies, or that loses its power.
 *
 * Failures are thrown as Node has them, with a `code` such as `ENOSPC`.
 */

/** What stands under a name; a symbolic link is not followed. */
export interface EntryStatus {
  readonly type: 'file' | 'directory' | 'link' | 'other'
  /** In bytes. */
  readonly size: number
  /** The time of the last change of content, in milliseconds since 1970. */
  readonly modifiedAt: number
  /** Who may do what, as nine bits; absent where the system has no such thing. */
  readonly mode?: number | undefined
}

/**
 * How a file is opened. A symbolic link in its place is refused.
 *
 * - `read`: for reading; it must be there
 * - `write`: for reading and writing; it must be there
 * - `create`: for reading and writing; it must not be there, and only its owner may read it
 */
export type OpenMode = 'read' | 'write' | 'create'

/** A directory's entries, and files in it. Paths are absolute. */
export interface FileSystem {
  /** What stands there, or `undefined`. */
  status(path: string): Promise<EntryStatus | undefined>
  /** Whether anything stands there, answered at once. */
  existsSync(path: string): boolean
  /** The names in a directory, in no order. */
  list(path: string): Promise<readonly string[]>
  /** Makes one directory for its owner alone; its parent must be there, and nothing may stand in its place. */
  makeDirectory(path: string): Promise<void>
  open(path: string, mode: OpenMode): Promise<OpenFile>
  /** Gives a file a second name, which must be free. */
  link(from: string, to: string): Promise<void>
  /** Renames within one file system, over what has the name. */
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  /** Sets the time of the last change to now. */
  touch(path: string): Promise<void>
  /** Makes the names in a directory durable: what was created, linked, renamed and removed. */
  syncDirectory(path: string): Promise<void>
  /** The room that is left to this user where a directory is, in bytes. */
  freeBytes?(path: string): Promise<number>
}

/** An open file. Positions and lengths are in bytes. */
export interface OpenFile {
  /** Reads at most as many bytes as the buffer has room for; 0 at the end of the file. */
  read(buffer: Uint8Array, position: number): Promise<number>
  /** Writes at least one byte, perhaps not all. @returns how many */
  write(bytes: Uint8Array, position: number): Promise<number>
  /** As `write`, at once: for a small piece of a log, which the system takes without waiting for a disk. */
  writeSync(bytes: Uint8Array, position: number): number
  /** Makes the content and the length durable. After a failure nothing is known of what was not durable before. */
  sync(): Promise<void>
  /** As `sync`, while everything else waits: cheaper than the way to another thread and back, on a fast disk. */
  syncBlocking?(): void
  truncate(length: number): Promise<void>
  close(): Promise<void>
}
