/** Checks a stream of a log: that it is the chain that was written. */

import { type LogHead, readHead, type StreamAddress } from './append.ts'
import { entryHash, GENESIS_HASH } from './chain.ts'
import { findDamage } from './codec.ts'
import type { Executor } from './executor.ts'
import type { JsonObject } from './json.ts'
import { totalOrder } from './order.ts'
import { checkOptionNames } from './query.ts'
import type { StoredRow } from './row.ts'
import { walkPages } from './walk.ts'

/** What `verify` takes. */
export interface VerifyLogOptions {
  /** A head that was kept elsewhere: the stream must still contain it. Shows a cut tail and a full rewrite. */
  readonly expectedHead?: LogHead | undefined
  /** Called after every page with the number of entries seen. */
  readonly onProgress?: ((entries: number) => void) | undefined
}

/** What a check of a stream found. */
export interface LogReport {
  readonly ok: boolean
  /** Entries that were looked at: all, or those up to the first bad one. */
  readonly entries: number
  /** The first thing that is wrong, and where: the sequence that the entry should have. */
  readonly problem?: { readonly sequence: number; readonly problem: string } | undefined
}

const PAGE_ROWS = 500

/** Walks a stream from its start and stops at the first thing that is wrong. */
export async function verifyStream(
  executor: Executor,
  address: StreamAddress,
  options: VerifyLogOptions,
): Promise<LogReport> {
  const { log } = address
  checkOptionNames(options, ['expectedHead', 'onProgress'], `${log.name}: verify`)
  // The head is read first: entries that are appended meanwhile may lie behind it, never before it.
  const head = await readHead(executor, address)
  const { expectedHead } = options
  let last: LogHead = { sequence: 0, hash: GENESIS_HASH }
  let meetsHead = head.sequence === 0
  let meetsExpected = expectedHead === undefined || isSame(last, expectedHead)
  for await (const rows of pages(executor, address)) {
    for (const row of rows) {
      const sequence = last.sequence + 1
      const found = checkEntry(address, row, last)
      if (typeof found === 'string')
        return { ok: false, entries: sequence, problem: { sequence, problem: found } }
      last = found
      meetsHead ||= isSame(last, head)
      meetsExpected ||= expectedHead !== undefined && isSame(last, expectedHead)
    }
    options.onProgress?.(last.sequence)
  }
  const entries = last.sequence
  const bad = (sequence: number, problem: string): LogReport => ({
    ok: false,
    entries,
    problem: { sequence, problem },
  })
  if (entries > 0 && head.sequence === 0) return bad(entries, 'the stream has entries but no head')
  if (!meetsHead) return bad(Math.min(entries + 1, head.sequence), 'the stream does not reach its head')
  if (!meetsExpected) return bad(expectedHead?.sequence ?? 0, 'the stream does not contain the expected head')
  return { ok: true, entries }
}

function isSame(left: LogHead, right: LogHead): boolean {
  return left.sequence === right.sequence && left.hash === right.hash
}

/** The head after this entry, or what is wrong with it. */
function checkEntry({ log, tenant, stream }: StreamAddress, row: StoredRow, last: LogHead): LogHead | string {
  const damage = findDamage(log.entries, row)
  if (damage !== undefined) return damage
  const { chain } = log
  const { [chain.hash]: hash, ...entry } = JSON.parse(row.document) as JsonObject
  const sequence = last.sequence + 1
  if (entry[chain.sequence] !== sequence) return `its sequence is not ${sequence}`
  if (entry[chain.previous] !== last.hash) return 'it does not follow the entry before'
  const expected = entryHash({ log: log.name, tenant, stream, sequence, previous: last.hash, entry })
  return hash === expected ? { sequence, hash: expected } : 'it does not match its hash'
}

function pages(
  executor: Executor,
  { log, tenant, stream }: StreamAddress,
): AsyncGenerator<readonly StoredRow[]> {
  const { fields } = log.entries
  const position = (name: string) => fields.findIndex((field) => field.name === name)
  return walkPages((query) => executor.query(log.entries, query), {
    tenant,
    where: { type: 'compare', field: position(log.chain.stream), comparison: 'eq', value: stream },
    order: totalOrder([{ field: position(log.chain.sequence), direction: 'asc' }]),
    limit: PAGE_ROWS,
    visibility: 'any',
    withFields: true,
  })
}
