import type { Backend, StoredRow } from '@coffer/core/backend'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { withCache } from '../src/index.ts'
import { type Fate, groupOf, keyOf, SteppedBackend, things } from './stepped-backend.ts'

const TTL_MS = 10
const MAX_ENTRIES = 2

const IDS = ['a', 'b', 'c']
const id = fc.constantFrom(...IDS)
const isStrong = fc.constantFrom(true, false, false, false)
const change = fc.constantFrom<'put' | 'delete'>('put', 'put', 'delete')
const fate = fc.constantFrom<Fate>('good', 'good', 'good', 'refused', 'fails-before', 'fails-after')

type Action =
  | {
      readonly type: 'read'
      readonly ids: readonly string[]
      readonly isStrong: boolean
      readonly fate: Fate
    }
  | {
      readonly type: 'write' | 'elsewhere'
      readonly id: string
      readonly change: 'put' | 'delete'
      readonly fate: Fate
    }
  | {
      readonly type: 'transaction'
      readonly ids: readonly string[]
      readonly isUndone: boolean
      readonly fate: Fate
    }
  | { readonly type: 'sweep'; readonly fate: Fate }
  | { readonly type: 'hint'; readonly id: string | undefined }
  | { readonly type: 'advance'; readonly milliseconds: number }
  | { readonly type: 'step'; readonly which: number }

const ids = fc.array(id, { minLength: 1, maxLength: 3 })
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ type: fc.constant('step' as const), which: fc.nat(5) }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant('read' as const), ids, isStrong, fate }) },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constantFrom('write' as const, 'elsewhere' as const), id, change, fate }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('transaction' as const), ids, isUndone: fc.boolean(), fate }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('sweep' as const), fate }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('hint' as const), id: fc.option(id, { nil: undefined }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('advance' as const),
      milliseconds: fc.integer({ min: 1, max: TTL_MS }),
    }),
  },
)

/** One run: what happens, and from which commit on each key may be answered. */
class Trial {
  readonly stepped = new SteppedBackend()
  readonly cached: Backend
  /** What went wrong. */
  readonly problems: string[] = []
  /** The oldest version of each key that a read which begins now may answer. */
  readonly #floors = new Map<string, number>()

  constructor() {
    const { backend } = this.stepped
    this.cached = withCache(backend, {
      ttlMs: TTL_MS,
      maxEntries: MAX_ENTRIES,
      maxBytes: 1_000_000,
      now: () => this.stepped.now,
      read: backend.read,
    })
  }

  async act(action: Action): Promise<void> {
    this.stepped.fate = 'fate' in action ? action.fate : 'good'
    switch (action.type) {
      case 'read':
        this.#read(action.ids, action.isStrong)
        break
      case 'write':
        this.#raise([action.id])
        this.#until(this.cached.write([groupOf(action.id, action.change)], 0), [action.id])
        break
      case 'elsewhere':
        this.stepped.commit(action.id, action.change)
        break
      case 'transaction':
        this.#until(this.#transaction(action.ids, action.isUndone), action.ids)
        break
      case 'sweep':
        this.#until(this.#sweep(), IDS)
        break
      case 'hint':
        this.stepped.tell(action.id === undefined ? undefined : [{ layout: 'things', ...keyOf(action.id) }])
        this.#raise(action.id === undefined ? IDS : [action.id])
        break
      case 'advance':
        this.stepped.now += action.milliseconds
        break
      case 'step':
        await this.stepped.step(action.which)
    }
    const entries = this.cached.cacheStatistics?.().entries ?? 0
    if (entries > MAX_ENTRIES) this.problems.push(`${entries} entries`)
  }

  #transaction(ids: readonly string[], isUndone: boolean): Promise<void> {
    return this.cached.transaction(async (inside) => {
      for (const each of ids) {
        this.#raise([each])
        await inside.write(groupOf(each, 'put'), 0)
      }
      if (isUndone) throw new Error('undone')
    })
  }

  /** One that removed nothing need not be noticed: it never settles here. */
  async #sweep(): Promise<void> {
    const { removed } = await this.cached.sweep(things, { type: 'expired', tenant: undefined }, 2, 0)
    if (removed === 0) await new Promise(() => undefined)
  }

  /** From the beginning of a write on, and from its end on, what is committed by then is seen. */
  #until(write: Promise<unknown>, ids: readonly string[]): void {
    const over = () => this.#raise(ids)
    write.then(over, over)
  }

  #raise(ids: readonly string[]): void {
    for (const each of ids) this.#floors.set(each, this.stepped.newest(each).version)
  }

  #read(ids: readonly string[], isStrong: boolean): void {
    const beganAt = this.stepped.now
    const floors = ids.map((each) => this.#floors.get(each) ?? 0)
    const options = isStrong ? ({ consistency: 'strong' } as const) : undefined
    this.cached.read(things, ids.map(keyOf), options).then(
      (rows) => {
        for (const [index, each] of ids.entries()) {
          const row = rows[index]
          if (!this.#isSound(each, row, floors[index] as number, beganAt)) {
            this.problems.push(`${each} was answered as ${row?.version ?? 'absent'}`)
          }
          this.#noteSeen(each, row)
        }
      },
      () => undefined,
    )
  }

  /** Whoever has seen what this store wrote, be it not acknowledged yet, never sees less. */
  #noteSeen(of: string, row: StoredRow | undefined): void {
    const seen = this.stepped.pastOf(of).find(({ version }) => version === row?.version)
    if (seen?.isOwn) this.#floors.set(of, Math.max(seen.version, this.#floors.get(of) ?? 0))
  }

  /** Whether some commit of the key gives this answer, is not below the floor, and was the newest lately enough. */
  #isSound(of: string, row: StoredRow | undefined, floor: number, beganAt: number): boolean {
    const past = this.stepped.pastOf(of)
    return past.some(({ version, isThere }, index) => {
      const isIt = row === undefined ? !isThere : isThere && row.id === of && row.version === version
      const endedAt = past[index + 1]?.at ?? Number.POSITIVE_INFINITY
      return isIt && version >= floor && endedAt > beganAt - TTL_MS
    })
  }
}

test('no answer is older than ttlMs, than what this store has written or than a hint, whatever happens meanwhile', async () => {
  let hits = 0
  const property = fc.asyncProperty(fc.array(action, { minLength: 10, maxLength: 80 }), async (actions) => {
    const trial = new Trial()
    await trial.cached.open([things])
    for (const each of actions) await trial.act(each)
    while (!trial.stepped.isIdle) await trial.stepped.step(0)
    hits += trial.cached.cacheStatistics?.().hits ?? 0
    expect(trial.problems).toEqual([])
  })
  await fc.assert(property, { numRuns: 5_000 })
  expect(hits).toBeGreaterThan(1_000)
})
