/** The trust store: earlier versions, and proof that nothing was changed behind its back. */

import assert from 'node:assert/strict'
import { type TrustChainRecord, trustChainHash, trustChains } from '../../src/index.ts'
import type { AgentCase, AgentCaseContext } from './agent-case.ts'
import { assertFails, unchecked } from './asking.ts'
import { aChain, aFullChain, INVALID, NOT_FOUND } from './trust-chains.ts'

const HOUR_MS = 3_600_000
const AGENT = 'agent-1'

const pastCases: readonly AgentCase[] = [
  {
    id: 'trust-history',
    title: 'the history tells every version, newest first, soft deletes and restores among them',
    methods: ['trust.chainHistory', 'trust.pageChainHistory'],
    run: async ({ store: { trust }, clock }) => {
      const start = clock.now()
      await trust.storeChain(aChain(AGENT))
      clock.advance(1_000)
      await trust.updateChain(AGENT, aFullChain(AGENT))
      clock.advance(1_000)
      await trust.deleteChain(AGENT)
      clock.advance(1_000)
      await trust.storeChain(aFullChain(AGENT))
      const history = await trust.chainHistory(AGENT)
      assert.deepEqual(
        history.map(({ version, changedAt, record }) => [
          version,
          changedAt.getTime() - start,
          record.is_active,
        ]),
        [
          [4, 3_000, true],
          [3, 2_000, false],
          [2, 1_000, true],
          [1, 0, true],
        ],
      )
      assert.deepEqual(history[3]?.record.chain_data, aChain(AGENT))
      assert.equal(history[2]?.record.chain_hash, trustChainHash(aFullChain(AGENT)))
      const first = await trust.pageChainHistory(AGENT, { limit: 3 })
      const second = await trust.pageChainHistory(AGENT, { limit: 3, cursor: first.next })
      assert.deepEqual([...first.records, ...second.records], history)
      assert.equal(second.next, undefined)
      assert.deepEqual(await trust.chainHistory('nobody'), [])
      await assertFails(() => trust.chainHistory(AGENT, { limit: 0 }), 'INVALID_ARGUMENT')
    },
  },
  {
    id: 'trust-as-of',
    title: 'a chain is told as it was at an instant, soft deletes and restores included',
    methods: ['trust.getChainAt'],
    run: async ({ store: { trust }, clock }) => {
      const start = clock.now()
      const at = (milliseconds: number) => new Date(start + milliseconds)
      await trust.storeChain(aChain(AGENT))
      clock.advance(1_000)
      await trust.updateChain(AGENT, aFullChain(AGENT))
      clock.advance(1_000)
      await trust.deleteChain(AGENT)
      clock.advance(1_000)
      await trust.storeChain(aChain(AGENT))
      await assertFails(() => trust.getChainAt(AGENT, at(-1)), 'NOT_FOUND', NOT_FOUND)
      assert.deepEqual(await trust.getChainAt(AGENT, at(0)), aChain(AGENT))
      assert.deepEqual(await trust.getChainAt(AGENT, at(999)), aChain(AGENT))
      assert.deepEqual(await trust.getChainAt(AGENT, at(1_000)), aFullChain(AGENT))
      await assertFails(() => trust.getChainAt(AGENT, at(2_000)), 'NOT_FOUND', NOT_FOUND)
      assert.deepEqual(await trust.getChainAt(AGENT, at(2_000), { includeInactive: true }), aFullChain(AGENT))
      assert.deepEqual(await trust.getChainAt(AGENT, at(3_000)), aChain(AGENT))
    },
  },
  {
    id: 'trust-as-of-version',
    title: 'a chain is told as a version, whatever its deadline',
    methods: ['trust.getChainAt'],
    run: async ({ store: { trust }, clock }) => {
      await trust.storeChain(aFullChain(AGENT), { expiresAt: new Date(clock.now() + HOUR_MS) })
      await trust.storeChain(aChain(AGENT))
      clock.advance(2 * HOUR_MS)
      assert.deepEqual(await trust.getChainAt(AGENT, { version: 1 }), aFullChain(AGENT))
      assert.deepEqual(await trust.getChainAt(AGENT, { version: 2 }), aChain(AGENT))
      await assertFails(() => trust.getChainAt(AGENT, { version: 3 }), 'NOT_FOUND', NOT_FOUND)
    },
  },
  {
    id: 'trust-as-of-expired',
    title: 'what was expired at the instant is told as expired, and was not before',
    methods: ['trust.getChainAt'],
    run: async ({ store: { trust }, clock }) => {
      const start = clock.now()
      const deadline = new Date(start + HOUR_MS)
      await trust.storeChain(aChain(AGENT), { expiresAt: deadline })
      clock.advance(2 * HOUR_MS)
      assert.deepEqual(await trust.getChainAt(AGENT, new Date(start + HOUR_MS - 1)), aChain(AGENT))
      await assertFails(() => trust.getChainAt(AGENT, deadline), 'INVALID_ARGUMENT', INVALID)
      assert.deepEqual(await trust.getChainAt(AGENT, deadline, { includeExpired: true }), aChain(AGENT))
    },
  },
  {
    id: 'trust-past-arguments',
    title: 'instants, versions and options that are none are refused',
    methods: [
      'trust.getChainAt',
      'trust.chainHistory',
      'trust.pageChainHistory',
      'trust.verifyChainIntegrity',
    ],
    run: async ({ store: { trust } }) => {
      await trust.storeChain(aChain(AGENT))
      for (const when of [new Date(Number.NaN), { version: 1.5 }, '2026-03-01T12:00:00Z', undefined]) {
        await assertFails(() => trust.getChainAt(AGENT, unchecked(when)), 'INVALID_ARGUMENT')
      }
      await assertFails(
        () => trust.getChainAt(AGENT, { version: 1 }, unchecked({ x: 1 })),
        'INVALID_ARGUMENT',
      )
      await assertFails(() => trust.pageChainHistory(AGENT, unchecked({ offset: 1 })), 'INVALID_ARGUMENT')
      await assertFails(() => trust.chainHistory(AGENT, { cursor: 'made up' }), 'INVALID_ARGUMENT')
      await assertFails(
        () => trust.verifyChainIntegrity(AGENT, unchecked({ deep: true })),
        'INVALID_ARGUMENT',
      )
    },
  },
]

