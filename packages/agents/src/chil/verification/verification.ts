/** Verification: requests, their results, and the audit trail, after BrahminyKite's VerificationRepository. */

import type {
  BaseStore,
  FindOptions,
  LogReport,
  ReadOptions,
  RecordPage,
  VerifyLogOptions,
} from '@coffer/core'
import { checkedRecord } from '../../checked-record.ts'
import { answeredPage, gathered, PAGE_RECORDS } from '../../gathered.ts'
import { checkedId } from '../../id-text.ts'
import { checkListOptions, findListed, iterateListed, type ListOptions } from '../../listing.ts'
import { checkOptionNames } from '../../option-names.ts'
import { hasMany } from '../relation.ts'
import { repository, type WithRelated } from '../repository.ts'
import { type ClaimMethods, claimMethods, unclaimed } from './claims.ts'
import { type ResultMethods, resultMethods } from './results.ts'
import { recordStep, type VerificationAuditEntry, verificationAudit } from './verification-audit.ts'
import {
  type NewVerificationRequest,
  newVerificationRequest,
  type VerificationRequest,
  verificationRequests,
} from './verification-request.ts'
import { type VerificationResult, verificationResults } from './verification-result.ts'

/** What a request brings along when it is asked for in `with`. */
export interface VerificationRelated {
  /** What the frameworks have said so far, by their names. */
  readonly results: readonly VerificationResult[]
}

/**
 * Which requests: equal values or operators for each field, all of which must hold, and the paging.
 * `frameworks` is asked with `{ has }`, a time range is `created_at: { gte, lt }`.
 */
export type VerificationRequestListOptions = ListOptions<RequestField>

type RequestField =
  | 'request_id'
  | 'client_id'
  | 'content_type'
  | 'frameworks'
  | 'priority'
  | 'status'
  | 'created_at'
  | 'claimed_by'
  | 'claim_expires_at'
  | 'attempts'
  | 'finished_at'

/** Methods for requests. */
export interface RequestMethods {
  /**
   * Makes a request that waits for a worker. @returns the request as it is stored
   * @throws `ALREADY_EXISTS` when there is one with its id
   */
  createVerificationRequest(request: NewVerificationRequest): Promise<VerificationRequest>
  /** The request with this id, or `undefined`; `{ with: ['results'] }` adds its results. */
  getRequest<N extends 'results' = never>(
    requestId: string,
    options?: WithRelated<N>,
  ): Promise<(VerificationRequest & Pick<VerificationRelated, N>) | undefined>
  /** The requests that match, newest first, ties by id: an array of at most `limit`, 100 unless said otherwise. */
  listRequests<N extends 'results' = never>(
    options?: VerificationRequestListOptions & WithRelated<N>,
  ): Promise<(VerificationRequest & Pick<VerificationRelated, N>)[]>
  /** As `listRequests`: `{ records, next }`, where `next` is the `cursor` of the page behind. */
  pageRequests<N extends 'results' = never>(
    options?: VerificationRequestListOptions & WithRelated<N>,
  ): Promise<RecordPage<VerificationRequest & Pick<VerificationRelated, N>>>
  /** As `listRequests`, all of them, page by page; `limit` is the size of a page. */
  iterateRequests<N extends 'results' = never>(
    options?: VerificationRequestListOptions & WithRelated<N>,
  ): AsyncGenerator<VerificationRequest & Pick<VerificationRelated, N>, void, undefined>
}

/** What `getAuditTrail` takes. */
export type AuditTrailOptions = Pick<ReadOptions, 'afterSequence' | 'reverse' | 'signal'> & {
  /** The most steps that are answered, 1 to 100,000. Default: the whole trail. */
  readonly limit?: number | undefined
}

