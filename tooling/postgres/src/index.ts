/** PostgreSQL for tests, benchmarks and fault rigs: a real server, databases, roles, poolers and bad networks. */

export { type PgBouncer, type PgBouncerOptions, startPgBouncer } from './pgbouncer.ts'
export {
  NoPostgresError,
  type PostgresServer,
  type ServerAddress,
  type ServerKind,
  type ServerProcess,
  type ShutdownMode,
} from './postgres-server.ts'
export type { Role, RoleOptions } from './role.ts'
export { LeakedSessionsError, type Session } from './sessions.ts'
export type { Settings } from './settings.ts'
export { type StartOptions, startPostgres } from './start-postgres.ts'
export { type TcpProxy, tcpProxy } from './tcp-proxy.ts'
export { prepareTemplate } from './template.ts'
export { createDatabase, type DatabaseOptions, type TestDatabase } from './test-database.ts'
export type { CutMode, Sender, Trap, TrapOptions } from './trap.ts'
