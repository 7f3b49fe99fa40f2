/** The trust store: what is no chain, contradicts itself or is expired, and deadlines. */

import assert from 'node:assert/strict'
import { StoreError } from '@coffer/core'
import type { NewTrustLineageChain } from '../../src/index.ts'
import { TrustChainInvalidError, TrustStoreError } from '../../src/index.ts'
import type { AgentCase } from './agent-case.ts'
import { assertFails, unchecked } from './asking.ts'
import { aCapability, aChain, aDelegation, aFullChain, aGenesis, anAnchor, INVALID } from './trust-chains.ts'

const HOUR_MS = 3_600_000
const AGENT = 'agent-1'

/** What makes each of them no chain: the case's last words, the chain and what the error says of it. */
const INVALID_CHAINS: readonly (readonly [string, string, unknown, RegExp])[] = [
  ['nothing', 'what is no object', undefined, /object/],
  ['no-genesis', 'no genesis record', { capabilities: [] }, /genesis/],
  ['unknown-member', 'an unknown member', { ...aChain(AGENT), signature: 'x' }, /signature/],
  [
    'unknown-inner-member',
    'an unknown member further down',
    aChain(AGENT, { genesis: unchecked({ ...aGenesis(AGENT), risk: 1 }) }),
    /risk/,
  ],
  ['agent-id', 'an agent’s id that is longer than a key', aChain('é'.repeat(513)), /genesis\.agent_id/],
  [
    'naive-time',
    'a time without a zone',
    aChain(AGENT, { genesis: aGenesis(AGENT, { created_at: '2026-03-01T11:00:00' }) }),
    /genesis\.created_at/,
  ],
  ['not-json', 'metadata that is not JSON', aChain(AGENT, { metadata: { at: new Date(0) } }), /metadata\.at/],
  ['not-finite', 'a number that JSON does not have', aChain(AGENT, { metadata: { n: Number.NaN } }), /n/],
  ['itself', 'metadata that contains itself', aChain(AGENT, { metadata: selfContaining() }), /nested/],
  [
    'proto',
    'a member that would be dropped',
    aChain(AGENT, { metadata: JSON.parse('{"__proto__":1}') }),
    /__proto__/,
  ],
  [
    'other-capability',
    'a capability of another agent',
    aChain(AGENT, { capabilities: [aCapability('c', { agent_id: 'agent-2' })] }),
    /capabilities\.0: it names another agent/,
  ],
  [
    'other-delegation',
    'a delegation among other agents',
    aChain(AGENT, { delegations: [aDelegation('a', 'h', AGENT), aDelegation('b', 'agent-2', 'agent-3')] }),
    /delegations\.1: it names other agents/,
  ],
  [
    'passed-on-delegation',
    'a delegation that other agents pass on',
    aChain(AGENT, {
      delegations: [aDelegation('a', AGENT, 'agent-2'), aDelegation('b', 'agent-2', 'agent-3', 'a')],
    }),
    /delegations\.1: it names other agents/,
  ],
  [
    'other-anchor',
    'an audit anchor of another agent',
    aChain(AGENT, { audit_anchors: [anAnchor('a', 'agent-2')] }),
    /audit_anchors\.0: it names another agent/,
  ],
  [
    'duplicate-capability',
    'two capabilities with one id',
    aChain(AGENT, { capabilities: [aCapability('c'), aCapability('c')] }),
    /capabilities\.1: its id/,
  ],
  [
    'duplicate-delegation',
    'two delegations with one id',
    aChain(AGENT, { delegations: [aDelegation('d', 'h', AGENT), aDelegation('d', 'i', AGENT)] }),
    /delegations\.1: its id/,
  ],
  [
    'duplicate-anchor',
    'two audit anchors with one id',
    aChain(AGENT, { audit_anchors: [anAnchor('a', AGENT), anAnchor('a', AGENT)] }),
    /audit_anchors\.1: its id/,
  ],
  [
    'duplicate-constraint',
    'two constraints with one id',
    aChain(AGENT, {
      constraints: [1, 2].map((value) => ({ id: 'c', constraint_type: 'data_scope', value })),
    }),
    /constraints\.1: its id/,
  ],
  [
    'no-parent-delegation',
    'a delegation whose parent is not in the chain',
    aChain(AGENT, { delegations: [aDelegation('a', 'h', AGENT, 'nobody')] }),
    /delegations\.0: its parent/,
  ],
  [
    'no-parent-anchor',
    'an audit anchor whose parent is not in the chain',
    aChain(AGENT, { audit_anchors: [anAnchor('a', AGENT, { parent_anchor_id: 'nobody' })] }),
    /audit_anchors\.0: its parent/,
  ],
  [
    'delegation-parents-cycle',
    'delegations that are parents of each other',
    aChain(AGENT, { delegations: [aDelegation('a', 'h', AGENT, 'b'), aDelegation('b', 'i', AGENT, 'a')] }),
    /delegations\.0: its parents go round/,
  ],
  [
    'anchor-cycle',
    'an audit anchor that is its own parent',
    aChain(AGENT, { audit_anchors: [anAnchor('a', AGENT, { parent_anchor_id: 'a' })] }),
    /audit_anchors\.0: its parents go round/,
  ],
  [
    'trust-cycle',
    'trust that comes back to who gave it',
    aChain(AGENT, {
      delegations: [
        aDelegation('a', 'agent-2', 'agent-3'),
        aDelegation('b', 'agent-3', AGENT, 'a'),
        aDelegation('c', AGENT, 'agent-2'),
      ],
    }),
    /delegations\.0: trust goes round/,
  ],
  [
    'self-delegation',
    'a delegation to itself',
    aChain(AGENT, { delegations: [aDelegation('a', AGENT, AGENT)] }),
    /delegations\.0: trust goes round/,
  ],
]