/** Asserts that a change of the stored document behind the store's back is found, where one can be made. */
async function assertFound(
  { store, tamper }: AgentCaseContext,
  change: (row: TrustChainRecord) => object,
): Promise<void> {
  await store.trust.storeChain(aFullChain(AGENT))
  assert.equal(await store.trust.verifyChainIntegrity(AGENT), true)
  const edit = (document: string) => JSON.stringify(change(JSON.parse(document)))
  if (!(await tamper('trust_chains', AGENT, edit))) return
  assert.equal(await store.trust.verifyChainIntegrity(AGENT), false)
}

const integrityCases: readonly AgentCase[] = [
  {
    id: 'trust-integrity',
    title: 'a chain as it was stored, updated, deleted softly or expired is what was stored',
    methods: ['trust.verifyChainIntegrity'],
    run: async ({ store: { trust }, clock }) => {
      await trust.storeChain(aFullChain(AGENT), { expiresAt: new Date(clock.now() + HOUR_MS) })
      assert.equal(await trust.verifyChainIntegrity(AGENT), true)
      await trust.updateChain(AGENT, aChain(AGENT))
      assert.equal(await trust.verifyChainIntegrity(AGENT), true)
      clock.advance(HOUR_MS)
      assert.equal(await trust.verifyChainIntegrity(AGENT), true)
      await trust.deleteChain(AGENT)
      await assertFails(() => trust.verifyChainIntegrity(AGENT), 'NOT_FOUND', NOT_FOUND)
      assert.equal(await trust.verifyChainIntegrity(AGENT, { includeInactive: true }), true)
      await assertFails(() => trust.verifyChainIntegrity('nobody'), 'NOT_FOUND', NOT_FOUND)
    },
  },
  {
    id: 'trust-integrity-other-writer',
    title: 'a row whose chain and hash do not fit is found, though somebody wrote it through the store',
    methods: ['trust.verifyChainIntegrity'],
    run: async ({ store }) => {
      await store.trust.storeChain(aFullChain(AGENT))
      const rows = store.collection(trustChains)
      const { record } = await store.trust.getChainEntry(AGENT)
      for (const edited of [
        { ...record, chain_data: aChain(AGENT) },
        { ...record, chain_hash: trustChainHash(aChain(AGENT)) },
        { ...record, chain_hash: '' },
        { ...record, chain_hash: `${record.chain_hash.slice(0, -1)}é` },
      ]) {
        await rows.put(edited)
        assert.equal(await store.trust.verifyChainIntegrity(AGENT), false)
      }
      await rows.put(record)
      assert.equal(await store.trust.verifyChainIntegrity(AGENT), true)
    },
  },
  {
    id: 'trust-integrity-chain',
    title: 'a chain that was edited behind the back of the store is found',
    methods: ['trust.verifyChainIntegrity'],
    alone: true,
    run: (context) =>
      assertFound(context, (row) => ({ ...row, chain_data: { ...row.chain_data, capabilities: [] } })),
  },
  {
    id: 'trust-integrity-hash',
    title: 'a hash that was edited behind the back of the store is found',
    methods: ['trust.verifyChainIntegrity'],
    alone: true,
    run: (context) => assertFound(context, (row) => ({ ...row, chain_hash: '0'.repeat(64) })),
  },
  {
    id: 'trust-integrity-both',
    title: 'a chain that was edited together with its hash is found',
    methods: ['trust.verifyChainIntegrity'],
    alone: true,
    run: (context) =>
      assertFound(context, (row) => ({
        ...row,
        chain_data: aChain(AGENT),
        chain_hash: trustChainHash(aChain(AGENT)),
      })),
  },
  {
    id: 'trust-integrity-deadline',
    title: 'a deadline that was put off behind the back of the store is found',
    methods: ['trust.verifyChainIntegrity'],
    alone: true,
    run: (context) => assertFound(context, (row) => ({ ...row, expires_at: null })),
  },
  {
    id: 'trust-integrity-no-chain',
    title: 'a row that is no chain any more is found',
    methods: ['trust.verifyChainIntegrity'],
    alone: true,
    run: (context) => assertFound(context, () => ({ nothing: true })),
  },
]

export const trustPastCases: readonly AgentCase[] = [...pastCases, ...integrityCases]
