/** Claims: which worker has a verification request, for how long, and what ends it. */

import { type BaseStore, type Filter, isStoreError, StoreError } from '@coffer/core'
import * as z from 'zod'
import { checkedId } from '../../id-text.ts'
import { checkListOptions, findListed, type ListOptions, type Paging } from '../../listing.ts'
import { checked, nameText } from '../checked.ts'
import { conflicting } from '../refusals.ts'
import { recordStep } from './verification-audit.ts'
import { type VerificationRequest, verificationRequests } from './verification-request.ts'

const DEFAULT_CLAIM_MS = 300_000
/** The longest claim: a year. */
const MAX_CLAIM_MS = 31_536_000_000
/** How many waiting requests `claimNext` looks at before it asks again, and how often it asks. */
const CANDIDATES = 20
const MAX_ROUNDS = 100

/** How a request is claimed. */
export interface ClaimOptions {
  /** How long the claim holds, 1 to 31,536,000,000 milliseconds. Default: 300,000, five minutes. */
  readonly claimMs?: number | undefined
}

/** Which waiting requests: equal values or operators for each field. */
export type PendingFilter = Filter<
  'request_id' | 'client_id' | 'content_type' | 'frameworks' | 'priority' | 'created_at' | 'attempts'
>

/** Which waiting requests, and how many: there is no cursor, for time alone changes the answer. */
export type PendingOptions = PendingFilter & Omit<Paging, 'cursor'>

/** Methods for claims. */
export interface ClaimMethods {
  /**
   * The requests that can be claimed now, an array of at most `limit`, 100 unless said otherwise: those that
   * wait and those whose claim has run out; higher priority first, then older, then by id.
   */
  getPendingRequests(options?: PendingOptions): Promise<VerificationRequest[]>
  /**
   * Gives a request to a worker. Of several who ask at once exactly one gets it. The worker that has it
   * already gets its claim anew, from now on. A claim that has run out may be taken over.
   *
   * @returns the request as it is now
   * @throws `NOT_FOUND` for an unknown request, `VERSION_CONFLICT` when another worker has it or it is over
   */
  claimRequest(requestId: string, worker: string, options?: ClaimOptions): Promise<VerificationRequest>
  /**
   * Gives the first of the requests that wait to a worker, in the order of `getPendingRequests`; one that
   * another takes meanwhile is passed over. @returns `undefined` when none waits
   */
  claimNext(worker: string, options?: PendingFilter & ClaimOptions): Promise<VerificationRequest | undefined>
  /**
   * Gives a request back, so that it waits again; its results stay.
   *
   * @throws `NOT_FOUND` for an unknown request, `VERSION_CONFLICT` unless the worker has it
   */
  releaseClaim(requestId: string, worker: string, reason?: string): Promise<VerificationRequest>
  /**
   * Gives a request up for good.
   *
   * @throws `NOT_FOUND` for an unknown request, `VERSION_CONFLICT` unless the worker has it
   */
  failRequest(requestId: string, worker: string, reason: string): Promise<VerificationRequest>
}

const claimOptions = z.strictObject({ claimMs: z.int().min(1).max(MAX_CLAIM_MS).optional() })
const FIRST_IN_LINE = [{ priority: 'desc' }, { created_at: 'asc' }, { request_id: 'asc' }] as const

/** Makes the claim methods of one handle. */
export function claimMethods(store: BaseStore): ClaimMethods {
  return {
    getPendingRequests: async (options = {}) => pendingRequests(store, options),
    claimRequest: async (requestId, worker, options = {}) => {
      const { claimMs } = checked(claimOptions, options, 'claimRequest')
      return claim(store, requestId, checked(nameText, worker, 'claimRequest: worker'), claimMs)
    },
    claimNext: async (worker, options = {}) => claimNext(store, worker, options),
    releaseClaim: async (requestId, worker, reason) => {
      const given = checked(z.string().optional(), reason, 'releaseClaim: reason')
      return endClaim(store, requestId, worker, { event: 'released', reason: given })
    },
    failRequest: async (requestId, worker, reason) => {
      const given = checked(nameText, reason, 'failRequest: reason')
      return endClaim(store, requestId, worker, { event: 'failed', reason: given })
    },
  }
}

/** True while the worker has the request. */
export function holdsClaim(request: VerificationRequest, worker: string, now: Date): boolean {
  return request.status === 'claimed' && request.claimed_by === worker && !hasRunOut(request, now)
}

/** The error for a worker that does not have the request. */
export function notHeld(requestId: string): StoreError {
  const problem = 'the worker does not hold a claim on the request; claim it first'
  return conflicting(verificationRequests, problem, requestId)
}

