/** Transactions that happen once, however often they are asked for. */

import { Collection } from './collection.ts'
import type { Engine } from './engine.ts'
import { isStoreError } from './errors.ts'
import { idempotencyKeys } from './idempotency-keys.ts'
import type { TransactionOptions } from './transaction.ts'
import type { TransactionScope } from './transaction-scope.ts'

/** How long a key is remembered. */
const REMEMBERED_MS = 24 * 60 * 60 * 1_000
/** How often a transaction is asked for again when its outcome is unknown. */
const MAX_UNKNOWN = 3

/**
 * Runs a transaction unless one with this key has been committed, which is noted in the same commit. An
 * unknown outcome is looked up by asking again.
 */
export async function runOnce<T>(
  engine: Engine,
  tenant: string,
  key: string,
  run: (scope: TransactionScope) => Promise<T>,
  options: TransactionOptions,
): Promise<T> {
  engine.definitions.add(idempotencyKeys)
  const once = async (scope: TransactionScope): Promise<T> => {
    const keys = new Collection(idempotencyKeys, engine, scope, tenant)
    const earlier = await keys.get(key)
    if (earlier !== undefined) return earlier.answer as T
    const answer = await run(scope)
    await keys.put({ key, answer: toAnswer(answer) }, { ttlMs: REMEMBERED_MS })
    return answer
  }
  for (let unknown = 1; ; unknown++) {
    try {
      return await engine.transaction(once, options)
    } catch (error) {
      if (!isStoreError(error, 'OUTCOME_UNKNOWN') || unknown >= MAX_UNKNOWN) throw error
    }
  }
}

/** What is remembered of an answer: what JSON can say of it. */
function toAnswer(answer: unknown): unknown {
  const text = JSON.stringify(answer)
  return text === undefined ? undefined : JSON.parse(text)
}
