/** What a server is busy with, in a few words: of those facts that its backend tells. */

import { grouped, seconds } from '../output/numbers.ts'
import type { Sample, Samples } from './sample.ts'

/** Phrases about the load at the last look; none where the backend tells nothing of it. */
export function loadOf(samples: Samples): readonly string[] {
  const { latest } = samples
  if (latest === undefined) return []
  const fact = (name: string) => numberIn(latest, name)
  const [used, max, share] = [fact('connections_in_use'), fact('max_connections'), fact('cache_hit_share')]
  const [waiting, oldest] = [fact('waiting_for_locks'), fact('oldest_transaction_ms')]
  const rate = samples.perSecond((sample) => numberIn(sample, 'transactions'))
  return [
    used !== undefined && max !== undefined ? `${grouped(used)} of ${grouped(max)} connections` : undefined,
    rate === undefined || rate < 0 ? undefined : `${grouped(Math.round(rate))} transactions/s`,
    oldest === undefined ? undefined : `longest open for ${seconds(oldest)}`,
    waiting === undefined ? undefined : `${grouped(waiting)} waiting for locks`,
    share === undefined ? undefined : `${(share * 100).toFixed(1)} % cache hits`,
  ].filter((phrase) => phrase !== undefined)
}

function numberIn({ inspection }: Sample, name: string): number | undefined {
  const value = inspection?.facts[name]
  return typeof value === 'number' ? value : undefined
}
