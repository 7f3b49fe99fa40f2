/** What the facts mean to the person who operates the store. Pure. */

import type { Check, CheckState } from '@coffer/core/backend'
import type { ResolvedOptions } from './options.ts'
import type { ServerFacts } from './server-facts.ts'
import type { TableFacts } from './table-facts.ts'

/** How far two clocks may be apart, in milliseconds: deadlines are told by the clocks of programs. */
const CLOCK_WARNING_MS = 1_000
const CLOCK_BAD_MS = 60_000
/** Parts of the connections that may be in use. */
const CONNECTIONS_WARNING = 0.8
const CONNECTIONS_BAD = 0.95
/** A table is bloated from so many dead rows, and such a part of them, on. */
const DEAD_ROWS = 10_000
const DEAD_SHARE = 0.2
const LONG_TRANSACTION_MS = 10 * 60_000
const LAG_MS = 60_000
/** The server itself warns at 40 million before two billion, and stops at three million. */
const AGE_WARNING = 1_000_000_000
const AGE_BAD = 1_600_000_000

/** The last day of support by major version. Source: https://www.postgresql.org/support/versioning/ */
const END_OF_LIFE: Readonly<Record<number, string>> = {
  14: '2026-11-12',
  15: '2027-11-11',
  16: '2028-11-09',
  17: '2029-11-08',
  18: '2030-11-14',
}

/** What was looked at, in the order in which a person wants to read it. */
export function healthChecks(
  facts: ServerFacts,
  tables: readonly TableFacts[],
  options: Pick<ResolvedOptions, 'durability' | 'readOnly' | 'migrate'>,
  now: number,
): readonly Check[] {
  return [
    durability(facts, options),
    dataChecksums(facts),
    role(facts, options),
    connections(facts),
    clock(facts, now),
    transactions(facts),
    transactionAge(facts),
    release(facts),
    ...(facts.isReplica ? [replica(facts)] : []),
    ...tables.flatMap(tableChecks),
  ]
}

function durability(facts: ServerFacts, options: Pick<ResolvedOptions, 'durability' | 'readOnly'>): Check {
  const topic = 'durability'
  if (!facts.fsync || !facts.fullPageWrites) {
    const setting = facts.fsync ? 'full_page_writes' : 'fsync'
    return bad(topic, `${setting} is off: a power cut can destroy the whole database`, `set ${setting} to on`)
  }
  if (options.durability === 'power' && facts.synchronousCommit === 'off' && !options.readOnly) {
    const says = 'synchronous_commit is off: a crash of the server loses writes that were acknowledged'
    return bad(topic, says, `set synchronous_commit to on, or say durability: 'process'`)
  }
  return good(topic, `acknowledged writes survive what durability: '${options.durability}' says`)
}

function dataChecksums({ dataChecksums: isOn }: ServerFacts): Check {
  return isOn
    ? good('checksums', 'every page is checked when it is read')
    : warning(
        'checksums',
        'pages have no checksums: damage of the disk is not noticed',
        'stop the server and run pg_checksums --enable',
      )
}

function role(
  facts: ServerFacts,
  { readOnly, migrate }: Pick<ResolvedOptions, 'readOnly' | 'migrate'>,
): Check {
  const topic = 'permissions'
  if (facts.isSuperuser) {
    const says = `the role ${facts.role} is a superuser: no rule of the database binds it`
    return warning(topic, says, 'make a role that owns the schema and no more')
  }
  if (!facts.mayWrite && !readOnly) {
    const says = `the role ${facts.role} may not write to every table of the schema`
    return bad(
      topic,
      says,
      'grant it SELECT, INSERT, UPDATE and DELETE, or open the store with readOnly: true',
    )
  }
  if (!facts.ownsTables && !readOnly && migrate === 'auto') {
    const says = `the role ${facts.role} does not own every table: a changed definition could not be opened`
    return warning(
      topic,
      says,
      `let it own them, or migrate with another role and say migrate: 'verify' here`,
    )
  }
  return good(topic, `the role ${facts.role} has the rights that it needs`)
}

