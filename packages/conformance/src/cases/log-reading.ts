import assert from 'node:assert/strict'
import type { Case } from '../case.ts'
import { all, everythingOf, happeningsOf } from '../method-calls.ts'

const events = (count: number, from = 1) =>
  Array.from({ length: count }, (_, position) => ({
    event_id: `e${from + position}`,
    note: `n${from + position}`,
  }))

const transactions: readonly Case[] = [
  {
    id: 'G6-commit',
    clause: 'G6',
    title: 'entries appended in a transaction are committed with its records, several calls in a row',
    run: async (context) => {
      const store = context.store()
      await Promise.all([happeningsOf(store).append('s', events(1)), everythingOf(store).count()])
      await store.transaction(async (tx) => {
        await everythingOf(tx).put({ id: 'a', note: 'x' })
        const calls = [happeningsOf(tx).append('s', events(1, 2)), happeningsOf(tx).append('s', events(2, 3))]
        assert.deepEqual(
          (await Promise.all(calls)).flat().map((entry) => entry.sequence),
          [2, 3, 4],
        )
        await happeningsOf(tx).append('t', events(1, 5))
      })
      assert.equal(await everythingOf(store).has('a'), true)
      assert.deepEqual(await happeningsOf(store).verify('s'), { ok: true, entries: 4 })
      assert.deepEqual(await happeningsOf(store).verify('t'), { ok: true, entries: 1 })
    },
  },
  {
    id: 'G6-rollback',
    clause: 'G6',
    title: 'entries of a transaction that is undone never were, and the next append takes their place',
    run: async (context) => {
      const store = context.store()
      const log = happeningsOf(store)
      await log.append('s', events(1))
      const undone = store.transaction(async (tx) => {
        await happeningsOf(tx).append('s', events(2, 2))
        throw new Error('undo')
      })
      await undone.catch(() => undefined)
      const [entry] = await log.append('s', events(1, 2))
      assert.equal(entry?.sequence, 2)
      assert.deepEqual(await log.verify('s'), { ok: true, entries: 2 })
    },
  },
  {
    id: 'G6-beside',
    clause: 'G6',
    title: 'appends in transactions and beside them at once make one chain',
    run: async (context) => {
      const store = context.store()
      const log = happeningsOf(store)
      await log.count()
      const options = { maxAttempts: 1_000 }
      const work = Array.from({ length: 16 }, (_, n) => [
        log.append('s', [{ event_id: `plain-${n}`, note: 'x' }]),
        store.transaction(
          (tx) => happeningsOf(tx).append('s', [{ event_id: `tx-${n}`, note: 'x' }]),
          options,
        ),
      ])
      await Promise.all(work.flat())
      assert.deepEqual(await log.verify('s'), { ok: true, entries: 32 })
    },
  },
]

const reading: readonly Case[] = [
  {
    id: 'G7-read',
    clause: 'G7',
    title: 'read begins behind a sequence, goes in either direction and comes in pages',
    run: async (context) => {
      const log = happeningsOf(context.store())
      await log.append('s', events(12))
      await log.append('other', events(3, 20))
      const places = async (options: Parameters<typeof log.read>[1]) =>
        (await log.read('s', options)).records.map((entry) => entry.sequence)
      assert.deepEqual(await places({ afterSequence: 9 }), [10, 11, 12])
      assert.deepEqual(await places({ afterSequence: 12 }), [])
      assert.deepEqual(await places({ reverse: true, limit: 3 }), [12, 11, 10])
      assert.deepEqual(await places({ afterSequence: 10, reverse: true }), [12, 11])
      const seen: number[] = []
      for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
        const page = await log.read('s', { limit: 5, cursor })
        seen.push(...page.records.map((entry) => entry.sequence))
        cursor = page.next
      }
      assert.deepEqual(
        seen,
        Array.from({ length: 12 }, (_, n) => n + 1),
      )
    },
  },
  {
    id: 'G7-appended-meanwhile',
    clause: 'G7',
    title: 'a reader that pages through a stream meets what is appended meanwhile, once',
    run: async (context) => {
      const log = happeningsOf(context.store())
      await log.append('s', events(4))
      const seen: number[] = []
      for await (const entry of log.iterate('s', { limit: 2 })) {
        seen.push(entry.sequence)
        if (entry.sequence <= 2) await log.append('s', events(1, 10 + entry.sequence))
      }
      assert.deepEqual(seen, [1, 2, 3, 4, 5, 6])
    },
  },
  {
    id: 'G7-queries',
    clause: 'G7',
    title: 'entries can be got by key and asked for by their fields over all streams',
    run: async (context) => {
      const log = happeningsOf(context.store())
      await log.append('a', [
        { event_id: 'e1', note: 'x' },
        { event_id: 'e2', note: 'y' },
      ])
      await log.append('b', [{ event_id: 'e3', note: 'x' }])
      assert.equal((await log.get('e3'))?.trace_id, 'b')
      assert.equal(await log.get('e9'), undefined)
      assert.deepEqual(
        (await log.find({ where: { note: 'x' } })).records.map((entry) => entry.event_id),
        ['e1', 'e3'],
      )
      assert.equal(await log.count({ trace_id: 'a' }), 2)
      assert.equal((await all(log.iterate('a', { reverse: true })))[0]?.event_id, 'e2')
    },
  },
  {
    id: 'G7-limits',
    clause: 'G7',
    title: 'unknown options and limits out of bounds are refused',
    run: async (context) => {
      const log = happeningsOf(context.store())
      await log.append('s', events(1))
      for (const wrong of [
        { limit: 0 },
        { limit: 1_001 },
        { after: 1 },
        { afterSequence: 'x' },
        { cursor: 'nonsense' },
      ]) {
        await assert.rejects(
          log.read('s', wrong as never),
          { code: 'INVALID_ARGUMENT' },
          JSON.stringify(wrong),
        )
      }
    },
  },
]

/** G6, G7: entries in transactions, and reading them. */
export const logReadingCases: readonly Case[] = [...transactions, ...reading]
