/** The audit log: append-only, chained by hashes, after Aureus' PostgresAuditLog. */

import {
  type BaseStore,
  defineModule,
  type LogHead,
  type LogReport,
  type RecordPage,
  StoreError,
  type VerifyLogOptions,
} from '@coffer/core'
import { checkedId } from '../id-text.ts'
import { instantOf } from '../instant.ts'
import {
  checkListOptions,
  findListed,
  iterateListed,
  type ListOptions,
  type Ordered,
  splitOrder,
} from '../listing.ts'
import { type AuditAppendOptions, appendAudit } from './append-audit.ts'
import { AUDIT_STREAM, type AuditEntry, auditLogEntries } from './audit-entry.ts'

type AuditField =
  | 'id'
  | 'actor'
  | 'action'
  | 'timestamp'
  | 'sequence'
  | 'task_id'
  | 'step_id'
  | 'source_event_ids'

/**
 * Which entries: equal values or operators for each field, all of which must hold, and the paging. Entries come
 * by `timestamp`, those of one instant by their place; newest first unless `order` is `'asc'`.
 */
export type AuditQuery = ListOptions<AuditField> & Ordered

/** Where an entry must come from; what is not named may be anything. At least one has to be named. */
export interface AuditOrigin {
  readonly task_id?: string | undefined
  readonly step_id?: string | undefined
  /** Named by the provenance or by `sourceEventIds`, alone or among others. */
  readonly source_event_id?: string | undefined
}

/** Methods of the audit log. All fail with `INVALID_ARGUMENT` for what does not fit, before anything is stored. */
export interface AuditMethods {
  /**
   * Appends an entry: `actor` and `action` are any text but the empty one, the states any JSON (`undefined` is
   * kept as `null`). `timestamp` is the instant of the store's clock; when the action happened stands in the
   * provenance. Calls at once share a commit. In a transaction the entry is committed with it, or never was.
   *
   * With an `id` the call can be repeated: an entry that is there already and says the same is answered as it
   * is stored, at its first time and place.
   *
   * @returns the entry as it is stored, with its place and `content_hash`
   * @throws `ALREADY_EXISTS` when there is another entry with this id
   */
  append(
    actor: string,
    action: string,
    stateBefore: unknown,
    stateAfter: unknown,
    options?: AuditAppendOptions,
  ): Promise<AuditEntry>
  /** The entry with this id, or `undefined`. */
  getEntry(id: string): Promise<AuditEntry | undefined>
  /**
   * Whether an entry is as it was appended: what is stored fits its hash, it follows the entry before, and what
   * stands behind it, or the head, was chained to it.
   *
   * @throws `NOT_FOUND` for an unknown id
   */
  verifyEntry(id: string): Promise<boolean>
  /**
   * Walks the whole log in constant memory and stops at the first entry that is wrong: `problem` tells its
   * `sequence`, its id as `key`, and what is wrong. Damage is reported, never thrown. With an `expectedHead` that
   * was kept elsewhere it also finds a tail that was cut off and a log that was written anew as a whole.
   */
  verifyLog(options?: VerifyLogOptions): Promise<LogReport>
  /** The end of the log, which is what to keep elsewhere; `undefined` without entries. */
  head(): Promise<LogHead | undefined>
  /** The entries of an actor, newest first, at most `limit`, 100 unless said otherwise. */
  queryByActor(actor: string, options?: AuditQuery): Promise<AuditEntry[]>
  /** The entries of an action, newest first, at most `limit`, 100 unless said otherwise. */
  queryByAction(action: string, options?: AuditQuery): Promise<AuditEntry[]>
  /**
   * The entries from one instant to another, `Date`s or ISO 8601 with an offset, both included: newest first, at most
   * `limit`, 100 unless said otherwise.
   */
  queryByTimeRange(from: Date | string, to: Date | string, options?: AuditQuery): Promise<AuditEntry[]>
  /**
   * The entries that come from a task, a step or a source event, or from all that are named: newest first, at most
   * `limit`, 100 unless said otherwise.
   */
  queryByProvenance(origin: AuditOrigin, options?: AuditQuery): Promise<AuditEntry[]>
  /** The entries that match as `{ records, next }`, where `next` is the `cursor` of the page behind. */
  pageEntries(options?: AuditQuery): Promise<RecordPage<AuditEntry>>
  /** As `pageEntries`, all of them, page by page; `limit` is the size of a page. */
  iterateEntries(options?: AuditQuery): AsyncGenerator<AuditEntry, void, undefined>
}

