import assert from 'node:assert/strict'
import { entryHash } from '@coffer/core'
import type { Case, CaseContext } from '../case.ts'
import { type Happenings, happeningsOf } from '../method-calls.ts'
import { assertRefused, unchecked } from './assert-refused.ts'

type Document = Readonly<Record<string, unknown>>

const change = async (
  context: CaseContext,
  collection: string,
  id: string,
  edit: (document: Document) => Document,
) => {
  let called = false
  await context.place.tamper?.(collection, id, (text) => {
    called = true
    return JSON.stringify(edit(JSON.parse(text) as Document))
  })
  assert.ok(called, 'nothing was there to be changed')
}

/** Five entries in a stream. */
async function five(context: CaseContext) {
  const log = happeningsOf(context.store())
  await log.append(
    's',
    [1, 2, 3, 4, 5].map((n) => ({ event_id: `e${n}`, note: `n${n}` })),
  )
  return log
}

/** A change behind the store, and the sequence at which it must be found. */
const found = (
  word: string,
  title: string,
  sequence: number,
  edit: (context: CaseContext, log: Happenings) => Promise<void>,
): Case => ({
  id: `G8-${word}`,
  clause: 'G8',
  title: `verify finds ${title}`,
  requires: ['tamper'],
  run: async (context) => {
    const log = await five(context)
    await edit(context, log)
    const report = await log.verify('s')
    assert.equal(report.ok, false)
    assert.equal(report.problem?.sequence, sequence)
  },
})

/** A change behind the store, and the entries of which it must be found. */
const foundIn = (
  word: string,
  title: string,
  bad: readonly number[],
  edit: (context: CaseContext) => Promise<void>,
): Case => ({
  id: `G8-entry-${word}`,
  clause: 'G8',
  title: `verifyEntry finds ${title}`,
  requires: ['tamper'],
  run: async (context) => {
    const log = await five(context)
    await edit(context)
    for (const n of [1, 2, 3, 4, 5]) {
      const { ok, problem } = await log.verifyEntry(`e${n}`)
      assert.deepEqual([n, ok, problem === undefined], [n, !bad.includes(n), !bad.includes(n)])
    }
  },
})

/** An entry written anew with a hash that fits itself. */
function resealed(document: Document): Document {
  const { event_hash: _old, ...entry } = document
  const sequence = Number(entry.sequence)
  const previous = String(entry.previous_hash)
  const event_hash = entryHash({
    log: 'happenings',
    tenant: 'default',
    stream: 's',
    sequence,
    previous,
    entry,
  })
  return { ...entry, event_hash }
}

