import assert from 'node:assert/strict'
import { defineCollection } from '@coffer/core'
import { StoreError } from '@coffer/core/backend'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'
import { happeningsOf } from '../method-calls.ts'
import { CachedStore, cacheCase, notes } from './cached-store.ts'

/** A write, what was there before, and the text of the note `a` that it leaves. */
interface Write {
  readonly name: string
  readonly before: 'live' | 'absent' | 'deleted' | 'expired'
  readonly leaves: string | undefined
  readonly requires?: Case['requires']
  readonly run: (cached: CachedStore, context: CaseContext) => Promise<unknown>
}

const changed = { id: 'a', text: 'changed' }

const writes: readonly Write[] = [
  { name: 'put', before: 'live', leaves: 'changed', run: ({ notes }) => notes.put(changed) },
  { name: 'putMany', before: 'live', leaves: 'changed', run: ({ notes }) => notes.putMany([changed]) },
  { name: 'insert', before: 'absent', leaves: 'changed', run: ({ notes }) => notes.insert(changed) },
  {
    name: 'insertMany',
    before: 'absent',
    leaves: 'changed',
    run: ({ notes }) => notes.insertMany([changed]),
  },
  { name: 'insert-expired', before: 'expired', leaves: 'changed', run: ({ notes }) => notes.insert(changed) },
  {
    name: 'update',
    before: 'live',
    leaves: 'changed',
    run: ({ notes }) => notes.update('a', { text: 'changed' }),
  },
  { name: 'delete', before: 'live', leaves: undefined, run: ({ notes }) => notes.delete('a') },
  {
    name: 'delete-permanent',
    before: 'live',
    leaves: undefined,
    run: ({ notes }) => notes.delete('a', { permanent: true }),
  },
  { name: 'deleteMany', before: 'live', leaves: undefined, run: ({ notes }) => notes.deleteMany(['b', 'a']) },
  {
    name: 'deleteMany-filter',
    before: 'live',
    leaves: undefined,
    run: ({ notes }) => notes.deleteMany({ text: 'one' }),
  },
  {
    name: 'deleteMany-all',
    before: 'live',
    leaves: undefined,
    run: ({ notes }) => notes.deleteMany({ all: true }),
  },
  { name: 'clear', before: 'live', leaves: undefined, run: ({ notes }) => notes.clear() },
  { name: 'restore', before: 'deleted', leaves: 'one', run: ({ notes }) => notes.restore('a') },
  {
    name: 'transaction',
    before: 'live',
    leaves: 'changed',
    run: ({ store }) => store.transaction((tx) => tx.collection(notes).put(changed)),
  },
  {
    name: 'savepoint',
    before: 'live',
    requires: ['savepoints'],
    leaves: undefined,
    run: ({ store }) =>
      store.transaction((tx) => tx.transaction((inner) => inner.collection(notes).delete('a'))),
  },
  {
    name: 'purgeDeleted',
    before: 'deleted',
    leaves: undefined,
    run: async ({ store }) => assert.equal(await store.purgeDeleted({ olderThanMs: 0 }), 1),
  },
  {
    name: 'cleanupExpired',
    before: 'expired',
    leaves: undefined,
    // A clock that goes back would show what was kept of it.
    run: async ({ store }, { clock }) => {
      assert.equal(await store.cleanupExpired(), 1)
      clock.advance(-1)
    },
  },
]

async function filled(context: CaseContext, before: Write['before']): Promise<CachedStore> {
  const cached = new CachedStore(context)
  await cached.store.open()
  if (before !== 'absent') await cached.notes.put({ id: 'a', text: 'one' }, { ttlMs: 100 })
  if (before === 'deleted') await cached.notes.delete('a')
  context.clock.advance(before === 'expired' ? 99 : 0)
  await cached.notes.getEntry('a')
  context.clock.advance(before === 'expired' ? 1 : 0)
  return cached
}

const folders = defineCollection({ name: 'folders', schema: z.object({ id: z.string() }), key: 'id' })
const papers = defineCollection({
  name: 'papers',
  schema: z.object({ id: z.string(), folder: z.string() }),
  key: 'id',
  fields: { folder: 'index' },
  references: { folder: { collection: 'folders', onDelete: 'cascade' } },
})

