/**
 * Appending to a log: one commit holds the new entries and the stream's new head, which must still be the
 * one that they were chained to. Appends of this process to one stream that arrive together share a commit;
 * another process that was faster is noticed by the head, and the entries are chained anew.
 */

import { entryHash, GENESIS_HASH } from './chain.ts'
import { decodeDocument, encodeBySchema, extractFields } from './codec.ts'
import { DECIDING } from './consistency.ts'
import type { Engine } from './engine.ts'
import { atPosition, invalid, StoreError } from './errors.ts'
import type { Executor } from './executor.ts'
import { canonicalJson, checkDocument, documentText, type JsonObject } from './json.ts'
import type { LogDefinition, LogHeadRecord } from './log-definition.ts'
import { PLACE_MEMBER, placeKey } from './log-definition.ts'
import type { Group, PutOperation } from './operation.ts'
import type { StoredRow } from './row.ts'
import { checkKey } from './text.ts'

/** The end of a stream. */
export interface LogHead {
  /** The last entry's place; 0 for an empty stream. */
  readonly sequence: number
  readonly hash: string
}

/** A head with the version of its record, for the condition of the next append. */
export interface VersionedHead extends LogHead {
  readonly version: number
}

/** One call of `append` on its way. */
export interface Append {
  readonly entries: readonly unknown[]
  /** What an entry with a key that is already there means: a refusal, or nothing if it says the same. */
  readonly onDuplicate: 'refuse' | 'skip'
  /** Entries that are there already, by their position in the call. */
  readonly stored: Map<number, StoredRow>
}

/** What became of one append: its entries as they are stored, or why it was refused. */
export type AppendOutcome = { readonly rows: readonly StoredRow[] } | { readonly error: unknown }

/** Where appends go: a log's stream of one tenant. */
export interface StreamAddress {
  readonly log: LogDefinition
  readonly tenant: string
  readonly stream: string
}

/** How often entries are chained anew when others append to the same stream. */
const MAX_ATTEMPTS = 100

/** Reads the head of a stream. */
export async function readHead(
  executor: Executor,
  { log, tenant, stream }: StreamAddress,
): Promise<VersionedHead> {
  const [row] = await executor.read(log.heads, [{ tenant, id: stream }], DECIDING)
  if (row === undefined) return { sequence: 0, hash: GENESIS_HASH, version: 0 }
  const { sequence, hash } = decodeDocument(log.heads, row)
  return { sequence, hash, version: row.version }
}

/** Appends in the order given, each whole or not at all, and answers for each. Gives back the new head. */
export async function appendAll(
  engine: Engine,
  executor: Executor,
  address: StreamAddress,
  appends: readonly Append[],
  known: VersionedHead | undefined,
): Promise<{ outcomes: readonly AppendOutcome[]; head: VersionedHead }> {
  const errors = new Map<Append, unknown>()
  let head = known
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    head ??= await readHead(executor, address)
    const last = head.sequence
    for (const append of appends.filter(
      (each) => !errors.has(each) && claimsPastPlace(address, each, last),
    )) {
      await settleDuplicates(engine, executor, address, append, errors)
    }
    const plan = new Plan(engine, address, head)
    // What a plan refuses is final only with the plan: the next one may begin at another head.
    const refused = new Map(errors)
    for (const append of appends.filter((each) => !errors.has(each))) plan.add(append, refused)
    if (refused.size > errors.size && head === known) {
      // The remembered head may be out of date, and so the refusal.
      head = undefined
      continue
    }
    const outcome = plan.isEmpty ? undefined : await executor.write(address.log.entries, plan.group())
    if (outcome === undefined || outcome.ok) {
      const written = outcome?.applied[0]?.version ?? head.version
      return {
        outcomes: appends.map((append) => outcomeOf(append, refused, plan)),
        head: { ...plan.head, version: written },
      }
    }
    if (outcome.index === 0) head = undefined
    else await settleDuplicates(engine, executor, address, plan.ownerOf(outcome.index), errors)
  }
  throw new StoreError(
    'CONFLICT',
    `${address.log.name}: others keep appending to the stream; try again later`,
    {
      collection: address.log.name,
    },
  )
}

function outcomeOf(append: Append, errors: ReadonlyMap<Append, unknown>, plan: Plan): AppendOutcome {
  if (errors.has(append)) return { error: errors.get(append) }
  return {
    rows: append.entries.map((_entry, index) => append.stored.get(index) ?? plan.rowOf(append, index)),
  }
}

