/** Whether a place answers, and how quickly: for the person who watches it, and for whoever routes requests. */

import type { Backend } from './backend.ts'
import { type ErrorCode, isStoreError } from './errors.ts'
import type { Layout } from './layout.ts'
import type { Group } from './operation.ts'

/** What `health` takes. */
export interface HealthOptions {
  /** Whether a small record is written too, in the internal collection `coffer_health`. Default: false. */
  readonly write?: boolean | undefined
}

/** How a place is at this moment. */
export interface Health {
  /** True when it answered all that was asked. */
  readonly ok: boolean
  readonly backend: string
  /** How long the place took to answer a small question, in milliseconds; `null` where it did not. */
  readonly readMs: number | null
  /** How long a small durable write took, in milliseconds; `null` where none was asked for, or it failed. */
  readonly writeMs: number | null
  /** Why it is not ok; the message names no secret. */
  readonly failure: { readonly code: ErrorCode; readonly message: string } | undefined
}

const probes: Layout = {
  name: 'coffer_health',
  fields: [],
  indexes: [],
  documentColumns: [],
  appendOnly: false,
  history: undefined,
  schemaVersion: 1,
}

/** Asks a place that is open, and writes to it where `write` says so. */
export async function probe(backend: Backend, write: boolean, now: () => number): Promise<number[]> {
  const readMs = await timed(async () => backend.contents?.layouts() ?? backend.open([]))
  if (!write) return [readMs]
  await backend.open([probes])
  return [readMs, await timed(() => backend.write([putProbe(now())], now()))]
}

/** What was measured, or why it was not. */
export async function healthOf(backend: string, measure: () => Promise<number[]>): Promise<Health> {
  try {
    const [readMs = null, writeMs = null] = await measure()
    return { ok: true, backend, readMs, writeMs, failure: undefined }
  } catch (cause) {
    const failure = isStoreError(cause)
      ? { code: cause.code, message: cause.message }
      : { code: 'INTERNAL' as const, message: `${backend} failed` }
    return { ok: false, backend, readMs: null, writeMs: null, failure }
  }
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await run()
  return performance.now() - startedAt
}

/** One record that every probe writes anew. */
function putProbe(at: number): Group {
  const document = JSON.stringify({ id: 'probe', at: new Date(at).toISOString() })
  const key = { tenant: 'default', id: 'probe' }
  const put = {
    type: 'put',
    layout: probes,
    condition: { type: 'none' },
    document,
    fields: [],
    hash: null,
  } as const
  return { operations: [{ ...put, ...key, expiresAt: null }], checks: [] }
}
