/** Snapshots of the state of an evolution. */

import assert from 'node:assert/strict'
import { canonicalJson, sha256 } from '@coffer/core'
import type { AgentCase } from './agent-case.ts'
import { assertFails, unchecked } from './asking.ts'
import { bred } from './chil-generations.ts'

const snapshot = { snapshot_id: 's', population: 'p' } as const

export const chilSnapshotCases: readonly AgentCase[] = [
  {
    id: 'chil-snapshot-saved',
    title: 'a snapshot comes back with the hash of its state, and is in order',
    methods: ['chil.evolution.saveSnapshot', 'chil.evolution.getSnapshot', 'chil.evolution.verifySnapshot'],
    run: async ({ store, otherTenant }) => {
      const { evolution } = store.chil
      await bred(store)
      const state = { b: [1, null], a: 'x' }
      const saved = await evolution.saveSnapshot({ ...snapshot, generation_id: 'g1', state })
      assert.deepEqual(saved, {
        ...snapshot,
        generation_id: 'g1',
        state,
        state_hash: sha256(canonicalJson(state)),
        created_at: '2026-03-01T12:00:00.000Z',
      })
      assert.deepEqual(await evolution.getSnapshot('s'), saved)
      assert.deepEqual(await evolution.verifySnapshot('s'), { ok: true })
      const kept = { expectedHash: saved.state_hash }
      assert.deepEqual(await evolution.verifySnapshot('s', kept), { ok: true })
      assert.equal((await evolution.verifySnapshot('s', { expectedHash: 'f'.repeat(64) })).ok, false)
      await assertFails(evolution.verifySnapshot('nobody'), 'NOT_FOUND')
      await assertFails(evolution.verifySnapshot('s', unchecked({ hash: 'f' })), 'INVALID_ARGUMENT')
      const nothing = unchecked(undefined)
      await assertFails(otherTenant.chil.evolution.verifySnapshot(nothing), 'INVALID_ARGUMENT')
      assert.equal(await evolution.getSnapshot('nobody'), undefined)
    },
  },
  {
    id: 'chil-snapshot-edited',
    title: 'a state or a hash that was edited behind the store’s back is found',
    methods: ['chil.evolution.verifySnapshot'],
    alone: true,
    run: async ({ store: { chil }, tamper }) => {
      const state = { best: 'a' }
      const { state_hash } = await chil.evolution.saveSnapshot({ ...snapshot, state })
      await chil.evolution.saveSnapshot({ ...snapshot, snapshot_id: 't', state })
      const edits = { s: ['"best"', '"worst"'], t: [state_hash, 'f'.repeat(64)] } as const
      for (const [id, [before, after]] of Object.entries(edits)) {
        const edited = await tamper('evolution_snapshots', id, (document) => document.replace(before, after))
        assert.equal((await chil.evolution.verifySnapshot(id)).ok, !edited)
      }
    },
  },
  {
    id: 'chil-snapshot-refused',
    title: 'a snapshot is saved once, of any JSON, and of a generation that is there',
    methods: ['chil.evolution.saveSnapshot'],
    run: async ({ store: { chil } }) => {
      const { evolution } = chil
      const circle: Record<string, unknown> = {}
      circle.self = circle
      for (const state of [undefined, () => 1, Number.NaN, 1n, new Map(), [undefined], circle]) {
        await assertFails(evolution.saveSnapshot({ ...snapshot, state }), 'INVALID_ARGUMENT')
      }
      await assertFails(evolution.saveSnapshot(unchecked({ ...snapshot, hash: 'f' })), 'INVALID_ARGUMENT')
      const astray = { ...snapshot, generation_id: 'nowhere', state: 1 }
      await assertFails(evolution.saveSnapshot(astray), 'REFERENCE_VIOLATION')
      assert.equal(await evolution.getSnapshot('s'), undefined)
      const saved = await evolution.saveSnapshot({ ...snapshot, state: null })
      await assertFails(evolution.saveSnapshot({ ...snapshot, state: 2 }), 'ALREADY_EXISTS')
      assert.deepEqual(await evolution.getSnapshot('s'), saved)
    },
  },
  {
    id: 'chil-snapshot-isolated',
    title: 'what the caller changes afterwards does not reach the snapshot',
    methods: ['chil.evolution.saveSnapshot'],
    inTransactions: false,
    run: async ({ store: { chil } }) => {
      const state = { best: ['a'] }
      const saving = chil.evolution.saveSnapshot({ ...snapshot, state })
      state.best.push('b')
      await saving
      assert.deepEqual((await chil.evolution.getSnapshot('s'))?.state, { best: ['a'] })
      assert.deepEqual(await chil.evolution.verifySnapshot('s'), { ok: true })
    },
  },
  {
    id: 'chil-snapshot-lists',
    title: 'snapshots are listed newest first, page by page, and deleted once',
    methods: [
      'chil.evolution.listSnapshots',
      'chil.evolution.pageSnapshots',
      'chil.evolution.deleteSnapshot',
    ],
    run: async ({ store: { chil }, clock }) => {
      const { evolution } = chil
      for (const snapshot_id of ['a', 'b', 'c']) {
        await evolution.saveSnapshot({ snapshot_id, population: snapshot_id === 'b' ? 'q' : 'p', state: 0 })
        clock.advance(1)
      }
      const ids = (snapshots: readonly { readonly snapshot_id: string }[]) =>
        snapshots.map((each) => each.snapshot_id).join('')
      assert.equal(ids(await evolution.listSnapshots()), 'cba')
      assert.equal(ids(await evolution.listSnapshots({ population: 'p', limit: 1 })), 'c')
      const page = await evolution.pageSnapshots({ limit: 2 })
      const next = await evolution.pageSnapshots({ limit: 2, cursor: page.next })
      assert.equal(ids([...page.records, ...next.records]), 'cba')
      assert.equal(await evolution.deleteSnapshot('a'), true)
      assert.equal(await evolution.deleteSnapshot('a'), false)
      assert.equal(ids(await evolution.listSnapshots()), 'cb')
      await assertFails(evolution.listSnapshots(unchecked({ state: 0 })), 'INVALID_ARGUMENT')
    },
  },
]
