/** What cases need to ask with: refusals by their code, and whole answers of generators. */

import assert from 'node:assert/strict'
import type { ErrorCode } from '@coffer/core'

/** Passes what the types forbid, as a caller in plain JavaScript can. */
export function unchecked(value: unknown): never {
  return value as never
}

/** Asserts that a call fails with a code, and with a message or more members where these are given. */
export async function assertFails(
  call: Promise<unknown> | (() => Promise<unknown>),
  code: ErrorCode,
  more: {
    readonly message?: RegExp
    readonly index?: number
    readonly name?: string
    readonly collection?: string
    readonly keys?: readonly string[]
  } = {},
): Promise<void> {
  await assert.rejects(async () => (typeof call === 'function' ? call() : call), { code, ...more })
}

/** All that a generator gives, in its order. */
export async function gathered<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