function selfContaining(): Record<string, unknown> {
  const metadata: Record<string, unknown> = {}
  metadata.self = metadata
  return metadata
}

const invalidCases: readonly AgentCase[] = INVALID_CHAINS.map(([id, what, chain, message]) => ({
  id: `trust-invalid-${id}`,
  title: `${what} is refused by storing and updating, and nothing changes`,
  methods: ['trust.storeChain', 'trust.updateChain', 'trust.bulkStoreChains', 'trust.bulkUpdateChains'],
  run: async ({ store: { trust } }) => {
    const bad = chain as NewTrustLineageChain
    const refusal = { ...INVALID, message }
    await assertFails(() => trust.storeChain(bad), 'INVALID_ARGUMENT', refusal)
    await trust.storeChain(aFullChain(AGENT))
    await assertFails(() => trust.storeChain(bad), 'INVALID_ARGUMENT', refusal)
    await assertFails(() => trust.updateChain(AGENT, bad), 'INVALID_ARGUMENT', refusal)
    const both = [aChain(AGENT), bad]
    await assertFails(() => trust.bulkStoreChains(both), 'INVALID_ARGUMENT', { ...refusal, index: 1 })
    await assertFails(() => trust.bulkUpdateChains(both), 'INVALID_ARGUMENT', { ...refusal, index: 1 })
    assert.deepEqual(await trust.getChainEntry(AGENT).then((entry) => entry.version), 1)
    assert.deepEqual(await trust.getChain(AGENT), aFullChain(AGENT))
  },
}))