/** Methods for the audit trail. */
export interface VerificationAuditMethods {
  /**
   * The steps of a request in their order: the whole trail unless a limit is given, none for an unknown one.
   *
   * @throws `LIMIT_EXCEEDED` when they are more than 100,000
   */
  getAuditTrail(requestId: string, options?: AuditTrailOptions): Promise<VerificationAuditEntry[]>
  /** As `getAuditTrail`, one by one, for trails of any length. */
  iterateAuditTrail(
    requestId: string,
    options?: Omit<AuditTrailOptions, 'limit'>,
  ): AsyncGenerator<VerificationAuditEntry, void, undefined>
  /**
   * Walks the trail of a request and checks every step: its place, its hash, the hash before, and the end.
   * Damage is reported, never thrown.
   */
  verifyAuditTrail(requestId: string, options?: VerifyLogOptions): Promise<LogReport>
}

/** The methods of verification. All fail with `INVALID_ARGUMENT` for what does not fit, before anything is stored. */
export interface VerificationMethods
  extends RequestMethods,
    ClaimMethods,
    ResultMethods,
    VerificationAuditMethods {}

/** What verification keeps. */
export const verificationCollections = { verificationRequests, verificationResults } as const
export const verificationLogs = { verificationAudit } as const

/** Makes the methods of verification for one handle. */
export function verificationMethods(store: BaseStore): VerificationMethods {
  const log = store.log(verificationAudit)
  return {
    ...requestMethods(store),
    ...claimMethods(store),
    ...resultMethods(store),
    getAuditTrail: async (requestId, options = {}) => {
      checkOptionNames(options, ['afterSequence', 'reverse', 'limit', 'signal'], 'getAuditTrail')
      const { limit, ...rest } = options
      const page = answeredPage(limit, verificationAudit.name)
      const steps = log.iterate(checkedRequest(requestId), { ...rest, limit: page })
      return gathered(steps, limit, verificationAudit.name, 'steps; read them with iterateAuditTrail')
    },
    iterateAuditTrail: async function* (requestId, options = {}) {
      checkOptionNames(options, ['afterSequence', 'reverse', 'signal'], 'iterateAuditTrail')
      yield* log.iterate(checkedRequest(requestId), { ...options, limit: PAGE_RECORDS })
    },
    verifyAuditTrail: async (requestId, options) => log.verify(checkedRequest(requestId), options),
  }
}

const NEWEST_FIRST = { created_at: 'desc' } as const

function checkedRequest(requestId: unknown): string {
  return checkedId(requestId, 'requestId', verificationRequests.name)
}

function requestMethods(store: BaseStore): RequestMethods {
  const requests = repository(store, verificationRequests, {
    relations: { results: hasMany(verificationResults, 'request_id') },
  })
  const page = async <N extends 'results' = never>(
    options: VerificationRequestListOptions & WithRelated<N> = {},
  ) => {
    checkListOptions(options)
    const { with: names, ...rest } = options
    const find = (asked: FindOptions<RequestField>) => requests.page({ ...asked, with: names })
    return findListed({ find }, rest as VerificationRequestListOptions, NEWEST_FIRST)
  }
  return {
    createVerificationRequest: async (request) => createVerificationRequest(store, request),
    getRequest: async (requestId, options) => requests.get(checkedRequest(requestId), options),
    listRequests: async (options) => (await page(options)).records,
    pageRequests: page,
    iterateRequests: async function* <N extends 'results' = never>(
      options: VerificationRequestListOptions & WithRelated<N> = {},
    ) {
      checkListOptions(options)
      const { with: names, ...rest } = options
      const iterate = (asked: FindOptions<RequestField> = {}) => requests.iterate({ ...asked, with: names })
      yield* iterateListed({ iterate }, rest as VerificationRequestListOptions, NEWEST_FIRST)
    },
  }
}

async function createVerificationRequest(
  store: BaseStore,
  given: NewVerificationRequest,
): Promise<VerificationRequest> {
  const asked = checkedRecord(newVerificationRequest, given, 'createVerificationRequest')
  return store.transaction(async (transaction) => {
    const request: VerificationRequest = {
      ...asked,
      ...unclaimed,
      priority: asked.priority ?? 0,
      status: 'pending',
      created_at: transaction.now().toISOString(),
      attempts: 0,
      finished_at: null,
      failure: null,
    }
    await transaction.collection(verificationRequests).insert(request)
    await recordStep(transaction, request, request.created_at, { event: 'created', actor: request.client_id })
    return request
  })
}
