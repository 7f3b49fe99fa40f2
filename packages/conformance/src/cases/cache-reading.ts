import assert from 'node:assert/strict'
import { defineCollection } from '@coffer/core'
import { StoreError } from '@coffer/core/backend'
import * as z from 'zod'
import type { Case } from '../case.ts'
import { CachedStore, cacheCase, Gate, notes } from './cached-store.ts'

const a = { id: 'a', text: 'one' }
const b = { id: 'b', text: 'two' }

/** C1, C7 and C8: what is answered from a cache, and what is not. */
export const cacheReadingCases: readonly Case[] = [
  cacheCase('C1-again', 'what was read once by key is answered without the backend', async (context) => {
    const cached = new CachedStore(context)
    await cached.notes.put(a)
    assert.deepEqual(await cached.notes.get('a'), a)
    assert.deepEqual(await cached.notes.get('a'), a)
    assert.deepEqual(await cached.notes.getMany(['a']), [a])
    assert.equal(await cached.notes.has('a'), true)
    assert.equal((await cached.notes.getEntry('a'))?.version, 1)
    assert.equal(cached.timesAsked('a'), 1)
  }),
  cacheCase('C1-absent', 'that there is no record is answered from the cache too', async (context) => {
    const cached = new CachedStore(context)
    assert.equal(await cached.notes.get('a'), undefined)
    assert.equal(await cached.notes.has('a'), false)
    assert.equal(cached.timesAsked('a'), 1)
  }),
  cacheCase('C1-at-once', '100 reads of one key at once ask the backend once', async (context) => {
    const cached = new CachedStore(context)
    await cached.notes.put(a)
    const answers = await Promise.all(Array.from({ length: 100 }, () => cached.notes.get('a')))
    assert.deepEqual(answers, new Array(100).fill(a))
    assert.equal(cached.timesAsked('a'), 1)
  }),
  cacheCase(
    'C1-many',
    'getMany keeps the order of its keys, repeated ones included, and asks for those alone that are not known',
    async (context) => {
      const cached = new CachedStore(context)
      await cached.notes.putMany([a, b])
      await cached.notes.get('b')
      const answers = await cached.notes.getMany(['x', 'b', 'a', 'x', 'a', 'b'])
      assert.deepEqual(answers, [undefined, b, a, undefined, a, b])
      assert.deepEqual(await cached.notes.getMany(['a', 'x', 'b']), [a, undefined, b])
      assert.deepEqual(
        cached.asked.map(({ id }) => id),
        ['b', 'x', 'a'],
      )
    },
  ),
  cacheCase('C1-beside', 'what is kept is answered while other reads are on their way', async (context) => {
    const cached = new CachedStore(context)
    await cached.notes.putMany([a, b])
    await cached.notes.get('a')
    const gate = new Gate()
    cached.hooks.answer = () => gate.pass()
    const slow = cached.notes.get('b')
    await gate.reached
    assert.deepEqual(await cached.notes.get('a'), a)
    gate.open()
    assert.deepEqual(await slow, b)
  }),
  cacheCase('C1-strong', 'a strong read by key goes around the cache, each time', async (context) => {
    const cached = new CachedStore(context)
    await cached.notes.put(a)
    await cached.notes.get('a')
    await cached.changeElsewhere('a', 'theirs')
    const strong = { consistency: 'strong' } as const
    assert.equal((await cached.notes.get('a', strong))?.text, 'theirs')
    assert.equal((await cached.notes.getEntry('a', strong))?.record.text, 'theirs')
    assert.deepEqual(await cached.notes.getMany(['a'], strong), [{ id: 'a', text: 'theirs' }])
    assert.equal(await cached.notes.has('a', strong), true)
    assert.equal(cached.timesAsked('a'), 5)
  }),
  cacheCase('C1-kinds-at-once', 'reads at once keep apart what each asks for', async (context) => {
    const cached = new CachedStore(context)
    await cached.notes.put(a)
    const kinds = ['strong', undefined, 'eventual'] as const
    await Promise.all(
      Array.from({ length: 30 }, (_, n) => cached.notes.get('a', { consistency: kinds[n % 3] })),
    )
    const count = (kind: string) => cached.asked.filter(({ consistency }) => consistency === kind).length
    assert.deepEqual([count('strong'), count('none'), count('eventual')], [10, 1, 10])
  }),
  cacheCase('C1-questions', 'pages and counts are never answered from the cache', async (context) => {
    const cached = new CachedStore(context)
    await cached.notes.put(a)
    await cached.notes.get('a')
    await cached.changeElsewhere('a', 'theirs')
    assert.deepEqual((await cached.notes.find()).records, [{ id: 'a', text: 'theirs' }])
    assert.equal(await cached.notes.count({ text: 'theirs' }), 1)
    assert.equal(await cached.notes.exists({ text: 'one' }), false)
  }),
  cacheCase('C1-expired', 'a record in the cache is gone from its deadline on', async (context) => {
    const cached = new CachedStore(context)
    await cached.notes.put(a, { ttlMs: 10 })
    assert.deepEqual(await cached.notes.get('a'), a)
    context.clock.advance(9)
    assert.deepEqual(await cached.notes.get('a'), a)
    context.clock.advance(1)
    assert.equal(await cached.notes.get('a'), undefined)
    assert.equal(cached.timesAsked('a'), 1)
  }),
  cacheCase('C1-isolated', 'changing what was given out changes no later answer', async (context) => {
    const cached = new CachedStore(context)
    await cached.notes.put(a)
    const given = await cached.notes.get('a')
    assert.ok(given)
    given.text = 'changed'
    assert.deepEqual(await cached.notes.get('a'), a)
    assert.equal(cached.timesAsked('a'), 1)
  }),
  cacheCase('C7-error', 'a failure reaches all who wait for that read, and is not kept', async (context) => {
    const cached = new CachedStore(context)
    await cached.notes.put(a)
    cached.hooks.answer = async () => {
      throw new StoreError('UNAVAILABLE', 'a planted failure')
    }
    const reads = [cached.notes.get('a'), cached.notes.get('a'), cached.notes.getMany(['b', 'a', 'a'])]
    for (const { status } of await Promise.allSettled(reads)) assert.equal(status, 'rejected')
    assert.equal(cached.timesAsked('a'), 1)
    delete cached.hooks.answer
    assert.deepEqual(await cached.notes.get('a'), a)
  }),
  cacheCase('C7-other-keys', 'a failure of one read harms no other read', async (context) => {
    const cached = new CachedStore(context)
    await cached.notes.putMany([a, b])
    const gate = new Gate()
    cached.hooks.answer = () => gate.pass()
    const good = cached.notes.get('a')
    await gate.reached
    cached.hooks.answer = async () => {
      throw new StoreError('UNAVAILABLE', 'a planted failure')
    }
    const bad = cached.notes.getMany(['a', 'b'], { consistency: 'strong' })
    await assert.rejects(bad, { code: 'UNAVAILABLE' })
    gate.open()
    assert.deepEqual(await good, a)
  }),
  cacheCase('C8-tenants', 'what is kept of one tenant answers no other', async (context) => {
    const cached = new CachedStore(context)
    const names = ['a', 'a:a', 'a"', '["a"', 'notes', 'A', 'á', 'a\u0301', 'a b', 'a/b', 'a\u0001']
    for (const name of names) await cached.store.tenant(name).collection(notes).put({ id: 'a:a', text: name })
    for (let round = 0; round < 2; round++) {
      for (const name of names) {
        const record = await cached.store.tenant(name).collection(notes).get('a:a')
        assert.equal(record?.text, name)
      }
    }
    assert.equal(await cached.store.tenant('b').collection(notes).get('a:a'), undefined)
    await cached.store.tenant('a').collection(notes).delete('a:a')
    assert.equal((await cached.store.tenant('A').collection(notes).get('a:a'))?.text, 'A')
  }),
  cacheCase('C8-collections', 'what is kept of one collection answers no other', async (context) => {
    const cached = new CachedStore(context)
    const drafts = cached.store.collection(
      defineCollection({
        name: 'drafts',
        schema: z.object({ id: z.string(), draft: z.boolean() }),
        key: 'id',
      }),
    )
    await cached.notes.put(a)
    await drafts.put({ id: 'a', draft: true })
    for (let round = 0; round < 2; round++) {
      assert.deepEqual(await cached.notes.get('a'), a)
      assert.deepEqual(await drafts.get('a'), { id: 'a', draft: true })
    }
  }),
]