function hasRunOut({ claim_expires_at }: VerificationRequest, now: Date): boolean {
  return claim_expires_at !== null && now.toISOString() >= claim_expires_at
}

async function pendingRequests(store: BaseStore, options: PendingOptions): Promise<VerificationRequest[]> {
  checkListOptions(options)
  const { limit, offset, signal, ...where } = options
  const now = store.now()
  const waits: PendingFilterOfStatus = {
    or: [{ status: 'pending' }, { status: 'claimed', claim_expires_at: { lte: now } }],
  }
  const asked: ListOptions<StatusField> = { limit, offset, signal, and: [waits, where as PendingFilter] }
  return (await findListed(store.collection(verificationRequests), asked, FIRST_IN_LINE)).records
}

type StatusField = keyof PendingFilter | 'status' | 'claim_expires_at'
type PendingFilterOfStatus = Filter<'status' | 'claim_expires_at'>

async function claimNext(
  store: BaseStore,
  worker: string,
  options: PendingFilter & ClaimOptions,
): Promise<VerificationRequest | undefined> {
  checkListOptions(options)
  const { claimMs, ...where } = options
  checked(nameText, worker, 'claimNext: worker')
  checked(claimOptions, { claimMs }, 'claimNext')
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const candidates = await pendingRequests(store, { and: [where as PendingFilter], limit: CANDIDATES })
    if (candidates.length === 0) return undefined
    for (const { request_id } of candidates) {
      try {
        return await claim(store, request_id, worker, claimMs)
      } catch (error) {
        if (!isStoreError(error, 'VERSION_CONFLICT') && !isStoreError(error, 'NOT_FOUND')) throw error
      }
    }
  }
  throw new StoreError('CONFLICT', `${verificationRequests.name}: others keep taking what waits; try again`, {
    collection: verificationRequests.name,
  })
}

function claim(
  store: BaseStore,
  requestId: string,
  worker: string,
  claimMs = DEFAULT_CLAIM_MS,
): Promise<VerificationRequest> {
  return changed(store, requestId, (before, now) => {
    if (before.finished_at !== null)
      throw conflicting(verificationRequests, `the request is over: ${before.status}`, requestId)
    const isHeld = before.status === 'claimed' && !hasRunOut(before, now)
    if (isHeld && before.claimed_by !== worker)
      throw conflicting(verificationRequests, 'another worker has the request', requestId)
    const request: VerificationRequest = {
      ...before,
      status: 'claimed',
      claimed_by: worker,
      claimed_at: isHeld ? before.claimed_at : now.toISOString(),
      claim_expires_at: new Date(now.getTime() + claimMs).toISOString(),
      attempts: before.attempts + (isHeld ? 0 : 1),
    }
    const holder = before.claimed_by ?? undefined
    const taken_from = holder === worker ? undefined : holder
    return { request, step: { event: isHeld ? 'renewed' : 'claimed', actor: worker, taken_from } }
  })
}

async function endClaim(
  store: BaseStore,
  requestId: string,
  worker: string,
  { event, reason }: { readonly event: 'released' | 'failed'; readonly reason: string | undefined },
): Promise<VerificationRequest> {
  checked(nameText, worker, `${event === 'failed' ? 'failRequest' : 'releaseClaim'}: worker`)
  return changed(store, requestId, (before, now) => {
    if (!holdsClaim(before, worker, now)) throw notHeld(requestId)
    const request: VerificationRequest = {
      ...before,
      ...unclaimed,
      ...(event === 'failed'
        ? { status: 'failed', finished_at: now.toISOString(), failure: reason ?? null }
        : { status: 'pending' }),
    }
    return { request, step: { event, actor: worker, reason } }
  })
}

/** What a request has while no worker has it. */
export const unclaimed = { claimed_by: null, claimed_at: null, claim_expires_at: null } as const

/** What becomes of a request, and what is written down of it. */
interface RequestChange {
  readonly request: VerificationRequest
  readonly step: Parameters<typeof recordStep>[3]
}

async function changed(
  store: BaseStore,
  requestId: string,
  change: (before: VerificationRequest, now: Date) => RequestChange,
): Promise<VerificationRequest> {
  checkedId(requestId, 'requestId', verificationRequests.name)
  return store.transaction(async (transaction) => {
    const now = transaction.now()
    let made: RequestChange | undefined
    await transaction.collection(verificationRequests).update(requestId, (before) => {
      made = change(before, now)
      return made.request
    })
    const { request, step } = made as unknown as RequestChange
    await recordStep(transaction, request, now.toISOString(), step)
    return request
  })
}