/** G8: what a check of a stream finds. */
export const logProofCases: readonly Case[] = [
  {
    id: 'G8-bad-options',
    clause: 'G8',
    title: 'what is no head is refused as an expected head, not told as a log that was tampered with',
    run: async (context) => {
      const log = await five(context)
      for (const expectedHead of [
        null,
        5,
        'head',
        {},
        { sequence: '5', hash: 5 },
        { sequence: 5, hash: 'x' },
      ]) {
        await assertRefused(() => log.verify('s', unchecked({ expectedHead })), /expectedHead/)
      }
      await assertRefused(() => log.verify('s', unchecked({ onProgress: 5 })), /onProgress/)
    },
  },
  {
    id: 'G8-sound',
    clause: 'G8',
    title:
      'verify finds nothing wrong with an untouched stream, nor with an empty one, and tells how far it is',
    run: async (context) => {
      const log = await five(context)
      const seen: number[] = []
      assert.deepEqual(await log.verify('s', { onProgress: (entries) => seen.push(entries) }), {
        ok: true,
        entries: 5,
      })
      assert.equal(seen.at(-1), 5)
      assert.deepEqual(await log.verify('empty'), { ok: true, entries: 0 })
      await assert.rejects(log.verify('s', { nonsense: 1 } as never), { code: 'INVALID_ARGUMENT' })
    },
  },
  {
    id: 'G8-long',
    clause: 'G8',
    title: 'verify walks a stream of more than one page',
    run: async (context) => {
      const log = happeningsOf(context.store())
      await log.append(
        's',
        Array.from({ length: 1_203 }, (_, n) => ({ event_id: `e${n}`, note: 'x' })),
      )
      assert.deepEqual(await log.verify('s'), { ok: true, entries: 1_203 })
    },
  },
  {
    id: 'G8-expected-head',
    clause: 'G8',
    title:
      'a stream that has grown contains a head kept from before; one that never was in it is found missing',
    run: async (context) => {
      const log = await five(context)
      const head = await log.head('s')
      assert.ok(head)
      await log.append('s', [{ event_id: 'e6', note: 'n6' }])
      assert.deepEqual(await log.verify('s', { expectedHead: head }), { ok: true, entries: 6 })
      const forged = { sequence: head.sequence, hash: 'f'.repeat(64) }
      const cut = { sequence: 7, hash: head.hash }
      for (const expectedHead of [forged, cut]) {
        const report = await log.verify('s', { expectedHead })
        assert.deepEqual([report.ok, report.problem?.sequence], [false, expectedHead.sequence])
      }
      assert.equal((await log.verify('empty', { expectedHead: head })).ok, false)
    },
  },
  found('edited', 'an entry that was edited', 3, (context) =>
    change(context, 'happenings', 'e3', (document) => ({ ...document, note: 'edited' })),
  ),
  found('member-added', 'a member added to an entry', 5, (context) =>
    change(context, 'happenings', 'e5', (document) => ({ ...document, extra: 1 })),
  ),
  found('resealed', 'an entry edited and sealed anew, by the one behind it', 4, (context) =>
    change(context, 'happenings', 'e3', (document) =>
      resealed({ ...document, previous_hash: document.previous_hash, event_id: 'e3', hidden: 1 }),
    ),
  ),
  found('last-resealed', 'the last entry edited and sealed anew, by the head', 5, (context) =>
    change(context, 'happenings', 'e5', (document) => resealed({ ...document, hidden: 1 })),
  ),
  found('hash-replaced', 'a hash that was replaced', 2, (context) =>
    change(context, 'happenings', 'e2', (document) => ({ ...document, event_hash: '0'.repeat(64) })),
  ),
  found('moved', 'an entry moved to another place', 2, (context) =>
    change(context, 'happenings', 'e2', (document) => resealed({ ...document, sequence: 3 })),
  ),
  found('renamed', 'an entry under another key', 2, (context) =>
    change(context, 'happenings', 'e2', (document) => resealed({ ...document, event_id: 'e9' })),
  ),
  found('head-forward', 'a head that points behind the last entry', 6, (context) =>
    change(context, 'happenings_heads', 's', (document) => ({ ...document, sequence: 6 })),
  ),
  found('head-hash', 'a head with another hash', 5, (context) =>
    change(context, 'happenings_heads', 's', (document) => ({ ...document, hash: '0'.repeat(64) })),
  ),
  found('head-unreadable', 'a head that is none', 5, (context) =>
    change(context, 'happenings_heads', 's', (document) => ({ ...document, sequence: 'five' })),
  ),
  found('number-too-large', 'a number that no JSON value of a program can be', 3, async (context) => {
    await context.place.tamper?.('happenings', 'e3', (document) => document.replace(/"n3"/, '1e999'))
  }),
  found('behind-head', 'an entry behind the head of its stream', 5, async (context, log) => {
    const fourth = await log.get('e4')
    await change(context, 'happenings_heads', 's', (document) => ({
      ...document,
      sequence: fourth?.sequence,
      hash: fourth?.event_hash,
    }))
  }),
  {
    id: 'G8-entry-sound',
    clause: 'G8',
    title: 'verifyEntry finds nothing wrong with an untouched entry, wherever it stands, and knows no other',
    run: async (context) => {
      const log = await five(context)
      await log.append('t', [{ event_id: 'alone', note: 'x' }])
      for (const key of ['e1', 'e3', 'e5', 'alone'])
        assert.deepEqual(await log.verifyEntry(key), { ok: true })
      await assert.rejects(log.verifyEntry('e6'), { code: 'NOT_FOUND', keys: ['e6'] })
    },
  },
  foundIn('edited', 'an entry that was edited, and it alone', [3], (context) =>
    change(context, 'happenings', 'e3', (document) => ({ ...document, note: 'edited' })),
  ),
  foundIn('resealed', 'an entry edited and sealed anew, which its neighbour denies', [3, 4], (context) =>
    change(context, 'happenings', 'e3', (document) => resealed({ ...document, note: 'edited' })),
  ),
  foundIn('last-resealed', 'the last entry edited and sealed anew, which the head denies', [5], (context) =>
    change(context, 'happenings', 'e5', (document) => resealed({ ...document, hidden: 1 })),
  ),
  foundIn('replaced', 'a document that is none, and the entries beside it', [2, 3, 4], (context) =>
    change(context, 'happenings', 'e3', () => ({})),
  ),
  foundIn('head', 'a head that does not fit the last entry', [5], (context) =>
    change(context, 'happenings_heads', 's', (document) => ({ ...document, hash: '0'.repeat(64) })),
  ),
]
