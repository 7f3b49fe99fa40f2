import { join } from 'node:path'
import { type BaseStore, createStore, defineCollection, isStoreError } from '@coffer/core'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { backup, copy, restore } from '../src/index.ts'
import { BACKENDS, placeOn, testFolder } from './places.ts'

const ACCOUNTS = 40
const EACH = 100
const BACKUPS = 5

const accounts = defineCollection({
  name: 'accounts',
  schema: z.object({ id: z.string(), balance: z.int() }),
  key: 'id',
})

/** Moves money about until it is told to stop. @returns how often */
async function bustle(store: BaseStore, isOver: () => boolean): Promise<number> {
  let moved = 0
  for (let turn = 0; !isOver(); turn++) {
    const from = `a-${(turn * 7) % ACCOUNTS}`
    const to = `a-${(turn * 11 + 3) % ACCOUNTS}`
    if (from === to) continue
    try {
      await store.transaction(async (tx) => {
        const book = tx.collection(accounts)
        const [payer, payee] = await book.getMany([from, to])
        if (payer === undefined || payee === undefined) throw new Error('an account is gone')
        await book.put({ ...payer, balance: payer.balance - 1 })
        await book.put({ ...payee, balance: payee.balance + 1 })
      })
      moved++
    } catch (error) {
      if (!isStoreError(error)) throw error
    }
  }
  return moved
}

async function sumOf(store: BaseStore): Promise<number> {
  const found = await store.collection(accounts).find({ limit: 1_000 })
  return found.records.reduce((sum, { balance }) => sum + balance, 0)
}

describe.each(BACKENDS)('while money moves about on %s', (backend) => {
  test('it adds up in every backup and in a copy', async () => {
    using folder = testFolder()
    await using place = await placeOn(backend)
    await using store = createStore(place.config)
    const opening = Array.from({ length: ACCOUNTS }, (_none, index) => ({ id: `a-${index}`, balance: EACH }))
    await store.collection(accounts).putMany(opening)
    let isOver = false
    const bustling = Promise.all([1, 2, 3].map(() => bustle(store, () => isOver)))
    const paths: string[] = []
    await using copied = createStore({ type: 'sqlite', path: join(folder.path, 'copy.db') })
    try {
      for (let made = 0; made < BACKUPS; made++) paths.push((await backup(store, { out: folder.path })).path)
      await copy(store, copied)
    } finally {
      isOver = true
    }
    const moved = (await bustling).reduce((sum, count) => sum + count, 0)
    expect(moved).toBeGreaterThan(BACKUPS)
    const sums: number[] = [await sumOf(store), await sumOf(copied)]
    for (const path of paths) {
      await using restored = createStore({ type: 'memory' })
      await restore(path, restored)
      sums.push(await sumOf(restored))
    }
    expect(sums).toEqual(sums.map(() => ACCOUNTS * EACH))
  })
})