/** C2: a store sees its own writes, and decides nothing by what it remembers. */
export const cacheWritingCases: readonly Case[] = [
  ...writes.map((write) =>
    cacheCase(
      `C2-${write.name}`,
      `${write.name} is seen as soon as it is acknowledged`,
      async (context) => {
        const cached = await filled(context, write.before)
        await write.run(cached, context)
        const deleted = { includeDeleted: true }
        const seen = await cached.notes.getEntry('a', deleted)
        assert.deepEqual(seen, await cached.notes.getEntry('a', { ...deleted, consistency: 'strong' }))
        assert.equal(await cached.text('a'), write.leaves)
      },
      write.requires,
    ),
  ),
  cacheCase('C2-cascade', 'records that go along with another are gone at once', async (context) => {
    const { store } = new CachedStore(context)
    await store.collection(folders).put({ id: 'f' })
    await store.collection(papers).put({ id: 'p', folder: 'f' })
    assert.equal(await store.collection(papers).has('p'), true)
    await store.collection(folders).delete('f')
    assert.equal(await store.collection(papers).has('p'), false)
  }),
  cacheCase('C2-append', 'an entry of a log is there as soon as it is appended', async (context) => {
    const { store } = new CachedStore(context)
    const log = happeningsOf(store)
    assert.equal(await log.get('e1'), undefined)
    await log.append('s', [{ event_id: 'e1', note: 'x' }])
    assert.equal((await log.get('e1'))?.note, 'x')
  }),
  cacheCase('C2-refused', 'after a refused write the record is read anew', async (context) => {
    const cached = await filled(context, 'live')
    await cached.changeElsewhere('a', 'theirs')
    await assert.rejects(cached.notes.put(changed, { ifVersion: 1 }), { code: 'VERSION_CONFLICT' })
    assert.equal(await cached.text('a'), 'theirs')
  }),
  cacheCase('C2-failed', 'after a write with an unknown outcome the record is read anew', async (context) => {
    const cached = await filled(context, 'live')
    cached.hooks.afterWrite = async () => {
      // Whoever reads between the commit and its answer must leave nothing behind.
      await cached.text('a')
      throw new StoreError('OUTCOME_UNKNOWN', 'the answer was lost')
    }
    await assert.rejects(cached.notes.put(changed), { code: 'OUTCOME_UNKNOWN' })
    assert.equal(await cached.text('a'), 'changed')
  }),
  cacheCase(
    'C2-decide-update',
    'an update begins at the newest record, not at the one remembered',
    async (context) => {
      const cached = await filled(context, 'live')
      await cached.changeElsewhere('a', 'theirs')
      await cached.notes.update('a', (note) => ({ ...note, text: `${note.text}+ours` }))
      assert.equal(await cached.text('a'), 'theirs+ours')
    },
  ),
  cacheCase('C2-decide-found', 'an update finds a record that is remembered as absent', async (context) => {
    const cached = await filled(context, 'absent')
    await cached.changeElsewhere('a', 'theirs')
    await cached.notes.update('a', { text: 'ours' })
    assert.equal(await cached.text('a'), 'ours')
  }),
  cacheCase('C2-decide-append', 'appends of two stores in turns make one chain', async (context) => {
    const cached = new CachedStore(context)
    await cached.store.open()
    const mine = happeningsOf(cached.store)
    await mine.head('s')
    const theirs = happeningsOf(cached.another())
    for (let n = 0; n < 4; n++) {
      const log = n % 2 === 0 ? mine : theirs
      await log.append('s', [{ event_id: `e${n}`, note: 'x' }])
      assert.equal((await mine.head('s'))?.sequence, n + 1)
    }
    assert.deepEqual(await mine.verify('s'), { ok: true, entries: 4 })
  }),
  cacheCase(
    'C2-decide-duplicate',
    'an entry that is remembered as absent is known as a repetition',
    async (context) => {
      const cached = new CachedStore(context)
      const mine = happeningsOf(cached.store)
      assert.equal(await mine.get('e'), undefined)
      await happeningsOf(cached.another()).append('s', [{ event_id: 'e', note: 'x' }])
      // The place that it brings is taken, by itself.
      await mine.append('s', [{ event_id: 'e', sequence: 1, note: 'x' }], { onDuplicate: 'skip' })
      assert.equal((await mine.head('s'))?.sequence, 1)
    },
  ),
]