function auditMethods(store: BaseStore): AuditMethods {
  const log = store.log(auditLogEntries)
  const entries = store.collection(auditLogEntries.entries)
  const page = async (options: AuditQuery = {}) => findListed(log, ...listing(options))
  const query = async (fixed: AuditQuery, options: AuditQuery = {}) =>
    (await page(narrowed(fixed, options))).records
  return {
    append: (actor, action, stateBefore, stateAfter, options) =>
      appendAudit(store, actor, action, stateBefore, stateAfter, options),
    getEntry: async (id) => log.get(checkedId(id, 'id', auditLogEntries.name)),
    verifyEntry: async (id) => (await log.verifyEntry(checkedId(id, 'id', auditLogEntries.name))).ok,
    verifyLog: (options) => log.verify(AUDIT_STREAM, options),
    head: () => log.head(AUDIT_STREAM),
    queryByActor: async (actor, options) => query(fixedTexts({ actor }), options),
    queryByAction: async (action, options) => query(fixedTexts({ action }), options),
    queryByTimeRange: async (from, to, options) => {
      const range = { gte: instant(from, 'from'), lte: instant(to, 'to') }
      return query({ timestamp: range }, options)
    },
    queryByProvenance: async (origin, options) => query(originFilter(origin), options),
    pageEntries: page,
    async *iterateEntries(options = {}) {
      yield* iterateListed(entries, ...listing(options))
    },
  }
}

/** The question, and the order of its answer: entries of one instant stand as they do in the log. */
function listing(options: AuditQuery) {
  const { order, rest } = splitOrder(options, auditLogEntries.name)
  return [rest, [{ timestamp: order }, { sequence: order }]] as const
}

/** What the method asks for, and what its options ask for beside it. */
function narrowed(fixed: AuditQuery, options: AuditQuery): AuditQuery {
  checkListOptions(options)
  const twice = Object.keys(fixed).find((name) => Object.hasOwn(options, name))
  if (twice !== undefined)
    throw refusal(`'${twice}' is what the method asks for; leave it out of the options`)
  return { ...options, ...fixed }
}

/** What a method is asked for by name. Null would find the entries that name nothing. */
function fixedTexts<T extends object>(asked: T): T {
  const other = Object.entries(asked).find(([, value]) => typeof value !== 'string')
  if (other === undefined) return asked
  throw refusal(`'${other[0]}' takes a text`)
}

/** One end of a time range. */
function instant(value: unknown, name: string): Date {
  const at = instantOf(value)
  if (at !== undefined) return at
  throw refusal(`queryByTimeRange: '${name}' takes a Date, or an ISO 8601 timestamp with a time zone`)
}

function originFilter(origin: AuditOrigin): AuditQuery {
  const given = Object.entries(origin ?? {}).filter(([, value]) => value !== undefined)
  const unknown = given.find(([name]) => !['task_id', 'step_id', 'source_event_id'].includes(name))
  if (given.length === 0 || unknown !== undefined) {
    throw refusal('a provenance is asked for by task_id, step_id, source_event_id, or several of them')
  }
  const { source_event_id, ...rest } = fixedTexts(Object.fromEntries(given))
  return source_event_id === undefined ? rest : { ...rest, source_event_ids: { has: source_event_id } }
}

function refusal(problem: string): StoreError {
  return new StoreError('INVALID_ARGUMENT', `${auditLogEntries.name}: ${problem}`, {
    collection: auditLogEntries.name,
  })
}

/** The audit log, as a module for `createStore`. */
export const audit = defineModule<AuditMethods>({ logs: { auditLogEntries }, methods: auditMethods })
