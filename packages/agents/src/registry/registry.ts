/** The registry: resolutions, sessions and TRACE events, after the CRA storage API. */

import { type BaseStore, defineModule, type RecordPage, StoreError, type WriteOptions } from '@coffer/core'
import { checkedId } from '../id-text.ts'
import { type ListOptions, listsOf } from '../listing.ts'
import { type Resolution, resolutions } from './resolution.ts'
import { type Session, sessions } from './session.ts'
import { type TraceMethods, traceMethods } from './trace.ts'
import { traceEvents } from './trace-event.ts'

/**
 * Which resolutions: equal values or operators for each field, all of which must hold, and the paging.
 * A time range is `created_at: { gte, lt }`.
 */
export type ResolutionListOptions = ListOptions<
  'resolution_id' | 'request_id' | 'agent_id' | 'session_id' | 'decision' | 'created_at' | 'expires_at'
>

/** Which sessions, as for resolutions. */
export type SessionListOptions = ListOptions<'session_id' | 'agent_id' | 'status' | 'created_at' | 'ended_at'>

/** What of a session can be changed. */
export type SessionChange = { readonly [M in Exclude<keyof Session, 'session_id'>]?: Session[M] | undefined }

/** Methods for resolutions. */
export interface ResolutionMethods {
  /** Stores a resolution over whatever has its id. @returns its version */
  saveResolution(resolution: Resolution, options?: RegistryWriteOptions): Promise<number>
  /** Stores all resolutions or none; of two with one id the later wins. @returns their versions, in order */
  bulkSaveResolutions(resolutions: readonly Resolution[]): Promise<number[]>
  /** The resolution with this id, or `undefined`; an expired one is not there. */
  getResolution(resolutionId: string): Promise<Resolution | undefined>
  /**
   * The resolutions that match, newest first by `created_at`, ties by id: an array of at most `limit`, 100
   * unless said otherwise. Most callers want exactly this array, so nothing stands around it;
   * `pageResolutions` answers the same with a cursor, and `iterateResolutions` walks them all.
   */
  listResolutions(options?: ResolutionListOptions): Promise<Resolution[]>
  /** As `listResolutions`: `{ records, next }`, where `next` is the `cursor` of the page behind. */
  pageResolutions(options?: ResolutionListOptions): Promise<RecordPage<Resolution>>
  /** As `listResolutions`, all of them, page by page; `limit` is the size of a page. */
  iterateResolutions(options?: ResolutionListOptions): AsyncGenerator<Resolution, void, undefined>
  /** Removes a resolution. @returns true when there was one */
  deleteResolution(resolutionId: string): Promise<boolean>
}

/** Methods for sessions. */
export interface SessionMethods {
  /** Stores a session over whatever has its id. @returns its version */
  saveSession(session: Session, options?: RegistryWriteOptions): Promise<number>
  /** The session with this id, or `undefined`. */
  getSession(sessionId: string): Promise<Session | undefined>
  /**
   * Replaces some members of a session; `metadata` as a whole. When `status` becomes `ended` and no
   * `ended_at` is given, it is the present instant of the store's clock.
   *
   * @returns its version
   * @throws `NOT_FOUND` for an unknown session
   */
  updateSession(sessionId: string, change: SessionChange, options?: RegistryWriteOptions): Promise<number>
  /** The sessions that match, newest first, ties by id: an array of at most `limit`, 100 unless said otherwise. */
  listSessions(options?: SessionListOptions): Promise<Session[]>
  /** As `listSessions`: `{ records, next }`. */
  pageSessions(options?: SessionListOptions): Promise<RecordPage<Session>>
  /** As `listSessions`, all of them, page by page. */
  iterateSessions(options?: SessionListOptions): AsyncGenerator<Session, void, undefined>
  /** Removes a session; its resolutions and traces stay. @returns true when there was one */
  deleteSession(sessionId: string): Promise<boolean>
}

/** What the writes of one record take. Deadlines stand in the record. */
export type RegistryWriteOptions = Pick<WriteOptions, 'ifVersion' | 'signal'>

/** The methods of the registry. All fail with `INVALID_ARGUMENT` for what does not fit, before anything is stored. */
export interface RegistryMethods extends ResolutionMethods, SessionMethods, TraceMethods {
  /**
   * Removes expired records for good: resolutions past their `expires_at`, and those of other modules of
   * the same store. Not inside a transaction. On a handle of one tenant only that tenant's.
   *
   * @returns how many were removed
   */
  cleanupExpired(): Promise<number>
}

const NEWEST_FIRST = { created_at: 'desc' } as const

function resolutionMethods(store: BaseStore): ResolutionMethods {
  const collection = store.collection(resolutions)
  const lists = listsOf(collection, NEWEST_FIRST)
  return {
    saveResolution: (resolution, options) => collection.put(resolution, options),
    bulkSaveResolutions: (batch) => collection.putMany(batch),
    getResolution: async (resolutionId) => collection.get(checkedResolution(resolutionId)),
    listResolutions: lists.array,
    pageResolutions: lists.page,
    iterateResolutions: lists.iterate,
    deleteResolution: async (resolutionId) => collection.delete(checkedResolution(resolutionId)),
  }
}

function checkedResolution(resolutionId: unknown): string {
  return checkedId(resolutionId, 'resolutionId', resolutions.name)
}

function sessionMethods(store: BaseStore): SessionMethods {
  const collection = store.collection(sessions)
  const lists = listsOf(collection, NEWEST_FIRST)
  return {
    saveSession: (session, options) => collection.put(session, options),
    getSession: async (sessionId) => collection.get(checkedSession(sessionId)),
    updateSession: async (sessionId, change, options) => {
      if (typeof change !== 'object' || change === null) {
        throw new StoreError('INVALID_ARGUMENT', 'sessions: updateSession takes the members to replace')
      }
      return collection.update(
        checkedSession(sessionId),
        (before) => changed(before, change, store.now()),
        options,
      )
    },
    listSessions: lists.array,
    pageSessions: lists.page,
    iterateSessions: lists.iterate,
    deleteSession: async (sessionId) => collection.delete(checkedSession(sessionId)),
  }
}

function checkedSession(sessionId: unknown): string {
  return checkedId(sessionId, 'sessionId', sessions.name)
}

/** Members that are `undefined` are not meant. */
function changed(before: Session, change: SessionChange, now: Date): Session {
  const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
  const after: Session = { ...before, ...given }
  const ends = before.status !== 'ended' && after.status === 'ended' && change.ended_at === undefined
  return ends ? { ...after, ended_at: now.toISOString() } : after
}

/** The registry, as a module for `createStore`. */
export const registry = defineModule<RegistryMethods>({
  collections: { resolutions, sessions },
  logs: { traceEvents },
  methods: (store) => ({
    ...resolutionMethods(store),
    ...sessionMethods(store),
    ...traceMethods(store),
    cleanupExpired: () => store.cleanupExpired(),
  }),
})
