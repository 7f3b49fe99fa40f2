/** Whether a place answers, and how quickly: for the person who watches it, and for whoever routes requests. */

import type { Backend } from './backend.ts'
import { type ErrorCode, isStoreError } from './errors.ts'
import { fieldlessLayout } from './layout.ts'
import type { Group } from './operation.ts'

/** What `health` takes. */
export interface HealthOptions {
  /**
   * Whether a small record is written and removed too, in the internal collection `coffer_health`, which is made where
   * opening may make tables. Default: false.
   */
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

const probes = fieldlessLayout('coffer_health')

/** What was measured so far: a later step may fail. */
export type Measured = { -readonly [Name in 'readMs' | 'writeMs']: Health[Name] }

/** Asks a place that is open; and writes to it, and removes what was written, where `writing` is given. */
export async function probe(
  backend: Backend,
  measured: Measured,
  writing?: { readonly write: (group: Group) => Promise<unknown>; readonly now: () => number },
): Promise<void> {
  measured.readMs = await timed(async () => backend.contents?.layouts() ?? backend.open([]))
  if (writing === undefined) return
  const { write, now } = writing
  await backend.open([probes])
  measured.writeMs = await timed(() => write(putProbe(now())))
  // A row that stays would be in every backup, and keep a place from being an empty one.
  await write({
    operations: [{ type: 'delete', layout: probes, condition, mode: 'erase', ...key }],
    checks: [],
  })
}

/** What was measured, and why it is not ok where it is not. */
export async function healthOf(
  backend: string,
  measure: (measured: Measured) => Promise<void>,
): Promise<Health> {
  const measured: Measured = { readMs: null, writeMs: null }
  try {
    await measure(measured)
    return { ok: true, backend, ...measured, failure: undefined }
  } catch (cause) {
    const failure = isStoreError(cause)
      ? { code: cause.code, message: cause.message }
      : { code: 'INTERNAL' as const, message: `${backend} failed` }
    return { ok: false, backend, ...measured, failure }
  }
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await run()
  return performance.now() - startedAt
}

const key = { tenant: 'default', id: 'probe' } as const
const condition = { type: 'none' } as const

function putProbe(at: number): Group {
  const document = JSON.stringify({ id: 'probe', at: new Date(at).toISOString() })
  const put = {
    type: 'put',
    layout: probes,
    condition,
    document,
    fields: [],
    hash: null,
  } as const
  return { operations: [{ ...put, ...key, expiresAt: null }], checks: [] }
}
