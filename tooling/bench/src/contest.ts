/** What is measured: two ways of doing the same, in turns, in one run. */

/** One side of a contest: works for about so many milliseconds and answers how many operations it did. */
export type Arm = (milliseconds: number) => Promise<number>

/** Two sides, ready to run. */
export interface Ready {
  readonly coffer: Arm
  readonly rival: Arm
  close(): Promise<void>
}

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
}

/**
 * Runs a contest: a warm-up, then rounds in which both sides run one after the other, the first to run
 * changing each time, so that a slow moment of the machine meets both. The ratio is the median of the
 * rounds' ratios.
 */
export async function measure(contest: Contest, { rounds, milliseconds }: Effort): Promise<Standing> {
  const { coffer, rival, close } = await contest.prepare()
  try {
    await rate(coffer, milliseconds)
    await rate(rival, milliseconds)
    const results: { coffer: number; rival: number }[] = []
    for (let round = 0; round < rounds; round++) {
      if (round % 2 === 0) {
        const first = await rate(coffer, milliseconds)
        results.push({ coffer: first, rival: await rate(rival, milliseconds) })
      } else {
        const first = await rate(rival, milliseconds)
        results.push({ coffer: await rate(coffer, milliseconds), rival: first })
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
    await close()
  }
}

/** Operations per second. Garbage of the other side is collected before. */
async function rate(arm: Arm, milliseconds: number): Promise<number> {
  globalThis.gc?.()
  const startedAt = performance.now()
  const operations = await arm(milliseconds)
  return (operations / (performance.now() - startedAt)) * 1_000
}

/** The middle of some figures. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}
