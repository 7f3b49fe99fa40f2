/** What is given as a chain, checked by its schema and as JSON will give it back. */

import { isStoreError, toDocument } from '@coffer/core'
import type * as z from 'zod'
import { LISTS, type TrustLineageChain, trustLineageChain } from './lineage.ts'
import { TrustChainInvalidError } from './trust-errors.ts'

/**
 * The chain as it is stored: a copy, with all four lists.
 *
 * @throws `TrustChainInvalidError` for what is no chain, which names the place and never shows a value
 */
export function checkedChain(given: unknown, index?: number): TrustLineageChain {
  if (typeof given !== 'object' || given === null) {
    throw new TrustChainInvalidError('a chain is an object: { genesis, capabilities, … }', { index })
  }
  const parsed = trustLineageChain.safeParse(asStored(given, index))
  if (parsed.success) return parsed.data
  throw new TrustChainInvalidError(describeIssues(parsed.error.issues), { index })
}

/** The chain as JSON will give it back, so that its hash is the same then. */
function asStored(given: object, index: number | undefined): unknown {
  const empty = Object.fromEntries(LISTS.map((list) => [list, []]))
  const lists = Object.entries(given).filter(([, value]) => value !== undefined)
  const text = toText({ ...empty, ...Object.fromEntries(lists) }, index)
  // Zod's records drop such a member and say nothing; a signed one must not get lost.
  if (text.includes('"__proto__":')) {
    throw new TrustChainInvalidError('no member can be called __proto__', { index })
  }
  return JSON.parse(text)
}

function toText(chain: object, index: number | undefined): string {
  try {
    return toDocument(chain, Infinity, 'chain')
  } catch (cause) {
    if (!isStoreError(cause)) throw cause
    throw new TrustChainInvalidError(cause.message, { index, cause })
  }
}

function describeIssues(issues: readonly z.core.$ZodIssue[]): string {
  return issues
    .slice(0, 3)
    .map((issue) => `${issue.path.length === 0 ? 'the chain' : issue.path.join('.')}: ${issue.message}`)
    .join('; ')
}
