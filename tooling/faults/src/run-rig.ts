/** Runs one rig and judges it. */

import type { Rig, RigOptions, RigResult } from './rig.ts'

/** What became of a rig. Plain data, so that it can be kept as JSON. */
export interface RigReport {
  readonly name: string
  /** `failed` also when the rig itself did, or when its control arm found nothing. */
  readonly outcome: 'ok' | 'failed' | 'left out'
  /** In a sentence: why it was left out, or failed other than by violations. */
  readonly reason: string | undefined
  readonly durationMs: number
  /** `undefined` when it was left out or threw. */
  readonly result: RigResult | undefined
}

/** Runs a rig where it can run. Never throws: what the rig throws is a failure of it. */
export async function runRig(rig: Rig, options: RigOptions): Promise<RigReport> {
  const startedAt = performance.now()
  const report = (rest: Pick<RigReport, 'outcome' | 'reason' | 'result'>): RigReport => ({
    name: rig.name,
    durationMs: Math.round(performance.now() - startedAt),
    ...rest,
  })
  try {
    const reason = await rig.unavailable()
    if (reason !== undefined) return report({ outcome: 'left out', reason, result: undefined })
    const result = await rig.run(options)
    const weakness = weaknessOf(result)
    const held = result.violations.length === 0 && weakness === undefined
    return report({ outcome: held ? 'ok' : 'failed', reason: weakness, result })
  } catch (error) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return report({ outcome: 'failed', reason, result: undefined })
  }
}

function weaknessOf({ control }: RigResult): string | undefined {
  if (control.violations > 0) return undefined
  return `the control arm found nothing wrong with ${control.description}, so this rig proves nothing`
}
