/** The audit log: what a check of it finds. */

import assert from 'node:assert/strict'
import { entryHash, GENESIS_HASH, type LogReport } from '@coffer/core'
import { AUDIT_STREAM, type AuditMethods } from '../../src/index.ts'
import type { AgentCase } from './agent-case.ts'
import { assertFails, unchecked } from './asking.ts'

type Document = Readonly<Record<string, unknown>>

const TABLE = 'audit_log_entries'

/** Five entries, `e1` to `e5`. */
async function five(audit: AuditMethods): Promise<void> {
  for (const n of [1, 2, 3, 4, 5]) await audit.append('a', 'count', n - 1, n, { id: `e${n}` })
}

/** An edit of the third of five entries: where the log is found wrong, and which entries then are. */
const edited = (
  word: string,
  title: string,
  edit: (document: Document, tenant: string) => unknown,
  found: {
    readonly problem: { readonly sequence: number; readonly key: string }
    readonly bad: readonly string[]
  },
): AgentCase => ({
  id: `audit-${word}`,
  title: `verifyLog names, and verifyEntry denies, ${title}`,
  methods: ['audit.verifyLog', 'audit.verifyEntry'],
  alone: true,
  run: async ({ store, tamper }) => {
    await five(store.audit)
    const change = (text: string) => {
      const after = edit(JSON.parse(text), store.tenantName)
      return typeof after === 'string' ? after : JSON.stringify(after)
    }
    const reached = await tamper(TABLE, 'e3', change)
    const report = await store.audit.verifyLog()
    const bad: string[] = []
    for (const id of ['e1', 'e2', 'e3', 'e4', 'e5']) if (!(await store.audit.verifyEntry(id))) bad.push(id)
    assert.deepEqual(bad, reached ? found.bad : [])
    assert.equal(report.ok, !reached)
    assert.deepEqual(placeOf(report), reached ? found.problem : undefined)
  },
})

function placeOf({ problem }: LogReport) {
  return problem && { sequence: problem.sequence, key: problem.key }
}

/** An entry written anew with a hash that fits itself. */
function resealed(document: Document, tenant: string): Document {
  const { content_hash: _old, ...entry } = document
  const sequence = Number(entry.sequence)
  const previous = String(entry.previous_hash)
  const content_hash = entryHash({ log: TABLE, tenant, stream: AUDIT_STREAM, sequence, previous, entry })
  return { ...entry, content_hash }
}

const third = { sequence: 3, key: 'e3' }

export const auditProofCases: readonly AgentCase[] = [
  {
    id: 'audit-sound',
    title: 'an untouched log and all its entries are in order, and so is an empty one',
    methods: ['audit.verifyLog', 'audit.verifyEntry'],
    run: async ({ store: { audit } }) => {
      assert.deepEqual(await audit.verifyLog(), { ok: true, entries: 0 })
      await five(audit)
      const seen: number[] = []
      const report = await audit.verifyLog({ onProgress: (entries) => seen.push(entries) })
      assert.deepEqual(report, { ok: true, entries: 5 })
      assert.equal(seen.at(-1), 5)
      for (const id of ['e1', 'e3', 'e5']) assert.equal(await audit.verifyEntry(id), true)
    },
  },
  {
    id: 'audit-verify-refused',
    title: 'an unknown entry and unknown options are refused',
    methods: ['audit.verifyLog', 'audit.verifyEntry'],
    run: async ({ store: { audit } }) => {
      await five(audit)
      await assertFails(audit.verifyEntry('e6'), 'NOT_FOUND')
      await assertFails(audit.verifyEntry(''), 'INVALID_ARGUMENT')
      await assertFails(audit.verifyEntry(unchecked(undefined)), 'INVALID_ARGUMENT')
      await assertFails(audit.verifyLog(unchecked({ deep: true })), 'INVALID_ARGUMENT')
    },
  },
  {
    id: 'audit-expected-head',
    title: 'a head kept elsewhere shows a log that was cut or written anew',
    methods: ['audit.verifyLog', 'audit.head'],
    run: async ({ store: { audit } }) => {
      await five(audit)
      const head = await audit.head()
      assert.ok(head)
      await audit.append('a', 'count', 5, 6)
      assert.deepEqual(await audit.verifyLog({ expectedHead: head }), { ok: true, entries: 6 })
      const anew = await audit.verifyLog({ expectedHead: { ...head, hash: GENESIS_HASH } })
      assert.deepEqual([anew.ok, anew.problem?.sequence], [false, 5])
      const cut = await audit.verifyLog({ expectedHead: { ...head, sequence: 9 } })
      assert.deepEqual([cut.ok, cut.problem?.sequence], [false, 9])
    },
  },
  edited('edited', 'an entry that was edited', (document) => ({ ...document, actor: 'b' }), {
    problem: third,
    bad: ['e3'],
  }),
  edited('state-edited', 'an entry whose state was edited', (document) => ({ ...document, state_after: 9 }), {
    problem: third,
    bad: ['e3'],
  }),
  edited('member-added', 'an entry with a member added', (document) => ({ ...document, more: 1 }), {
    problem: third,
    bad: ['e3'],
  }),
  edited('broken', 'an entry that is no longer one', () => '[]', {
    problem: third,
    bad: ['e2', 'e3', 'e4'],
  }),
  edited(
    'hash-replaced',
    'an entry whose hash was replaced, with the one behind it',
    (document) => ({ ...document, content_hash: '0'.repeat(64) }),
    { problem: third, bad: ['e3', 'e4'] },
  ),
  edited(
    'resealed',
    'an entry edited and sealed anew, with the one behind it',
    (document, tenant) => resealed({ ...document, state_after: 9 }, tenant),
    { problem: third, bad: ['e3', 'e4'] },
  ),
  edited(
    'moved',
    'an entry moved to another place',
    (document, tenant) => resealed({ ...document, sequence: 5 }, tenant),
    { problem: third, bad: ['e3', 'e4'] },
  ),
]