const deadlineCases: readonly AgentCase[] = [
  {
    id: 'trust-expired-chain',
    title: 'a chain that is expired by the clock of the store is not stored, from its very deadline on',
    methods: ['trust.storeChain', 'trust.updateChain'],
    run: async ({ store: { trust }, clock }) => {
      const now = new Date(clock.now()).toISOString()
      const expired = aChain(AGENT, { genesis: aGenesis(AGENT, { expires_at: now }) })
      await assertFails(() => trust.storeChain(expired), 'INVALID_ARGUMENT', INVALID)
      await assertFails(
        () => trust.storeChain(aChain(AGENT), { expiresAt: now }),
        'INVALID_ARGUMENT',
        INVALID,
      )
      await trust.storeChain(aChain(AGENT), { expiresAt: new Date(clock.now() + 1) })
      await assertFails(() => trust.updateChain(AGENT, expired), 'INVALID_ARGUMENT', INVALID)
      const past = { expiresAt: new Date(clock.now() - 1) }
      await assertFails(() => trust.updateChain(AGENT, aChain(AGENT), past), 'INVALID_ARGUMENT', INVALID)
      assert.equal((await trust.getChainEntry(AGENT)).version, 1)
    },
  },
  {
    id: 'trust-expiry',
    title: 'a chain is answered until its deadline, and from then on only where expired ones are asked for',
    methods: ['trust.getChain', 'trust.getChainEntry'],
    run: async ({ store: { trust }, clock }) => {
      await trust.storeChain(aChain(AGENT), { expiresAt: new Date(clock.now() + HOUR_MS) })
      clock.advance(HOUR_MS - 1)
      assert.deepEqual(await trust.getChain(AGENT), aChain(AGENT))
      clock.advance(1)
      await assertFails(() => trust.getChain(AGENT), 'INVALID_ARGUMENT', { ...INVALID, message: /expired/ })
      await assertFails(() => trust.getChainEntry(AGENT), 'INVALID_ARGUMENT', INVALID)
      await assertFails(() => trust.getChain(AGENT, { includeInactive: true }), 'INVALID_ARGUMENT', INVALID)
      assert.deepEqual(await trust.getChain(AGENT, { includeExpired: true }), aChain(AGENT))
    },
  },
  {
    id: 'trust-earlier-deadline',
    title: 'of the deadline in the genesis record and the one given, the earlier counts',
    methods: ['trust.storeChain', 'trust.getChainEntry'],
    run: async ({ store: { trust } }) => {
      const [early, late] = ['2026-04-01T00:00:00.000Z', '2026-05-01T00:00:00.000Z']
      for (const [genesis, given] of [
        [early, late],
        [late, early],
        [early, undefined],
        [undefined, early],
      ] as const) {
        const chain = aChain(AGENT, {
          genesis: aGenesis(AGENT, genesis === undefined ? {} : { expires_at: genesis }),
        })
        await trust.storeChain(chain, { expiresAt: given })
        assert.equal((await trust.getChainEntry(AGENT)).record.expires_at, early)
      }
    },
  },
  {
    id: 'trust-deadline-of-updates',
    title: 'an update keeps the deadline that was given, unless it is told another or none',
    methods: ['trust.updateChain', 'trust.getChainEntry'],
    run: async ({ store: { trust } }) => {
      const deadline = async () => (await trust.getChainEntry(AGENT)).record.expires_at
      const until = (expires_at: string) => aChain(AGENT, { genesis: aGenesis(AGENT, { expires_at }) })
      await trust.storeChain(until('2026-04-01T00:00:00Z'), { expiresAt: '2026-05-01T02:00:00+02:00' })
      await trust.updateChain(AGENT, until('2026-06-01T00:00:00Z'))
      assert.equal(await deadline(), '2026-05-01T00:00:00.000Z')
      await trust.updateChain(AGENT, aChain(AGENT), { expiresAt: new Date('2026-07-01T00:00:00Z') })
      assert.equal(await deadline(), '2026-07-01T00:00:00.000Z')
      await trust.updateChain(AGENT, aChain(AGENT), { expiresAt: null })
      assert.equal(await deadline(), null)
    },
  },
  {
    id: 'trust-renewal',
    title: 'an expired chain is renewed by a new deadline, and by nothing else',
    methods: ['trust.updateChain', 'trust.storeChain', 'trust.getChain'],
    run: async ({ store: { trust }, clock }) => {
      await trust.storeChain(aChain(AGENT), { expiresAt: new Date(clock.now() + HOUR_MS) })
      clock.advance(2 * HOUR_MS)
      await assertFails(() => trust.updateChain(AGENT, aChain(AGENT)), 'INVALID_ARGUMENT', INVALID)
      const expiresAt = new Date(clock.now() + HOUR_MS)
      await trust.updateChain(AGENT, await trust.getChain(AGENT, { includeExpired: true }), { expiresAt })
      assert.deepEqual(await trust.getChain(AGENT), aChain(AGENT))
    },
  },
  {
    id: 'trust-other-agent',
    title: 'an update takes no chain of another agent',
    methods: ['trust.updateChain'],
    run: async ({ store: { trust } }) => {
      await trust.storeChain(aChain(AGENT))
      await assertFails(() => trust.updateChain(AGENT, aChain('agent-2')), 'INVALID_ARGUMENT', INVALID)
      assert.deepEqual(await trust.listChains(), [aChain(AGENT)])
    },
  },
  {
    id: 'trust-error-classes',
    title: 'the errors are those of the document, each a StoreError too',
    methods: ['trust.storeChain'],
    run: async ({ store: { trust } }) => {
      const error: unknown = await trust.storeChain(unchecked({})).catch((thrown: unknown) => thrown)
      assert.ok(error instanceof TrustChainInvalidError)
      assert.ok(error instanceof TrustStoreError)
      assert.ok(error instanceof StoreError)
    },
  },
]

export const trustInvalidCases: readonly AgentCase[] = [...invalidCases, ...deadlineCases]
