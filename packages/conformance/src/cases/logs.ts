import assert from 'node:assert/strict'
import { defineLog, entryHash, GENESIS_HASH } from '@coffer/core'
import * as z from 'zod'
import type { Case } from '../case.ts'
import { happeningsOf } from '../method-calls.ts'
import { logProofCases } from './log-proof.ts'
import { logReadingCases } from './log-reading.ts'
import { logRefusalCases } from './log-refusals.ts'

/** A log whose entries have no key of their own. */
const lines = defineLog({
  name: 'lines',
  schema: z.object({
    who: z.string(),
    place: z.int(),
    seal: z.string(),
    before: z.string(),
    text: z.string(),
  }),
  chain: { stream: 'who', sequence: 'place', hash: 'seal', previous: 'before' },
})

const events = (count: number, from = 1) =>
  Array.from({ length: count }, (_, position) => ({
    event_id: `e${from + position}`,
    note: `n${from + position}`,
  }))

const chains: readonly Case[] = [
  {
    id: 'G1-chain',
    clause: 'G1',
    title: 'entries are numbered from 1 without a gap, each carrying the hash of the one before',
    run: async (context) => {
      const log = happeningsOf(context.store())
      const first = await log.append('s', events(2))
      const second = await log.append('s', events(1, 3))
      const entries = [...first, ...second]
      assert.deepEqual(
        entries.map((entry) => [entry.event_id, entry.trace_id, entry.sequence]),
        [
          ['e1', 's', 1],
          ['e2', 's', 2],
          ['e3', 's', 3],
        ],
      )
      const previous = [GENESIS_HASH, first[0]?.event_hash, first[1]?.event_hash]
      assert.deepEqual(
        entries.map((entry) => entry.previous_hash),
        previous,
      )
      assert.deepEqual((await log.read('s')).records, entries)
      assert.deepEqual(await log.head('s'), { sequence: 3, hash: second[0]?.event_hash })
    },
  },
  {
    id: 'G1-hash',
    clause: 'G1',
    title: 'an entry’s hash is entryHash of its place and of everything it says',
    run: async (context) => {
      const store = context.store()
      for (const own of [store, store.tenant('other')]) {
        for (const { event_hash: hash, ...entry } of await happeningsOf(own).append('s', events(2))) {
          const { sequence, previous_hash: previous } = entry
          assert.equal(
            hash,
            entryHash({ log: 'happenings', tenant: own.tenantName, stream: 's', sequence, previous, entry }),
          )
        }
      }
    },
  },
  {
    id: 'G1-known-hash',
    clause: 'G1',
    title: 'the hash of a known entry is the same on every backend, for ever',
    run: async (context) => {
      const [entry] = await happeningsOf(context.store()).append('trace-1', [
        { event_id: 'event-1', note: 'é 😀' },
      ])
      assert.equal(entry?.event_hash, KNOWN_HASH)
    },
  },
  {
    id: 'G1-streams',
    clause: 'G1',
    title: 'streams are apart: each has its own numbers and its own end',
    run: async (context) => {
      const log = happeningsOf(context.store())
      await log.append('a', events(2))
      await log.append('b', events(1, 3))
      await log.append('a', events(1, 4))
      assert.deepEqual(
        (await log.read('a')).records.map((entry) => [entry.event_id, entry.sequence]),
        [
          ['e1', 1],
          ['e2', 2],
          ['e4', 3],
        ],
      )
      assert.equal((await log.head('b'))?.sequence, 1)
      assert.equal(await log.head('c'), undefined)
      assert.deepEqual((await log.read('c')).records, [])
    },
  },
  {
    id: 'G1-no-key',
    clause: 'G1',
    title: 'entries without a key of their own are kept by their place, the same text any number of times',
    run: async (context) => {
      const log = context.store().log(lines)
      await log.append('a', [{ text: 'same' }, { text: 'same' }])
      await log.append('b', [{ text: 'same' }])
      assert.deepEqual(
        (await log.read('a')).records.map(({ place, text }) => [place, text]),
        [
          [1, 'same'],
          [2, 'same'],
        ],
      )
      assert.equal((await log.verify('a')).ok, true)
    },
  },
  {
    id: 'G1-empty',
    clause: 'G1',
    title: 'appending nothing does nothing',
    run: async (context) => {
      const log = happeningsOf(context.store())
      assert.deepEqual(await log.append('s', []), [])
      assert.equal(await log.head('s'), undefined)
    },
  },
  {
    id: 'G2-concurrent',
    clause: 'G2',
    title: '64 callers that append at once make one chain, each call’s entries in a row',
    run: async (context) => {
      const log = happeningsOf(context.store())
      const appends = Array.from({ length: 64 }, (_, caller) => {
        const entries = [0, 1, 2].map((n) => ({ event_id: `${caller}-${n}`, note: 'x' }))
        return log.append('s', entries)
      })
      const answers = await Promise.all(appends)
      for (const [caller, entries] of answers.entries()) {
        const start = entries[0]?.sequence ?? 0
        assert.deepEqual(
          entries.map((entry) => [entry.event_id, entry.sequence]),
          [0, 1, 2].map((n) => [`${caller}-${n}`, start + n]),
        )
      }
      assert.deepEqual(await log.verify('s'), { ok: true, entries: 192 })
    },
  },
  {
    id: 'G2-refused-beside',
    clause: 'G2',
    title: 'of 64 appends at once half are refused, and the others make one chain without a gap',
    run: async (context) => {
      const log = happeningsOf(context.store())
      await log.append('s', [{ event_id: 'taken', note: 'x' }])
      const appends = Array.from({ length: 64 }, (_, caller) =>
        log.append('s', [
          { event_id: `first-${caller}`, note: 'x' },
          { event_id: caller % 2 === 0 ? `second-${caller}` : 'taken', note: 'y' },
        ]),
      )
      const results = await Promise.allSettled(appends)
      for (const [caller, result] of results.entries()) {
        if (caller % 2 === 0) assert.equal(result.status, 'fulfilled')
        else assert.equal(result.status === 'rejected' && result.reason.code, 'ALREADY_EXISTS')
      }
      assert.deepEqual(await log.verify('s'), { ok: true, entries: 65 })
    },
  },
]

/** `entryHash` of the first entry of `trace-1`, worked out apart from the code with `sha256sum`. */
const KNOWN_HASH = '97b62af1efcc6148ebe51b7b0dd07a0aec94b19c2741d21a69020946119e2490'

/** G1 to G8: append-only streams. */
export const logCases: readonly Case[] = [...chains, ...logRefusalCases, ...logReadingCases, ...logProofCases]