function connections({ usedConnections: used, maxConnections: max }: ServerFacts): Check {
  const says = `${used} of the server's ${max} connections are in use`
  const advice = 'lower `max` of the stores, raise max_connections, or put a pooler between'
  return graded('connections', used / max, [CONNECTIONS_WARNING, CONNECTIONS_BAD], says, advice)
}

function clock(facts: ServerFacts, now: number): Check {
  const skew = Math.abs(facts.clock - now)
  const says = `the clocks of this machine and of the server are ${Math.round(skew)} ms apart`
  return graded('clock', skew, [CLOCK_WARNING_MS, CLOCK_BAD_MS], says, 'let both follow a time server (NTP)')
}

function transactions({ oldestTransactionMs: age }: ServerFacts): Check {
  const topic = 'transactions'
  if (age === null || age < LONG_TRANSACTION_MS) return good(topic, 'no transaction is open for long')
  const says = `a transaction is open for ${Math.round(age / 60_000)} minutes, and no dead row is removed meanwhile`
  return warning(topic, says, 'find it in pg_stat_activity by xact_start, and end it')
}

function transactionAge({ transactionAge: age }: ServerFacts): Check {
  const says = `the oldest transaction that is not frozen is ${age} transactions old, of two billion`
  const advice = 'run VACUUM FREEZE in the database, and look for what keeps autovacuum from it'
  return graded('wraparound', age, [AGE_WARNING, AGE_BAD], says, advice)
}

function release({ major, version, clock: at }: ServerFacts): Check {
  const end = END_OF_LIFE[major]
  const topic = 'version'
  if (end === undefined || at < Date.parse(end)) return good(topic, `PostgreSQL ${version} is maintained`)
  const says = `PostgreSQL ${major} gets no corrections since ${end}`
  return warning(topic, says, 'move to a newer major version')
}

function replica({ lagMs }: ServerFacts): Check {
  const topic = 'replication'
  if (lagMs !== null && lagMs < LAG_MS) return good(topic, `the replica is ${lagMs} ms behind`)
  const says =
    lagMs === null
      ? 'the replica has replayed nothing yet'
      : `the last transaction that the replica has replayed is ${Math.round(lagMs / 1_000)} s old`
  return warning(topic, says, 'look whether it still receives from the primary, in pg_stat_wal_receiver')
}

function tableChecks(table: TableFacts): readonly Check[] {
  const { layout, rows, deadRows, isStale, isUnfinished, isDamaged, isAppendOnly, unusedIndexes } = table
  const checks: Check[] = []
  const open = 'open the store once with a role that owns the tables: it puts this right'
  if (isDamaged) {
    const says = `the table ${layout} lacks an index${isAppendOnly ? ', or a guard against changes' : ''}, or has one that is not valid`
    checks.push(isAppendOnly ? bad('guards', says, open) : warning('index', says, open))
  }
  if (isUnfinished) {
    checks.push(warning('migration', `the change of the table ${layout} is not finished`, open))
  }
  if (isStale) {
    const says = `rows of ${layout} may have been written for an earlier definition`
    checks.push(warning('migration', says, 'run coffer migrate'))
  }
  if (deadRows >= DEAD_ROWS && deadRows > DEAD_SHARE * (rows + deadRows)) {
    const says = `the table ${layout} has ${deadRows} dead rows beside ${rows} live ones`
    checks.push(warning('bloat', says, 'run VACUUM on it, and let autovacuum come more often'))
  }
  for (const index of unusedIndexes) {
    checks.push(good('index', `the large index ${index} was not used since the server began to count`))
  }
  return checks
}

function graded(
  topic: string,
  value: number,
  [warningFrom, badFrom]: readonly [number, number],
  says: string,
  advice: string,
): Check {
  if (value < warningFrom) return good(topic, says)
  return value < badFrom ? warning(topic, says, advice) : bad(topic, says, advice)
}

function good(topic: string, says: string): Check {
  return { topic, state: 'good', says }
}

function warning(topic: string, says: string, advice: string): Check {
  return poor('warning', topic, says, advice)
}

function bad(topic: string, says: string, advice: string): Check {
  return poor('bad', topic, says, advice)
}

function poor(state: CheckState, topic: string, says: string, advice: string): Check {
  return { topic, state, says, advice }
}
