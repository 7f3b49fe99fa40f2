/** What the server tells of itself: settings, load and age. */

import type { ResolvedOptions } from './options.ts'
import type { Schema } from './schema.ts'
import type { Session } from './session.ts'

/** Answers of the server. Times are milliseconds, since 1970 where they are instants. */
export interface ServerFacts {
  readonly version: string
  readonly major: number
  readonly database: string
  readonly schema: string
  readonly role: string
  readonly isSuperuser: boolean
  /** False where a table lacks a right that the store needs for its work. */
  readonly mayWrite: boolean
  /** False where a table belongs to others, so that opening could not change it. */
  readonly ownsTables: boolean
  readonly usesTls: boolean
  readonly timeZone: string
  readonly synchronousCommit: string
  readonly fsync: boolean
  readonly fullPageWrites: boolean
  readonly dataChecksums: boolean
  /** Of the sessions that write. */
  readonly isolation: string
  readonly maxConnections: number
  readonly usedConnections: number
  readonly databaseBytes: number
  /** The share of pages that were in the server's memory when they were asked for; `null` before any was. */
  readonly cacheHitShare: number | null
  /** Transactions that have ended since the server began to count. */
  readonly transactions: number
  /** Sessions of the database that wait for somebody else's lock. */
  readonly waitingForLocks: number
  readonly isReplica: boolean
  readonly lagMs: number | null
  /** How old the oldest transaction is that may hold back the removal of dead rows. */
  readonly oldestTransactionMs: number | null
  /** Transactions since the oldest that is not frozen: at two billion the server refuses to write. */
  readonly transactionAge: number
  readonly clock: number
}

const FACTS: Readonly<Record<keyof Omit<ServerFacts, 'schema'>, string>> = {
  version: `split_part(current_setting('server_version'), ' ', 1)`,
  major: `current_setting('server_version_num')::int / 10000`,
  database: 'current_database()',
  role: 'current_user',
  isSuperuser: `current_setting('is_superuser') = 'on'`,
  mayWrite: `coalesce((SELECT bool_and(has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT') AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE')) FROM own), true)`,
  ownsTables: `coalesce((SELECT bool_and(pg_has_role(relowner, 'USAGE')) FROM own), true)`,
  usesTls: 'coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false)',
  timeZone: `current_setting('TimeZone')`,
  synchronousCommit: `current_setting('synchronous_commit')`,
  fsync: `current_setting('fsync')::boolean`,
  fullPageWrites: `current_setting('full_page_writes')::boolean`,
  dataChecksums: `current_setting('data_checksums') = 'on'`,
  isolation: `current_setting('default_transaction_isolation')`,
  maxConnections: `current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int`,
  usedConnections: `(SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend')`,
  databaseBytes: 'pg_database_size(current_database())',
  cacheHitShare: '(SELECT round(blks_hit::numeric / nullif(blks_hit + blks_read, 0), 4) FROM counted)',
  transactions: '(SELECT xact_commit + xact_rollback FROM counted)',
  waitingForLocks: `(SELECT count(*)::int FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database())`,
  isReplica: 'pg_is_in_recovery()',
  lagMs: `CASE WHEN pg_is_in_recovery() THEN (extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::bigint END`,
  oldestTransactionMs: `(SELECT (extract(epoch FROM max(clock_timestamp() - xact_start)) * 1000)::bigint FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid() AND backend_type <> 'autovacuum worker')`,
  transactionAge: `(SELECT age(datfrozenxid) FROM pg_database WHERE datname = current_database())`,
  clock: '(extract(epoch FROM clock_timestamp()) * 1000)::bigint',
}

/** Asks the server. */
export async function serverFacts(session: Session, schema: Schema): Promise<ServerFacts> {
  const pairs = Object.entries(FACTS).map(([name, expression]) => `'${name}', ${expression}`)
  const [row] = await session.ask({
    text:
      'WITH own AS MATERIALIZED (SELECT pg_class.oid, relowner FROM pg_class JOIN pg_namespace AS space ' +
      `ON space.oid = relnamespace WHERE space.nspname = $1 AND relkind IN ('r', 'p')), ` +
      'counted AS (SELECT * FROM pg_stat_database WHERE datname = current_database()) ' +
      `SELECT json_build_object(${pairs.join(', ')})::text`,
    parameters: [schema.name],
  })
  return { ...JSON.parse(String(row?.[0])), schema: schema.name }
}

/** The facts as a person reads them, by the server's own names. */
export function namedFacts(
  facts: ServerFacts,
  { durability, max }: Pick<ResolvedOptions, 'durability' | 'max'>,
): Readonly<Record<string, string | number | boolean | null>> {
  const onOff = (isOn: boolean) => (isOn ? 'on' : 'off')
  return {
    server_version: facts.version,
    database: facts.database,
    schema: facts.schema,
    role: facts.role,
    ssl: facts.usesTls,
    durability,
    synchronous_commit: facts.synchronousCommit,
    fsync: onOff(facts.fsync),
    full_page_writes: onOff(facts.fullPageWrites),
    data_checksums: onOff(facts.dataChecksums),
    default_transaction_isolation: facts.isolation,
    max_connections: facts.maxConnections,
    connections_in_use: facts.usedConnections,
    connections_of_store: max,
    database_bytes: facts.databaseBytes,
    cache_hit_share: facts.cacheHitShare,
    transactions: facts.transactions,
    waiting_for_locks: facts.waitingForLocks,
    oldest_transaction_ms: facts.oldestTransactionMs,
    TimeZone: facts.timeZone,
    is_replica: facts.isReplica,
    ...(facts.isReplica && { replication_lag_ms: facts.lagMs }),
  }
}
