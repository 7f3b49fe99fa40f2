/** What is measured: two ways of doing the same, in turns, in one run. */

/** One side of a contest: works for about so many milliseconds and answers how many operations it did. */
export type Arm = (milliseconds: number) => Promise<number>

/** Two sides, ready to run. */
export interface Ready {
  readonly coffer: Arm
  readonly rival: Arm
  /**
   * Makes what both sides run on that of the side whose turn it is. What was compiled for the other side is compiled
   * anew then, so the side runs once unmeasured before it is measured.
   */
  readonly switchTo?: (side: Side) => void
  close(): Promise<void>
}

export type Side = 'coffer' | 'rival'

export interface Contest {
  /** `<backend>.<operation>[.<callers>]:<rival>` */
  readonly name: string
  /** What is counted, per second. */
  readonly unit: string
  readonly prepare: () => Promise<Ready>
}

/** What a contest came to: operations per second, medians of the rounds; above 1 Coffer is faster. */
export interface Standing {
  readonly name: string
  readonly coffer: number
  readonly rival: number
  readonly ratio: number
  readonly unit: string
}

/** How long and how often each side runs. */
export interface Effort {
  readonly rounds: number
  readonly milliseconds: number
  /**
   * The time that operations are counted by: what passes, or what the processors spend on this process, which others
   * on the machine disturb less. Default: what passes.
   */
  readonly clock?: 'elapsed' | 'processor'
}

/**
 * Runs a contest: a warm-up, then rounds in which both sides run one after the other, the first to run
 * changing each time, so that a slow moment of the machine meets both. The ratio is the median of the
 * rounds' ratios.
 */
export async function measure(contest: Contest, effort: Effort): Promise<Standing> {
  const ready = await contest.prepare()
  try {
    await turn(ready, 'coffer', effort)
    await turn(ready, 'rival', effort)
    const results: Record<Side, number>[] = []
    for (let round = 0; round < effort.rounds; round++) {
      if (round % 2 === 0) {
        const coffer = await turn(ready, 'coffer', effort)
        results.push({ coffer, rival: await turn(ready, 'rival', effort) })
      } else {
        const rival = await turn(ready, 'rival', effort)
        results.push({ coffer: await turn(ready, 'coffer', effort), rival })
      }
    }
    return {
      name: contest.name,
      coffer: median(results.map((each) => each.coffer)),
      rival: median(results.map((each) => each.rival)),
      ratio: median(results.map((each) => each.coffer / each.rival)),
      unit: contest.unit,
    }
  } finally {
    await ready.close()
  }
}

/** Operations per second of one side. Garbage of the other is collected before. */
async function turn(ready: Ready, side: Side, { milliseconds, clock }: Effort): Promise<number> {
  ready.switchTo?.(side)
  globalThis.gc?.()
  if (ready.switchTo !== undefined) await ready[side](milliseconds)
  const read = clock === 'processor' ? processorMs : () => performance.now()
  const startedAt = read()
  const operations = await ready[side](milliseconds)
  return (operations / (read() - startedAt)) * 1_000
}

/** What the processors have spent on this process so far, all of its threads together. */
function processorMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

/** The middle of some figures. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}
