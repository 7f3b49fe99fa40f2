import assert from 'node:assert/strict'
import type { Case, CaseContext } from '../case.ts'
import { CachedStore, cacheCase, Gate, notes, TTL_MS } from './cached-store.ts'

/** A store with the note `a` or without, one read of which has found its answer and is held up. */
async function heldRead(context: CaseContext, { isThere = true } = {}) {
  const cached = new CachedStore(context)
  await cached.store.open()
  if (isThere) await cached.notes.put({ id: 'a', text: 'old' })
  const gate = new Gate()
  cached.hooks.answer = () => gate.pass()
  const read = cached.text('a')
  await gate.reached
  delete cached.hooks.answer
  return { cached, gate, read }
}

/** C3 and C5: reads that meet writes and transactions. */
export const cacheRaceCases: readonly Case[] = [
  cacheCase(
    'C3-put',
    'a read that was on its way before a put never brings the old record back',
    async (context) => {
      const { cached, gate, read } = await heldRead(context)
      await cached.notes.put({ id: 'a', text: 'new' })
      assert.equal(await cached.text('a'), 'new', 'a read after the acknowledgement waits for no older one')
      gate.open()
      await read
      assert.equal(await cached.text('a'), 'new')
    },
  ),
  cacheCase('C3-lands-first', 'nor when it ends before anything is read again', async (context) => {
    const { cached, gate, read } = await heldRead(context)
    await cached.notes.put({ id: 'a', text: 'new' })
    gate.open()
    assert.equal(await read, 'old')
    assert.equal(await cached.text('a'), 'new')
  }),
  cacheCase(
    'C3-insert',
    'a read that found nothing before an insert does not hide the record',
    async (context) => {
      const { cached, gate, read } = await heldRead(context, { isThere: false })
      await cached.notes.insert({ id: 'a', text: 'new' })
      gate.open()
      assert.equal(await read, undefined)
      assert.equal(await cached.text('a'), 'new')
    },
  ),
  cacheCase('C3-delete', 'a read from before a deletion does not bring the record back', async (context) => {
    const { cached, gate, read } = await heldRead(context)
    await cached.notes.delete('a')
    gate.open()
    await read
    assert.equal(await cached.text('a'), undefined)
  }),
  cacheCase('C3-during', 'a read while a write is on its way leaves nothing behind', async (context) => {
    const cached = new CachedStore(context)
    await cached.notes.put({ id: 'a', text: 'old' })
    const gate = new Gate()
    cached.hooks.beforeWrite = () => gate.pass()
    const put = cached.notes.put({ id: 'a', text: 'new' })
    await gate.reached
    assert.equal(await cached.text('a'), 'old')
    gate.open()
    await put
    assert.equal(await cached.text('a'), 'new')
  }),
  cacheCase(
    'C3-begun-during',
    'a read that begins during a write and ends after it leaves nothing behind',
    async (context) => {
      const cached = new CachedStore(context)
      await cached.notes.put({ id: 'a', text: 'old' })
      const [write, answer] = [new Gate(), new Gate()]
      cached.hooks.beforeWrite = () => write.pass()
      cached.hooks.answer = () => answer.pass()
      const put = cached.notes.put({ id: 'a', text: 'new' })
      await write.reached
      const read = cached.text('a')
      await answer.reached
      delete cached.hooks.answer
      write.open()
      await put
      answer.open()
      assert.equal(await read, 'old')
      assert.equal(await cached.text('a'), 'new')
    },
  ),
  cacheCase(
    'C3-transaction',
    'a read from before a transaction does not undo what that wrote',
    async (context) => {
      const { cached, gate, read } = await heldRead(context)
      await cached.store.transaction((tx) => tx.collection(notes).put({ id: 'a', text: 'new' }))
      gate.open()
      await read
      assert.equal(await cached.text('a'), 'new')
    },
  ),
  cacheCase(
    'C3-sweep',
    'a read from before a purge does not bring the deleted record back',
    async (context) => {
      const cached = new CachedStore(context)
      await cached.notes.put({ id: 'a', text: 'old' })
      await cached.notes.delete('a')
      const gate = new Gate()
      cached.hooks.answer = () => gate.pass()
      const read = cached.notes.get('a', { includeDeleted: true })
      await gate.reached
      delete cached.hooks.answer
      await cached.store.purgeDeleted({ olderThanMs: 0 })
      gate.open()
      await read
      assert.equal(await cached.notes.get('a', { includeDeleted: true }), undefined)
    },
  ),
  cacheCase('C3-hint', 'a read from before a hint is not kept', async (context) => {
    const { cached, gate, read } = await heldRead(context)
    await cached.changeElsewhere('a', 'theirs')
    cached.tell([{ layout: 'notes', tenant: 'default', id: 'a' }])
    gate.open()
    assert.equal(await read, 'old')
    assert.equal(await cached.text('a'), 'theirs')
  }),
  cacheCase('C3-hint-all', 'nor one from before all was forgotten', async (context) => {
    const { cached, gate, read } = await heldRead(context)
    await cached.changeElsewhere('a', 'theirs')
    cached.tell(undefined)
    assert.equal(await cached.text('a'), 'theirs', 'a read after the hint waits for no older one')
    gate.open()
    await read
    assert.equal(await cached.text('a'), 'theirs')
  }),
  cacheCase('C4-slow', 'nobody joins a read that has been on its way for ttlMs', async (context) => {
    const { cached, gate, read } = await heldRead(context)
    await cached.changeElsewhere('a', 'theirs')
    context.clock.advance(TTL_MS)
    assert.equal(await cached.text('a'), 'theirs')
    gate.open()
    assert.equal(await read, 'old')
    assert.equal(await cached.text('a'), 'theirs')
  }),
  cacheCase('C4-since-question', 'an answer is as old as its question', async (context) => {
    const { cached, gate, read } = await heldRead(context)
    await cached.changeElsewhere('a', 'theirs')
    context.clock.advance(TTL_MS - 1)
    gate.open()
    await read
    context.clock.advance(1)
    assert.equal(await cached.text('a'), 'theirs')
  }),
  cacheCase('C5-rollback', 'what was undone is never answered', async (context) => {
    const cached = new CachedStore(context)
    await cached.notes.put({ id: 'a', text: 'old' })
    await cached.text('a')
    const undone = cached.store.transaction(async (tx) => {
      await tx.collection(notes).put({ id: 'a', text: 'undone' })
      await tx.collection(notes).put({ id: 'b', text: 'undone' })
      assert.equal((await tx.collection(notes).get('a'))?.text, 'undone')
      assert.equal((await tx.collection(notes).get('b'))?.text, 'undone')
      throw new Error('no')
    })
    await assert.rejects(undone, /^Error: no$/)
    assert.deepEqual(await cached.notes.getMany(['a', 'b']), [{ id: 'a', text: 'old' }, undefined])
  }),
  cacheCase('C5-around', 'a transaction reads around the cache', async (context) => {
    const cached = new CachedStore(context)
    await cached.notes.put({ id: 'a', text: 'old' })
    await cached.text('a')
    await cached.changeElsewhere('a', 'theirs')
    const seen = await cached.store.transaction((tx) => tx.collection(notes).get('a'))
    assert.equal(seen?.text, 'theirs')
  }),
  cacheCase(
    'C5-beside',
    'a read beside a transaction answers what is committed, and leaves nothing behind',
    async (context) => {
      const cached = new CachedStore(context)
      await cached.notes.put({ id: 'a', text: 'old' })
      await cached.text('a')
      const outside = new Gate()
      const transaction = cached.store.transaction(async (tx) => {
        await tx.collection(notes).put({ id: 'a', text: 'new' })
        await outside.pass()
      })
      await outside.reached
      const beside = await cached.text('a').finally(() => outside.open())
      await transaction
      assert.equal(beside, 'old')
      assert.equal(await cached.text('a'), 'new')
    },
    ['readsBesideTransaction'],
  ),
]
