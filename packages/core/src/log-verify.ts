/** Checks a stream of a log: that it is the chain that was written. */

import { type LogHead, readHead, type StreamAddress } from './append.ts'
import { type ChainedEntry, entryHash, GENESIS_HASH } from './chain.ts'
import { findDamage } from './codec.ts'
import { DECIDING } from './consistency.ts'
import { invalid, isStoreError, StoreError } from './errors.ts'
import type { Executor } from './executor.ts'
import type { JsonObject } from './json.ts'
import type { LogDefinition } from './log-definition.ts'
import { totalOrder } from './order.ts'
import type { Predicate } from './predicate.ts'
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
  readonly problem?: LogProblem | undefined
}

/** What is wrong with a stream, and where. */
export interface LogProblem {
  readonly sequence: number
  /** The key of the entry that was found there, if one was. */
  readonly key?: string | undefined
  readonly problem: string
}

/** What a check of one entry found. */
export interface EntryReport {
  readonly ok: boolean
  readonly problem?: string | undefined
}

const PAGE_ROWS = 500

/** Walks a stream from its start and stops at the first thing that is wrong. */
export async function verifyStream(
  executor: Executor,
  address: StreamAddress,
  options: VerifyLogOptions,
): Promise<LogReport> {
  const { log } = address
  checkOptions(options, log.name)
  // The head is read first: entries that are appended meanwhile may lie behind it, never before it.
  const head = await readableHead(executor, address)
  const { expectedHead } = options
  let last: LogHead = { sequence: 0, hash: GENESIS_HASH }
  let meetsHead = head === undefined || head.sequence === 0
  let meetsExpected = expectedHead === undefined || isSame(last, expectedHead)
  for await (const rows of pages(executor, address)) {
    for (const row of rows) {
      const sequence = last.sequence + 1
      const found = checkEntry(address, row, last)
      if (typeof found === 'string')
        return { ok: false, entries: sequence, problem: { sequence, key: row.id, problem: found } }
      last = found
      meetsHead ||= head !== undefined && isSame(last, head)
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
  if (head === undefined) return bad(entries, UNREADABLE_HEAD)
  if (entries > 0 && head.sequence === 0) return bad(entries, 'the stream has entries but no head')
  if (!meetsHead) return bad(Math.min(entries + 1, head.sequence), 'the stream does not reach its head')
  const behind = await entryBehindHead(executor, address, head, last)
  if (behind !== undefined) return bad(behind, 'it stands behind the head of the stream')
  if (!meetsExpected) return bad(expectedHead?.sequence ?? 0, 'the stream does not contain the expected head')
  return { ok: true, entries }
}

const UNREADABLE_HEAD = 'the head of the stream can not be read'

function checkOptions(options: VerifyLogOptions, log: string): void {
  checkOptionNames(options, ['expectedHead', 'onProgress'], `${log}: verify`)
  const { expectedHead, onProgress } = options
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw invalid(`${log}: verify: onProgress takes a function`)
  }
  if (expectedHead === undefined) return
  // What is no head at all must not be told as a log that somebody has tampered with.
  const { sequence, hash } = (expectedHead ?? {}) as Partial<LogHead>
  if (Number.isSafeInteger(sequence) && Number(sequence) >= 0 && /^[0-9a-f]{64}$/.test(String(hash))) return
  throw invalid(`${log}: verify: expectedHead takes { sequence, hash } as head() has answered it`)
}

/** The head, or `undefined` where what is stored is none. */
async function readableHead(executor: Executor, address: StreamAddress): Promise<LogHead | undefined> {
  try {
    return await readHead(executor, address)
  } catch (error) {
    if (isStoreError(error, 'CORRUPT')) return undefined
    throw error
  }
}

/**
 * The first entry that stands where no append can have put it. Entries and head are committed together, so once a
 * walk has seen an entry, the head is there or further on.
 */
async function entryBehindHead(
  executor: Executor,
  address: StreamAddress,
  head: LogHead,
  last: LogHead,
): Promise<number | undefined> {
  if (last.sequence <= head.sequence) return undefined
  const again = await readableHead(executor, address)
  return again === undefined || last.sequence > again.sequence ? (again?.sequence ?? 0) + 1 : undefined
}

function isSame(left: LogHead, right: LogHead): boolean {
  return left.sequence === right.sequence && left.hash === right.hash
}

/** The head after this entry, or what is wrong with it. */
function checkEntry({ log, tenant, stream }: StreamAddress, row: StoredRow, last: LogHead): LogHead | string {
  const damage = findDamage(log.entries, row)
  const { chain } = log
  const document = parsedObject(row.document)
  if (document === undefined) return damage ?? 'it is no entry'
  const { [chain.hash]: hash, ...entry } = document
  const sequence = last.sequence + 1
  if (entry[chain.sequence] !== sequence) return `its sequence is not ${sequence}`
  if (entry[chain.previous] !== last.hash) return 'it does not follow the entry before'
  const expected = hashIfAny({ log: log.name, tenant, stream, sequence, previous: last.hash, entry })
  // That it was edited says more than which of its columns tells so.
  if (expected === undefined || hash !== expected) return 'it does not match its hash'
  return damage ?? { sequence, hash: expected }
}

/** Numbers too large for any engine of JavaScript have no canonical form, and no append has hashed them. */
function hashIfAny(entry: ChainedEntry): string | undefined {
  try {
    return entryHash(entry)
  } catch (error) {
    if (isStoreError(error, 'INVALID_ARGUMENT')) return undefined
    throw error
  }
}

function parsedObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as JsonObject) : undefined
  } catch {
    return undefined
  }
}

