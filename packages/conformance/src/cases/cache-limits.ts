import assert from 'node:assert/strict'
import type { Case } from '../case.ts'
import { CachedStore, cacheCase, TTL_MS } from './cached-store.ts'

const ids = (count: number) => Array.from({ length: count }, (_, n) => `k${n}`)

/** C4 and C6: how old an answer may be, how much is kept, and what is told of it. */
export const cacheLimitCases: readonly Case[] = [
  cacheCase(
    'C4-ttl',
    'what another store wrote is seen after ttlMs, and no hit puts that off',
    async (context) => {
      const cached = new CachedStore(context)
      await cached.notes.put({ id: 'a', text: 'old' })
      await cached.text('a')
      await cached.changeElsewhere('a', 'theirs')
      context.clock.advance(TTL_MS - 1)
      await cached.text('a')
      context.clock.advance(1)
      assert.equal(await cached.text('a'), 'theirs')
    },
  ),
  cacheCase('C4-absent', 'a record that another store inserted is seen after ttlMs', async (context) => {
    const cached = new CachedStore(context)
    assert.equal(await cached.text('a'), undefined)
    await cached.changeElsewhere('a', 'theirs')
    context.clock.advance(TTL_MS)
    assert.equal(await cached.text('a'), 'theirs')
  }),
  cacheCase('C4-set-back', 'a clock that is set back makes no answer younger', async (context) => {
    const cached = new CachedStore(context)
    await cached.notes.put({ id: 'a', text: 'old' })
    await cached.text('a')
    await cached.changeElsewhere('a', 'theirs')
    context.clock.advance(-1)
    assert.equal(await cached.text('a'), 'theirs')
  }),
  cacheCase('C4-hint', 'a hint makes what others wrote seen at once', async (context) => {
    const cached = new CachedStore(context)
    await cached.notes.putMany([
      { id: 'a', text: 'old' },
      { id: 'b', text: 'b' },
    ])
    await cached.notes.getMany(['a', 'b', 'c'])
    await cached.changeElsewhere('a', 'theirs')
    await cached.changeElsewhere('c', 'theirs')
    cached.tell([
      { layout: 'notes', tenant: 'default', id: 'a' },
      { layout: 'notes', tenant: 'other', id: 'b' },
      { layout: 'drafts', tenant: 'default', id: 'b' },
      { layout: 'notes', tenant: 'default', id: 'c' },
    ])
    assert.equal(await cached.text('a'), 'theirs')
    assert.equal(await cached.text('c'), 'theirs')
    assert.equal(await cached.text('b'), 'b')
    assert.equal(cached.timesAsked('b'), 1, 'what others have of that name is not meant')
  }),
  cacheCase('C4-hint-all', 'after hints that were missed all is read anew', async (context) => {
    const cached = new CachedStore(context)
    await cached.notes.put({ id: 'a', text: 'old' })
    await cached.notes.getMany(['a', 'b'])
    await cached.changeElsewhere('a', 'theirs')
    await cached.changeElsewhere('b', 'theirs')
    cached.tell(undefined)
    assert.equal(await cached.text('a'), 'theirs')
    assert.equal(await cached.text('b'), 'theirs')
  }),
  cacheCase('C6-entries', 'at most maxEntries are kept, those used last', async (context) => {
    const cached = new CachedStore(context, { maxEntries: 10 })
    for (const id of ids(100)) await cached.text(id)
    assert.equal(cached.store.cacheStatistics()?.entries, 10)
    cached.asked.length = 0
    await cached.notes.getMany(ids(100).reverse())
    assert.deepEqual(
      cached.asked.map(({ id }) => id),
      ids(90).reverse(),
    )
  }),
  cacheCase('C6-bytes', 'at most maxBytes are kept', async (context) => {
    const cached = new CachedStore(context, { maxBytes: 64 * 1_024 })
    const body = 'ü'.repeat(2_048)
    await cached.notes.putMany(ids(40).map((id) => ({ id, text: '', body })))
    for (const id of ids(40)) await cached.text(id)
    const { entries } = cached.store.cacheStatistics() ?? { entries: -1 }
    assert.ok(entries >= 1 && entries < 16, `${entries} entries of more than 4 KiB in 64 KiB`)
  }),
  cacheCase('C6-huge', 'a document that is too large for the cache pushes nothing out', async (context) => {
    const cached = new CachedStore(context, { maxBytes: 64 * 1_024 })
    await cached.notes.put({ id: 'a', text: 'a' })
    await cached.notes.put({ id: 'huge', text: 'huge', body: 'x'.repeat(60_000) })
    await cached.text('a')
    for (let round = 0; round < 2; round++) assert.equal(await cached.text('huge'), 'huge')
    await cached.text('a')
    assert.equal(cached.timesAsked('huge'), 2)
    assert.equal(cached.timesAsked('a'), 1)
  }),
  cacheCase('C6-statistics', 'hits and misses are counted by key', async (context) => {
    const cached = new CachedStore(context)
    await cached.store.open()
    assert.deepEqual(cached.store.cacheStatistics(), { hits: 0, misses: 0, entries: 0, hitRate: 0 })
    await cached.notes.getMany(['a', 'b', 'a'])
    await cached.text('b')
    await cached.notes.get('b', { consistency: 'strong' })
    assert.deepEqual(cached.store.cacheStatistics(), { hits: 2, misses: 2, entries: 2, hitRate: 0.5 })
  }),
  cacheCase('C6-close', 'closing drops all that is kept', async (context) => {
    const cached = new CachedStore(context)
    await cached.notes.getMany(['a', 'b'])
    await cached.store.close()
    assert.equal(cached.store.cacheStatistics()?.entries, 0)
  }),
  {
    id: 'C6-without',
    clause: 'C6',
    title: 'a store without a cache has nothing to tell, and asks the backend every time',
    run: async (context) => {
      const store = context.store()
      await store.open()
      assert.equal(store.cacheStatistics(), undefined)
    },
  },
]
