/** Results of verification: recording them with their request, listing and measuring them. */

import { type BaseStore, type Filter, type GroupBy, type RecordPage, StoreError } from '@coffer/core'
import { checkedRecord } from '../../checked-record.ts'
import { compositeKey } from '../../composite-key.ts'
import { checkListOptions, type ListOptions, listsOf } from '../../listing.ts'
import { measuredNumber, periodStart } from '../measured.ts'
import { dangling, repeated } from '../refusals.ts'
import { holdsClaim, notHeld, unclaimed } from './claims.ts'
import { recordStep } from './verification-audit.ts'
import { type VerificationRequest, verificationRequests } from './verification-request.ts'
import {
  type NewVerificationResult,
  newVerificationResult,
  type VerificationResult,
  verificationResults,
} from './verification-result.ts'

/** The fields by which results are asked for. */
export type VerificationResultField =
  | 'result_id'
  | 'request_id'
  | 'framework'
  | 'worker'
  | 'verdict'
  | 'score'
  | 'confidence'
  | 'duration_ms'
  | 'recorded_at'

/** Which results: equal values or operators for each field, all of which must hold, and the paging. */
export type VerificationResultListOptions = ListOptions<VerificationResultField>

/** Which results are measured, and whether by time: `{ recorded_at: { gte, lt }, everyMs: 3_600_000 }`. */
export type VerificationMetricsOptions = Filter<VerificationResultField> & {
  /** The length of a period in milliseconds; periods begin at its multiples since 1970, UTC. Default: no periods. */
  readonly everyMs?: number | undefined
}

/** What the results of one framework come to, in one period. */
export interface VerificationMetrics {
  readonly framework: string
  /** The beginning of the period, ISO 8601; null where none were asked for. */
  readonly period_start: string | null
  readonly results: number
  /** How many have the verdict `pass`. */
  readonly passed: number
  /** `passed` by `results`, 0 to 1. */
  readonly pass_rate: number
  /** Over the results that have a score; null where none has. So are the others. */
  readonly mean_score: number | null
  readonly min_score: number | null
  readonly max_score: number | null
  readonly mean_confidence: number | null
  readonly mean_duration_ms: number | null
}

/** A result that was recorded, and what its request came to by it. */
export interface RecordedResult {
  readonly result: VerificationResult
  /** `completed` when this was the last framework. */
  readonly request: VerificationRequest
}

/** Methods for results. */
export interface ResultMethods {
  /**
   * Records what a framework says of a request that the worker has; the result, the status of the request and
   * the audit trail change together. With the last framework the request is completed.
   *
   * @throws `REFERENCE_VIOLATION` for an unknown request, `INVALID_ARGUMENT` for a framework that it does not
   *   ask, `ALREADY_EXISTS` for the second result of a framework, `VERSION_CONFLICT` unless the worker has the
   *   request
   */
  recordResult(result: NewVerificationResult): Promise<RecordedResult>
  /** The results that match, newest first, ties by id: an array of at most `limit`, 100 unless said otherwise. */
  listResults(options?: VerificationResultListOptions): Promise<VerificationResult[]>
  /** As `listResults`: `{ records, next }`, where `next` is the `cursor` of the page behind. */
  pageResults(options?: VerificationResultListOptions): Promise<RecordPage<VerificationResult>>
  /** As `listResults`, all of them, page by page. */
  iterateResults(options?: VerificationResultListOptions): AsyncGenerator<VerificationResult, void, undefined>
  /**
   * Counts, pass rate and means of the results that match, by framework, and by period where `everyMs` is
   * given; sorted by framework, then period. Periods without a result are left out.
   *
   * @throws `LIMIT_EXCEEDED` for more than 10,000 rows
   */
  aggregateMetrics(options?: VerificationMetricsOptions): Promise<VerificationMetrics[]>
}

const NEWEST_FIRST = { recorded_at: 'desc' } as const

/** Makes the result methods of one handle. */
export function resultMethods(store: BaseStore): ResultMethods {
  const collection = store.collection(verificationResults)
  const lists = listsOf(collection, NEWEST_FIRST)
  return {
    recordResult: async (result) => recordResult(store, result),
    listResults: lists.array,
    pageResults: lists.page,
    iterateResults: lists.iterate,
    aggregateMetrics: async (options = {}) => aggregateMetrics(store, options),
  }
}