/**
 * True for an append that may repeat entries and brings a place that is taken: what it repeats must be known
 * before the rest is chained, or the places it brings would seem wrong.
 */
function claimsPastPlace({ log }: StreamAddress, append: Append, last: number): boolean {
  if (append.onDuplicate !== 'skip') return false
  return append.entries.some((entry, index) => {
    const claim = (entry as Readonly<Record<string, unknown>> | null)?.[log.chain.sequence]
    return typeof claim === 'number' && claim <= last && !append.stored.has(index)
  })
}

/** Finds out which entries of an append are there already, and whether that is an error. */
async function settleDuplicates(
  engine: Engine,
  executor: Executor,
  address: StreamAddress,
  append: Append,
  errors: Map<Append, unknown>,
): Promise<void> {
  const { log, tenant } = address
  const keyed = append.entries.flatMap((entry, index) => {
    const key = (entry as Readonly<Record<string, unknown>> | null)?.[log.key ?? PLACE_MEMBER]
    return typeof key === 'string' ? [{ index, key }] : []
  })
  const rows = await executor.read(
    log.entries,
    keyed.map(({ key }) => ({ tenant, id: key })),
    DECIDING,
  )
  for (const [position, { index, key }] of keyed.entries()) {
    const row = rows[position]
    if (row === undefined) continue
    try {
      const same = append.onDuplicate === 'skip' && saysTheSame(engine, address, append.entries[index], row)
      if (!same) throw alreadyThere(log, key, index)
    } catch (error) {
      // The refusal of one append is not that of the others which share its commit.
      errors.set(append, error)
      return
    }
    append.stored.set(index, row)
  }
}

function alreadyThere(log: LogDefinition, key: string, index: number): StoreError {
  return new StoreError('ALREADY_EXISTS', `${log.name}: there already is another entry with this key`, {
    collection: log.name,
    keys: [key],
    index,
  })
}

/** Whether an entry is the stored one again. What it leaves out of the chain's members is not compared. */
function saysTheSame(
  engine: Engine,
  { log, stream }: StreamAddress,
  entry: unknown,
  row: StoredRow,
): boolean {
  const stored = JSON.parse(row.document) as JsonObject
  const { chain } = log
  const place = [chain.sequence, chain.hash, chain.previous].map((member) => [member, stored[member]])
  const brought = Object.entries(entry as object).filter(([, value]) => value !== undefined && value !== null)
  const encoded = encodeBySchema(log.entries, {
    ...(entry as object),
    ...Object.fromEntries(place),
    [chain.stream]: stream,
    ...(log.key === undefined ? { [PLACE_MEMBER]: row.id } : {}),
    ...Object.fromEntries(brought),
  })
  checkDocument(encoded, engine.options.maxDocumentBytes, log.name)
  return canonicalJson(stored) === canonicalJson(encoded)
}

interface Planned {
  readonly append: Append
  readonly row: StoredRow
  readonly operation: PutOperation
}

/** The entries of several appends, chained to a head. */
class Plan {
  readonly #engine: Engine
  readonly #address: StreamAddress
  readonly #start: VersionedHead
  readonly #keys = new Map<string, Planned>()
  readonly #rows = new Map<Append, Map<number, StoredRow>>()
  #planned: Planned[] = []
  #head: LogHead

  constructor(engine: Engine, address: StreamAddress, head: VersionedHead) {
    this.#engine = engine
    this.#address = address
    this.#start = head
    this.#head = head
  }

  /** The head once all of the plan is stored. */
  get head(): LogHead {
    return this.#head
  }

  get isEmpty(): boolean {
    return this.#planned.length === 0
  }

