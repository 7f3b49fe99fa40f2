/** Memories and their snapshots against a model of them: whatever is done in whatever order. */

import { ManualClock } from '@coffer/conformance'
import { harnesses } from '@coffer-tooling/conformance/harnesses'
import { sharedServer } from '@coffer-tooling/postgres/vitest'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { type AgentStore, createAgentStore, type MemoryEntry } from '../src/index.ts'
import { gathered } from './suite/asking.ts'
import { aMemory } from './suite/memory-records.ts'

const json = fc
  .jsonValue()
  // JSON has no negative zero, and a store takes no NUL.
  .map((value): unknown => JSON.parse(JSON.stringify(value)))
  .filter((value) => !/\\u0000|__proto__/.test(JSON.stringify(value)))
const memory = fc
  .record({ id: fc.constantFrom('a', 'b', 'é', '😀', '\ufffd'), content: json })
  .map(({ id, content }) => aMemory(id, { content }))
const snapshotId = fc.constantFrom('s', 's/0', 't')

type Step =
  | { readonly type: 'store'; readonly entries: readonly MemoryEntry[] }
  | { readonly type: 'delete'; readonly id: string }
  | { readonly type: 'snapshot' | 'rollback' | 'forget'; readonly id: string }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    type: fc.constant('store' as const),
    entries: fc.array(memory, { minLength: 1, maxLength: 4 }),
  }),
  fc.record({ type: fc.constant('delete' as const), id: memory.map((entry) => entry.id) }),
  fc.record({ type: fc.constantFrom('snapshot' as const, 'rollback', 'forget'), id: snapshotId }),
)

/** What the store should hold. */
class Model {
  entries = new Map<string, MemoryEntry>()
  readonly snapshots = new Map<string, ReadonlyMap<string, MemoryEntry>>()
  audited = 0

  /** Does the same to the store and to the model, and expects the same answer. */
  async apply({ memories }: AgentStore, done: Step): Promise<void> {
    switch (done.type) {
      case 'store':
        await memories.storeEntries(done.entries)
        for (const entry of done.entries) this.entries.set(entry.id, entry)
        return
      case 'delete':
        expect(await memories.deleteEntry(done.id)).toBe(this.entries.delete(done.id))
        return
      case 'forget': {
        const there = this.snapshots.delete(done.id)
        expect(await memories.deleteSnapshot(done.id)).toBe(there)
        if (there) this.audited++
        return
      }
      case 'snapshot':
        if (this.snapshots.has(done.id)) {
          await expect(memories.createSnapshot({ id: done.id })).rejects.toMatchObject({
            code: 'ALREADY_EXISTS',
          })
          return
        }
        expect((await memories.createSnapshot({ id: done.id })).entry_count).toBe(this.entries.size)
        this.snapshots.set(done.id, new Map(this.entries))
        this.audited++
        return
      case 'rollback':
        return this.#rollBack(memories, done.id)
    }
  }

  async #rollBack(memories: AgentStore['memories'], id: string): Promise<void> {
    const state = this.snapshots.get(id)
    if (state === undefined) {
      await expect(memories.rollbackTo(id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
      return
    }
    const { restored, removed, reverted, unchanged } = await memories.rollbackTo(id)
    expect(restored).toBe([...state.keys()].filter((key) => !this.entries.has(key)).length)
    expect(removed).toBe([...this.entries.keys()].filter((key) => !state.has(key)).length)
    expect(restored + reverted + unchanged).toBe(state.size)
    this.entries = new Map(state)
    this.audited++
  }
}

const RUNS = { memory: 60, file: 15, sqlite: 15, postgresql: 8 }

describe.each(['memory', 'file', 'sqlite', 'postgresql'] as const)('memories on %s', (name) => {
  const harness = harnesses(async () => sharedServer())[name]
  afterAll(async () => harness.end?.())

  test('hold what a model of them holds, whatever is stored, removed, named and gone back to', async () => {
    const place = await harness.create()
    const clock = new ManualClock()
    const store = createAgentStore({ backend: place.backend(), clock })
    let runs = 0
    try {
      const property = fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
        const own = store.tenant(`run ${++runs}`)
        const model = new Model()
        for (const each of steps) {
          clock.advance(1)
          await model.apply(own, each)
          const entries = await gathered(own.memories.iterateEntries({ limit: 2 }))
          expect(new Map(entries.map((entry) => [entry.id, entry]))).toEqual(model.entries)
        }
        expect(await own.audit.verifyLog()).toEqual({ ok: true, entries: model.audited })
      })
      await fc.assert(property, { numRuns: RUNS[name] })
    } finally {
      await store.close()
      await place.destroy()
    }
  })
})