async function recordResult(store: BaseStore, given: NewVerificationResult): Promise<RecordedResult> {
  const asked = checkedRecord(newVerificationResult, given, 'recordResult')
  const { request_id, framework, worker } = asked
  const result_id = compositeKey(request_id, framework)
  return store.transaction(async (transaction) => {
    const now = transaction.now()
    const before = await awaitingRequest(transaction, asked)
    if (!holdsClaim(before, worker, now)) throw notHeld(request_id)
    const result: VerificationResult = { ...asked, result_id, recorded_at: now.toISOString() }
    await transaction.collection(verificationResults).insert(result)
    const request = await afterResult(transaction, before, result.recorded_at)
    await recordStep(transaction, request, result.recorded_at, { event: 'result', actor: worker, framework })
    return { result, request }
  })
}

/** The request of a result; refuses one that can never be recorded, whoever has the request. */
async function awaitingRequest(
  transaction: BaseStore,
  { request_id, framework }: NewVerificationResult,
): Promise<VerificationRequest> {
  const about = { collection: verificationResults.name }
  const request = await transaction.collection(verificationRequests).get(request_id)
  if (request === undefined) throw dangling(verificationRequests, [request_id])
  if (!request.frameworks.includes(framework)) {
    const problem = 'the request does not ask this framework; it names those that it asks in frameworks'
    throw new StoreError('INVALID_ARGUMENT', `${verificationResults.name}: ${problem}`, about)
  }
  const result_id = compositeKey(request_id, framework)
  if (await transaction.collection(verificationResults).has(result_id)) {
    throw repeated(verificationResults, 'the framework has a result for the request already', result_id)
  }
  return request
}

/** The request with its new status, stored where that has changed. */
async function afterResult(
  transaction: BaseStore,
  request: VerificationRequest,
  at: string,
): Promise<VerificationRequest> {
  const { request_id, frameworks } = request
  const given = await transaction.collection(verificationResults).count({ request_id })
  if (given < frameworks.length) return request
  const completed: VerificationRequest = { ...request, ...unclaimed, status: 'completed', finished_at: at }
  await transaction.collection(verificationRequests).put(completed)
  return completed
}

/** Two questions of one moment: all results, and those that passed. */
async function aggregateMetrics(
  store: BaseStore,
  options: VerificationMetricsOptions,
): Promise<VerificationMetrics[]> {
  checkListOptions(options)
  const { everyMs, ...filter } = options
  const where = filter as Filter<VerificationResultField>
  const by: readonly GroupBy<VerificationResultField>[] =
    everyMs === undefined ? ['framework'] : ['framework', { field: 'recorded_at', everyMs }]
  return store.transaction(async (transaction) => {
    const results = transaction.collection(verificationResults)
    const passes = await results.aggregate({
      where: { and: [where, { verdict: 'pass' }] },
      by,
      measures: { passed: 'count' },
    })
    const passed = new Map(passes.map((row) => [JSON.stringify(row.group), row.passed]))
    const rows = await results.aggregate({ where, by, measures: MEASURES })
    return rows.map(({ group, min_score, max_score, ...measures }) => {
      const { framework = null, recorded_at } = group
      const count = passed.get(JSON.stringify(group)) ?? 0
      return {
        framework: String(framework),
        period_start: periodStart(recorded_at),
        results: measures.results,
        passed: count,
        pass_rate: count / measures.results,
        mean_score: measures.mean_score,
        min_score: measuredNumber(min_score),
        max_score: measuredNumber(max_score),
        mean_confidence: measures.mean_confidence,
        mean_duration_ms: measures.mean_duration_ms,
      }
    })
  })
}

const MEASURES = {
  results: 'count',
  mean_score: { avg: 'score' },
  min_score: { min: 'score' },
  max_score: { max: 'score' },
  mean_confidence: { avg: 'confidence' },
  mean_duration_ms: { avg: 'duration_ms' },
} as const
