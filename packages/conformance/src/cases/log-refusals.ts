import assert from 'node:assert/strict'
import { entryHash, GENESIS_HASH } from '@coffer/core'
import type { Case } from '../case.ts'
import { happenings, happeningsOf } from '../method-calls.ts'

const events = (count: number, from = 1) =>
  Array.from({ length: count }, (_, position) => ({
    event_id: `e${from + position}`,
    note: `n${from + position}`,
  }))

/** G3 to G5: duplicates, claims, and what can not be done to entries. */
export const logRefusalCases: readonly Case[] = [
  {
    id: 'G3-duplicate',
    clause: 'G3',
    title: 'an entry whose key is there already is refused, and its whole call with it',
    run: async (context) => {
      const log = happeningsOf(context.store())
      await log.append('s', events(1))
      for (const stream of ['s', 't']) {
        const call = log.append(stream, [...events(1, 2), ...events(1)])
        await assert.rejects(call, { code: 'ALREADY_EXISTS', index: 1, keys: ['e1'] }, stream)
      }
      assert.equal(await log.count(), 1)
      assert.equal((await log.head('s'))?.sequence, 1)
    },
  },
  {
    id: 'G3-skip',
    clause: 'G3',
    title: 'a delivery that is repeated with onDuplicate skip is stored once and answered as it was',
    run: async (context) => {
      const log = happeningsOf(context.store())
      const first = await log.append('s', events(2))
      const again = await log.append('s', events(3), { onDuplicate: 'skip' })
      assert.deepEqual(again.slice(0, 2), first)
      assert.equal(again[2]?.sequence, 3)
      assert.deepEqual(await log.append('s', events(3), { onDuplicate: 'skip' }), again)
      assert.deepEqual(await log.verify('s'), { ok: true, entries: 3 })
    },
  },
  {
    id: 'G3-skip-differs',
    clause: 'G3',
    title: 'skip passes over an entry that says the same alone; one that says otherwise is refused',
    run: async (context) => {
      const log = happeningsOf(context.store())
      await log.append('s', events(1))
      const other = log.append('s', [{ event_id: 'e1', note: 'otherwise' }], { onDuplicate: 'skip' })
      await assert.rejects(other, { code: 'ALREADY_EXISTS' })
      assert.equal((await log.get('e1'))?.note, 'n1')
    },
  },
  {
    id: 'G3-within-a-call',
    clause: 'G3',
    title: 'the same entry twice in one call is refused, or stored once with skip',
    run: async (context) => {
      const log = happeningsOf(context.store())
      const twice = [...events(1), ...events(1)]
      await assert.rejects(log.append('s', twice), { code: 'ALREADY_EXISTS', index: 1 })
      assert.equal(await log.count(), 0)
      const stored = await log.append('s', twice, { onDuplicate: 'skip' })
      assert.deepEqual(
        stored.map((entry) => entry.sequence),
        [1, 1],
      )
      assert.equal(await log.count(), 1)
    },
  },
  {
    id: 'G3-skip-at-once',
    clause: 'G3',
    title: 'one delivery repeated by 16 callers at once is stored once',
    run: async (context) => {
      const log = happeningsOf(context.store())
      const calls = Array.from({ length: 16 }, () => log.append('s', events(3), { onDuplicate: 'skip' }))
      for (const entries of await Promise.all(calls))
        assert.deepEqual(
          entries.map((entry) => entry.sequence),
          [1, 2, 3],
        )
      assert.deepEqual(await log.verify('s'), { ok: true, entries: 3 })
    },
  },
  {
    id: 'G4-right-claims',
    clause: 'G4',
    title: 'an entry that brings its place and hashes along is accepted where they are right',
    run: async (context) => {
      const store = context.store()
      const [made] = await happeningsOf(store).append('s', events(1))
      const entry = {
        event_id: 'e2',
        trace_id: 's',
        sequence: 2,
        previous_hash: made?.event_hash ?? '',
        note: 'x',
      }
      const { sequence, previous_hash: previous } = entry
      const hash = entryHash({ log: 'happenings', tenant: 'default', stream: 's', sequence, previous, entry })
      const [stored] = await happeningsOf(store).append('s', [{ ...entry, event_hash: hash }])
      assert.deepEqual(stored, { ...entry, event_hash: hash })
    },
  },
  {
    id: 'G4-wrong-claims',
    clause: 'G4',
    title:
      'an entry that claims another place, stream or hash is refused, and the refusal names the next sequence',
    run: async (context) => {
      const log = happeningsOf(context.store())
      await log.append('s', events(1))
      const claims = [
        { sequence: 1 },
        { sequence: 3 },
        { trace_id: 't' },
        { previous_hash: GENESIS_HASH },
        { event_hash: GENESIS_HASH },
      ]
      for (const claim of claims) {
        const call = log.append('s', [
          { event_id: 'e2', note: 'x' },
          { event_id: 'e3', note: 'x', ...shifted(claim) },
        ])
        const refusal = { code: 'VERSION_CONFLICT', index: 1, message: /next sequence is 3/ }
        await assert.rejects(call, refusal, JSON.stringify(claim))
      }
      assert.equal((await log.head('s'))?.sequence, 1)
      assert.equal(await log.count(), 1)
    },
  },
  {
    id: 'G4-invalid-entry',
    clause: 'G4',
    title: 'an entry that does not fit the schema refuses its call and stores nothing',
    run: async (context) => {
      const log = happeningsOf(context.store())
      const call = log.append('s', [
        { event_id: 'e1', note: 'x' },
        { event_id: 'e2', note: 2 as never },
      ])
      await assert.rejects(call, { code: 'INVALID_ARGUMENT' })
      assert.equal(await log.count(), 0)
      await assert.rejects(log.append('s', 'e1' as never), { code: 'INVALID_ARGUMENT' })
      await assert.rejects(log.append('s', events(1), { onDup: 'skip' } as never), {
        code: 'INVALID_ARGUMENT',
      })
    },
  },
  {
    id: 'G5-unchangeable',
    clause: 'G5',
    title: 'entries can not be changed or removed through the collection that holds them',
    run: async (context) => {
      const store = context.store()
      const log = happeningsOf(store)
      const [entry] = await log.append('s', events(1))
      assert.ok(entry)
      const entries = store.collection(happenings.entries)
      const before = await entries.findEntries()
      const attempts: readonly (readonly [string, () => Promise<unknown>])[] = [
        ['put', () => entries.put({ ...entry, note: 'changed' })],
        ['putMany', () => entries.putMany([{ ...entry, note: 'changed' }])],
        ['insert', () => entries.insert({ ...entry, event_id: 'e9', sequence: 9 })],
        ['insertMany', () => entries.insertMany([{ ...entry, event_id: 'e9', sequence: 9 }])],
        ['update', () => entries.update('e1', { note: 'changed' })],
        ['delete', () => entries.delete('e1')],
        ['delete permanently', () => entries.delete('e1', { permanent: true })],
        ['deleteMany keys', () => entries.deleteMany(['e1'])],
        ['deleteMany all', () => entries.deleteMany({ all: true })],
        ['clear', () => entries.clear()],
      ]
      for (const [name, attempt] of attempts) await assert.rejects(attempt(), { code: 'UNSUPPORTED' }, name)
      assert.deepEqual(await entries.findEntries(), before)
      assert.deepEqual(await log.verify('s'), { ok: true, entries: 1 })
    },
  },
]

/** A claim that is wrong for the second entry of a call that begins at 2. */
function shifted(claim: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return claim.sequence === 3 ? { sequence: 4 } : claim
}