/**
 * Checks the entry under a key: what it says against its hash, and its place between its neighbours. The one
 * behind it, or the head, must have been chained to it.
 */
export async function verifyEntry(
  executor: Executor,
  log: LogDefinition,
  tenant: string,
  key: string,
): Promise<EntryReport> {
  const [stored] = await executor.read(log.entries, [{ tenant, id: key }], DECIDING)
  if (stored === undefined) {
    throw new StoreError('NOT_FOUND', `${log.name}: there is no such entry`, {
      collection: log.name,
      keys: [key],
    })
  }
  const damage = findDamage(log.entries, stored)
  if (damage !== undefined) return { ok: false, problem: damage }
  const { [log.chain.stream]: stream, [log.chain.sequence]: sequence } = JSON.parse(stored.document)
  const address = { log, tenant, stream }
  // Read between the entry and what stands behind it: appends meanwhile only lengthen the stream.
  const head = await readableHead(executor, address)
  if (head === undefined) return { ok: false, problem: UNREADABLE_HEAD }
  const [before, row, behind] = await rowsAround(executor, address, sequence)
  if (row?.id !== key) return { ok: false, problem: 'it does not stand at its place' }
  const previous = sequence === 1 ? GENESIS_HASH : memberOf(before, log.chain.hash)
  if (previous === undefined) return { ok: false, problem: 'the entry before has no hash' }
  const found = checkEntry(address, row, { sequence: sequence - 1, hash: previous })
  if (typeof found === 'string') return { ok: false, problem: found }
  const chained = head.sequence === sequence ? head.hash : memberOf(behind, log.chain.previous)
  if (chained === found.hash) return { ok: true }
  return { ok: false, problem: 'what stands behind it was not chained to it' }
}

/** The rows at a place and on both sides of it, as far as there are any. */
async function rowsAround(executor: Executor, address: StreamAddress, sequence: number) {
  const { log } = address
  const field = positionOfField(log, log.chain.sequence)
  const places = [sequence - 1, sequence, sequence + 1]
  const where: Predicate = { type: 'and', terms: [inStream(address), { type: 'in', field, values: places }] }
  const { rows } = await executor.query(log.entries, {
    ...inOrder(address),
    where,
    after: undefined,
    offset: 0,
  })
  return places.map((place) => rows.find((row) => row.fields?.[field] === place))
}

/** A text member of a document, which may have been changed into anything. */
function memberOf(row: StoredRow | undefined, member: string): string | undefined {
  const value = row && parsedObject(row.document)?.[member]
  return typeof value === 'string' ? value : undefined
}

function pages(executor: Executor, address: StreamAddress): AsyncGenerator<readonly StoredRow[]> {
  return walkPages((query) => executor.query(address.log.entries, query), {
    ...inOrder(address),
    where: inStream(address),
  })
}

function inStream({ log, stream }: StreamAddress): Predicate {
  const field = positionOfField(log, log.chain.stream)
  return { type: 'compare', field, comparison: 'eq', value: stream }
}

function inOrder({ log, tenant }: StreamAddress) {
  return {
    tenant,
    order: totalOrder([{ field: positionOfField(log, log.chain.sequence), direction: 'asc' }]),
    limit: PAGE_ROWS,
    visibility: 'any',
    withFields: true,
  } as const
}

function positionOfField({ entries }: LogDefinition, name: string): number {
  return entries.fields.findIndex((field) => field.name === name)
}
