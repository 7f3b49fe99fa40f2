/** What a running PostgreSQL is to those who use it, whichever road it came by. */

/** Where a server comes from: a URL that was given, a container, binaries of the registry, or the system's own. */
export type ServerKind = 'given' | 'container' | 'embedded' | 'system'

/** What it takes to work with a server: plain data, so that worker processes can be told. */
export interface ServerAddress {
  /** A superuser's URL, with a password, of a database for administration. */
  readonly url: string
  /** As in `server_version_num`: 180004 is 18.4. */
  readonly version: number
  /** Stands in the names of all that is made on the server in this run. */
  readonly run: string
  /** True when a new database is made fastest by copying files, which a server without `fsync` does at once. */
  readonly copiesFiles: boolean
}

/** A server that accepts connections. */
export interface PostgresServer extends ServerAddress, AsyncDisposable {
  readonly kind: ServerKind
  /** Control over the process; `undefined` where the server runs elsewhere. */
  readonly process: ServerProcess | undefined
  /** Ends the server at once and removes its files; drops what was left on a server that was given. Idempotent. */
  stop(): Promise<void>
}

/** How a server goes down: `fast` rolls back and writes everything; `immediate` is a crash of all its processes. */
export type ShutdownMode = 'fast' | 'immediate'

/** A server of this machine, for faults. Every change of state is complete when the promise resolves. */
export interface ServerProcess {
  readonly binDirectory: string
  readonly dataDirectory: string
  readonly logFile: string
  /** The port stays the same through every restart. */
  readonly port: number
  /** The postmaster's process id. Throws while the server is down. */
  pid(): number
  isRunning(): boolean
  start(): Promise<void>
  stop(mode: ShutdownMode): Promise<void>
  restart(mode: ShutdownMode): Promise<void>
  /** Stops the postmaster and all its backends in their tracks (SIGSTOP); connections stay open, nobody answers. */
  freeze(): void
  /** Lets them go on (SIGCONT). */
  thaw(): void
}

/** Thrown when no server can be had; says what to do about it. */
export class NoPostgresError extends Error {
  override readonly name = 'NoPostgresError'
}
