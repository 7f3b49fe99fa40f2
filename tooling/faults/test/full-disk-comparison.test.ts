import { createStore, type Store } from '@coffer/core'
import { memory } from '@coffer/memory'
import { describe, expect, test } from 'vitest'
import { difference } from '../src/full-disk-comparison.ts'
import { type FullDiskWrite, journal, Ledger, notes, streamOf } from '../src/full-disk-records.ts'

const NOBODY = 0

/** What is stored, and what was acknowledged of it and besides. */
interface Trial {
  readonly stored: Readonly<Record<string, string>>
  readonly acknowledged: Readonly<Record<string, string>>
  readonly appended: readonly string[]
  readonly acknowledgedEntries: readonly string[]
}

const SOUND: Trial = {
  stored: { a: 'one', b: 'two' },
  acknowledged: { a: 'one', b: 'two' },
  appended: ['first', 'second'],
  acknowledgedEntries: ['first', 'second'],
}

async function tryOut(trial: Partial<Trial>) {
  const { stored, acknowledged, appended, acknowledgedEntries } = { ...SOUND, ...trial }
  await using store: Store = createStore({ backend: memory() })
  const records = Object.entries(stored).map(([id, text]) => ({ id, caller: NOBODY, text }))
  await store.collection(notes).putMany(records)
  await store.log(journal).append(
    streamOf(NOBODY),
    appended.map((text) => ({ text })),
  )
  const ledger = new Ledger()
  const note = (type: FullDiskWrite['type'], texts: ReadonlyMap<string, string>) =>
    ledger.note({ type, caller: NOBODY, texts })
  note('putMany', new Map(Object.entries(acknowledged)))
  for (const text of acknowledgedEntries) note('append', new Map([[text, text]]))
  return await difference(store, ledger, [streamOf(NOBODY)])
}

describe('what is stored on the full disk', () => {
  test('is sound where it is what was acknowledged', async () => {
    expect(await tryOut({})).toEqual({ lost: [], wrong: [] })
  })

  test.each<[string, Partial<Trial>]>([
    ['is missing', { stored: { a: 'one' } }],
    ['was cut', { stored: { a: 'one', b: 'tw' } }],
    ['was changed by a refused write', { stored: { a: 'one', b: 'three' } }],
    ['lacks its last entry', { appended: ['first'] }],
    ['has another entry in its place', { appended: ['first', 'third'] }],
  ])('has lost a record that %s', async (_, trial) => {
    const { lost, wrong } = await tryOut(trial)
    expect(lost).toHaveLength(1)
    expect(wrong).toEqual([])
  })

  test.each<[string, Partial<Trial>]>([
    ['a record', { stored: { a: 'one', b: 'two', c: 'three' } }],
    ['an entry', { appended: ['first', 'second', 'third'] }],
  ])('is wrong where %s is there that was refused', async (_, trial) => {
    const { lost, wrong } = await tryOut(trial)
    expect(lost).toEqual([])
    expect(wrong).toHaveLength(1)
  })
})