  /** Chains an append's entries, or notes its refusal and leaves the plan as it was. */
  add(append: Append, errors: Map<Append, unknown>): void {
    const before = { planned: this.#planned.length, head: this.#head }
    try {
      for (const [index, entry] of append.entries.entries()) {
        if (!append.stored.has(index)) this.#chainAt(append, index, entry)
      }
    } catch (error) {
      for (const { operation } of this.#planned.splice(before.planned)) this.#keys.delete(operation.id)
      this.#head = before.head
      errors.set(append, error)
    }
  }

  #chainAt(append: Append, index: number, entry: unknown): void {
    atPosition(index, append.entries, () => this.#chain(append, index, entry))
  }

  #chain(append: Append, index: number, entry: unknown): void {
    const { log, tenant, stream } = this.#address
    const { chain } = log
    if (typeof entry !== 'object' || entry === null) {
      throw invalid(`${log.name}: an entry must be an object`, { collection: log.name, index })
    }
    const sequence = this.#head.sequence + 1
    const claimed = entry as Readonly<Record<string, unknown>>
    const filled: Record<string, unknown> = {
      ...claimed,
      [chain.stream]: stream,
      [chain.sequence]: sequence,
      [chain.previous]: this.#head.hash,
      // Takes part in nothing: the hash is set once it is known.
      [chain.hash]: GENESIS_HASH,
    }
    if (log.key === undefined) filled[PLACE_MEMBER] = placeKey(stream, sequence)
    const encoded = encodeBySchema(log.entries, filled)
    checkDocument(encoded, this.#engine.options.maxDocumentBytes, log.name)
    const { [chain.hash]: _unset, ...hashed } = encoded
    const hash = entryHash({
      log: log.name,
      tenant,
      stream,
      sequence,
      previous: this.#head.hash,
      entry: hashed,
    })
    const id = checkKey(encoded[log.entries.key], log.name)
    if (this.#isRepeated(append, index, id, entry)) return
    this.#checkClaims(claimed, { stream, sequence, hash }, index)
    encoded[chain.hash] = hash
    const planned = this.#plan(append, id, encoded)
    this.#planned.push(planned)
    this.#keys.set(id, planned)
    this.#note(append, index, planned.row)
    this.#head = { sequence, hash }
  }

  /** What an entry brings along of its place must be what the log finds. */
  #checkClaims(
    claimed: Readonly<Record<string, unknown>>,
    found: { stream: string; sequence: number; hash: string },
    index: number,
  ): void {
    const { name, chain } = this.#address.log
    const claims = [
      [chain.stream, found.stream],
      [chain.sequence, found.sequence],
      [chain.previous, this.#head.hash],
      [chain.hash, found.hash],
    ] as const
    for (const [member, expected] of claims) {
      const claim = claimed[member]
      if (claim === undefined || claim === null || claim === expected) continue
      throw new StoreError(
        'VERSION_CONFLICT',
        `${name}: the entry brings another '${member}' than its place in the stream has; ` +
          `the next sequence is ${found.sequence}`,
        { collection: name, index },
      )
    }
  }

  /** True for an entry that stands earlier in the same plan and says the same; one that says otherwise is refused. */
  #isRepeated(append: Append, index: number, id: string, entry: unknown): boolean {
    const earlier = this.#keys.get(id)
    if (earlier === undefined) return false
    const same = append.onDuplicate === 'skip' && saysTheSame(this.#engine, this.#address, entry, earlier.row)
    if (!same) throw alreadyThere(this.#address.log, id, index)
    this.#note(append, index, earlier.row)
    return true
  }

  /** Rows of a plan are the plan's own: another plan of the same appends chains them differently. */
  #note(append: Append, index: number, row: StoredRow): void {
    const rows = this.#rows.get(append) ?? new Map<number, StoredRow>()
    this.#rows.set(append, rows.set(index, row))
  }

  #plan(append: Append, id: string, encoded: Record<string, unknown>): Planned {
    const { log, tenant } = this.#address
    const { layout } = log.entries
    const document = documentText(encoded, this.#engine.options.maxDocumentBytes, log.name)
    const fields = extractFields(log.entries, encoded)
    const at = this.#engine.clock.now()
    return {
      append,
      row: {
        tenant,
        id,
        document,
        schemaVersion: layout.schemaVersion,
        hash: null,
        version: 1,
        createdAt: at,
        updatedAt: at,
        expiresAt: null,
        deletedAt: null,
      },
      operation: {
        type: 'put',
        layout,
        tenant,
        id,
        condition: { type: 'absent' },
        document,
        fields,
        hash: null,
        expiresAt: null,
      },
    }
  }

  /** The head first, then the entries. */
  group(): Group {
    const { log, tenant, stream } = this.#address
    const head: PutOperation = {
      type: 'put',
      layout: log.heads.layout,
      tenant,
      id: stream,
      condition: { type: 'version', version: this.#start.version },
      document: JSON.stringify({ stream, ...this.#head } satisfies LogHeadRecord),
      fields: [],
      hash: null,
      expiresAt: null,
    }
    return { operations: [head, ...this.#planned.map((planned) => planned.operation)], checks: [] }
  }

  /** The append that an operation of the group belongs to. */
  ownerOf(operation: number): Append {
    return (this.#planned[operation - 1] as Planned).append
  }

  /** The row that an entry of an append has become. */
  rowOf(append: Append, index: number): StoredRow {
    return this.#rows.get(append)?.get(index) as StoredRow
  }
}
