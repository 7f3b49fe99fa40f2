/** The trust store: storing, reading, updating and deleting one chain. */

import assert from 'node:assert/strict'
import { isStoreError } from '@coffer/core'
import { trustChainHash } from '../../src/index.ts'
import type { AgentCase } from './agent-case.ts'
import { assertFails, unchecked } from './asking.ts'
import { trustBulkCases } from './trust-bulk.ts'
import { aCapability, aChain, aFullChain, aGenesis, NOT_FOUND } from './trust-chains.ts'
import { trustInvalidCases } from './trust-invalid.ts'
import { trustListCases } from './trust-lists.ts'
import { trustPastCases } from './trust-past.ts'

const HOUR_MS = 3_600_000

const storeCases: readonly AgentCase[] = [
  {
    id: 'trust-round-trip',
    title: 'a chain comes back as it was stored, its timestamps to the last digit',
    methods: ['trust.storeChain', 'trust.getChain'],
    run: async ({ store: { trust } }) => {
      const chain = aFullChain('agent-1')
      assert.equal(await trust.storeChain(chain), 'agent-1')
      assert.deepEqual(await trust.getChain('agent-1'), chain)
    },
  },
  {
    id: 'trust-genesis-alone',
    title: 'a chain of its genesis record alone has empty lists, ready to be added to',
    methods: ['trust.storeChain', 'trust.getChain', 'trust.updateChain'],
    run: async ({ store: { trust } }) => {
      await trust.storeChain({ genesis: aGenesis('agent-1') })
      const chain = await trust.getChain('agent-1')
      assert.deepEqual(chain, aChain('agent-1'))
      chain.capabilities.push(aCapability('cap-1'))
      assert.equal(await trust.updateChain('agent-1', chain), 2)
      assert.deepEqual((await trust.getChain('agent-1')).capabilities, [aCapability('cap-1')])
    },
  },
  {
    id: 'trust-row',
    title: 'the row says the hash, the authority, the times, the activity and the deadline',
    methods: ['trust.getChainEntry', 'trust.storeChain'],
    run: async ({ store: { trust }, clock }) => {
      const chain = aChain('agent-1')
      await trust.storeChain(chain, { expiresAt: new Date(clock.now() + HOUR_MS) })
      assert.deepEqual(await trust.getChainEntry('agent-1'), {
        version: 1,
        record: {
          id: 'agent-1',
          chain_data: chain,
          chain_hash: trustChainHash(chain),
          authority_id: 'org-acme',
          created_at: '2026-03-01T12:00:00.000Z',
          updated_at: '2026-03-01T12:00:00.000Z',
          is_active: true,
          expires_at: '2026-03-01T13:00:00.000Z',
          given_expires_at: '2026-03-01T13:00:00.000Z',
        },
      })
    },
  },
  {
    id: 'trust-upsert',
    title: 'storing again replaces the chain, and keeps when it was first stored',
    methods: ['trust.storeChain', 'trust.getChainEntry'],
    run: async ({ store: { trust }, clock }) => {
      await trust.storeChain(aChain('agent-1'), { expiresAt: new Date(clock.now() + HOUR_MS) })
      clock.advance(1_000)
      const chain = aChain('agent-1', { genesis: aGenesis('agent-1', { authority_id: 'org-other' }) })
      await trust.storeChain(chain)
      const { record, version } = await trust.getChainEntry('agent-1')
      assert.equal(version, 2)
      assert.equal(record.created_at, '2026-03-01T12:00:00.000Z')
      assert.equal(record.updated_at, '2026-03-01T12:00:01.000Z')
      assert.equal(record.authority_id, 'org-other')
      assert.equal(record.expires_at, null)
      assert.equal(record.chain_hash, trustChainHash(chain))
    },
  },
  {
    id: 'trust-concurrent-upserts',
    title: 'chains of one agent stored at once are all stored, one after the other',
    methods: ['trust.storeChain', 'trust.chainHistory'],
    inTransactions: false,
    run: async ({ store: { trust } }) => {
      const chains = Array.from({ length: 20 }, (_each, n) => aChain('agent-1', { metadata: { n } }))
      await Promise.all(chains.map((chain) => trust.storeChain(chain)))
      const stored = (await trust.chainHistory('agent-1')).map(({ record }) => record.chain_data.metadata?.n)
      assert.deepEqual(
        stored.sort((left, right) => Number(left) - Number(right)),
        chains.map((_chain, n) => n),
      )
    },
  },
  {
    id: 'trust-isolated',
    title: 'changing a chain that was stored or read changes nothing in the store',
    methods: ['trust.storeChain', 'trust.getChain'],
    inTransactions: false,
    run: async ({ store: { trust } }) => {
      const chain = aFullChain('agent-1')
      const stored = trust.storeChain(chain)
      chain.capabilities.length = 0
      await stored
      const read = await trust.getChain('agent-1')
      read.delegations.length = 0
      assert.deepEqual(await trust.getChain('agent-1'), aFullChain('agent-1'))
    },
  },
  {
    id: 'trust-missing',
    title: 'an agent without a chain is an error of its own, with the agent in keys alone',
    methods: ['trust.getChain', 'trust.getChainEntry', 'trust.updateChain', 'trust.deleteChain'],
    run: async ({ store: { trust } }) => {
      await assertFails(trust.getChain('secret-agent'), 'NOT_FOUND', NOT_FOUND)
      await assertFails(trust.getChainEntry('secret-agent'), 'NOT_FOUND', NOT_FOUND)
      await assertFails(trust.getChain('secret-agent', { includeInactive: true }), 'NOT_FOUND', NOT_FOUND)
      await assertFails(trust.updateChain('secret-agent', aChain('secret-agent')), 'NOT_FOUND', NOT_FOUND)
      await assertFails(trust.deleteChain('secret-agent'), 'NOT_FOUND', NOT_FOUND)
      await assertFails(trust.deleteChain('secret-agent', { softDelete: false }), 'NOT_FOUND', NOT_FOUND)
      const error: unknown = await trust.getChain('secret-agent').catch((thrown: unknown) => thrown)
      assert.ok(isStoreError(error, 'NOT_FOUND'))
      assert.deepEqual(error.keys, ['secret-agent'])
      assert.ok(!error.message.includes('secret-agent'))
    },
  },
  {
    id: 'trust-soft-delete',
    title: 'a soft delete hides a chain from everything but includeInactive, until it is stored again',
    methods: ['trust.deleteChain', 'trust.getChain', 'trust.storeChain', 'trust.updateChain'],
    run: async ({ store: { trust }, clock }) => {
      await trust.storeChain(aFullChain('agent-1'))
      clock.advance(1_000)
      assert.equal(await trust.deleteChain('agent-1'), undefined)
      await assertFails(trust.getChain('agent-1'), 'NOT_FOUND', NOT_FOUND)
      await assertFails(trust.updateChain('agent-1', aChain('agent-1')), 'NOT_FOUND', NOT_FOUND)
      await assertFails(trust.deleteChain('agent-1', { softDelete: true }), 'NOT_FOUND', NOT_FOUND)
      const chain = await trust.getChain('agent-1', { includeInactive: true })
      assert.deepEqual(chain, aFullChain('agent-1'))
      const { record } = await trust.getChainEntry('agent-1', { includeInactive: true })
      assert.equal(record.is_active, false)
      await trust.storeChain(chain)
      assert.equal((await trust.getChainEntry('agent-1')).record.created_at, '2026-03-01T12:00:00.000Z')
    },
  },
  {
    id: 'trust-hard-delete',
    title: 'a hard delete takes the chain and its history, active or not, and versions go on',
    methods: ['trust.deleteChain', 'trust.chainHistory', 'trust.storeChain'],
    run: async ({ store: { trust } }) => {
      for (const soft of [false, true]) {
        await trust.storeChain(aChain('agent-1'))
        if (soft) await trust.deleteChain('agent-1')
        const { version } = await trust.getChainEntry('agent-1', { includeInactive: true })
        await trust.deleteChain('agent-1', { softDelete: false })
        await assertFails(trust.getChain('agent-1', { includeInactive: true }), 'NOT_FOUND', NOT_FOUND)
        assert.deepEqual(await trust.chainHistory('agent-1'), [])
        await trust.storeChain(aChain('agent-1'))
        assert.ok((await trust.getChainEntry('agent-1')).version > version)
      }
    },
  },
]

const guardCases: readonly AgentCase[] = [
  {
    id: 'trust-if-version',
    title: 'ifVersion lets the first of two writers through and tells the second',
    methods: ['trust.updateChain', 'trust.storeChain', 'trust.deleteChain', 'trust.getChainEntry'],
    run: async ({ store: { trust } }) => {
      await trust.storeChain(aChain('agent-1'), { ifVersion: 0 })
      const { version } = await trust.getChainEntry('agent-1')
      assert.equal(
        await trust.updateChain('agent-1', aFullChain('agent-1'), { ifVersion: version }),
        version + 1,
      )
      await assertFails(
        trust.updateChain('agent-1', aChain('agent-1'), { ifVersion: version }),
        'VERSION_CONFLICT',
      )
      for (const stale of [0, version]) {
        await assertFails(trust.storeChain(aChain('agent-1'), { ifVersion: stale }), 'VERSION_CONFLICT')
      }
      for (const softDelete of [true, false]) {
        await assertFails(
          trust.deleteChain('agent-1', { softDelete, ifVersion: version }),
          'VERSION_CONFLICT',
        )
      }
      assert.deepEqual(await trust.getChain('agent-1'), aFullChain('agent-1'))
      await trust.storeChain(aChain('agent-1'), { ifVersion: version + 1 })
      await trust.deleteChain('agent-1', { ifVersion: version + 2 })
      await trust.deleteChain('agent-1', { softDelete: false, ifVersion: version + 3 })
    },
  },
  {
    id: 'trust-if-version-missing',
    title: 'a version of a chain that is not there never matches',
    methods: ['trust.storeChain'],
    run: async ({ store: { trust } }) => {
      await assertFails(trust.storeChain(aChain('agent-1'), { ifVersion: 1 }), 'VERSION_CONFLICT')
      await assertFails(trust.getChain('agent-1'), 'NOT_FOUND', NOT_FOUND)
    },
  },
  {
    id: 'trust-tenants',
    title: 'a tenant has chains of its own',
    methods: ['trust.storeChain', 'trust.getChain', 'trust.countChains'],
    run: async ({ store, otherTenant }) => {
      await store.trust.storeChain(aChain('agent-1'))
      await assertFails(otherTenant.trust.getChain('agent-1'), 'NOT_FOUND', NOT_FOUND)
      assert.equal(await otherTenant.trust.countChains(), 0)
      await assertFails(otherTenant.trust.deleteChain('agent-1', { softDelete: false }), 'NOT_FOUND')
      assert.equal(await store.trust.countChains(), 1)
    },
  },
  {
    id: 'trust-transaction',
    title: 'writes of a transaction happen together or not at all',
    methods: ['trust.storeChain', 'trust.deleteChain', 'trust.bulkStoreChains'],
    inTransactions: false,
    run: async ({ store }) => {
      await store.trust.storeChain(aChain('agent-1'))
      const failing = store.transaction(async (tx) => {
        await tx.trust.deleteChain('agent-1', { softDelete: false })
        await tx.trust.bulkStoreChains([aChain('agent-2'), aChain('agent-3')])
        assert.equal(await tx.trust.countChains(), 2)
        throw new Error('changed my mind')
      })
      await assert.rejects(failing, /changed my mind/)
      assert.deepEqual(await store.trust.listChains(), [aChain('agent-1')])
    },
  },
  {
    id: 'trust-unknown-options',
    title: 'options that are not known, and values that they do not take, are refused',
    methods: [
      'trust.storeChain',
      'trust.updateChain',
      'trust.deleteChain',
      'trust.getChain',
      'trust.getChainEntry',
    ],
    run: async ({ store: { trust } }) => {
      const chain = aChain('agent-1')
      await assertFails(() => trust.storeChain(chain, unchecked({ ttl: 1 })), 'INVALID_ARGUMENT')
      await assertFails(() => trust.storeChain(chain, { expiresAt: 'tomorrow' }), 'INVALID_ARGUMENT')
      await assertFails(
        () => trust.storeChain(chain, { expiresAt: new Date(Number.NaN) }),
        'INVALID_ARGUMENT',
      )
      for (const ifVersion of [-1, 0.5, '1']) {
        await assertFails(() => trust.storeChain(chain, unchecked({ ifVersion })), 'INVALID_ARGUMENT')
      }
      assert.equal(await trust.countChains({ activeOnly: false, expiration: 'any' }), 0)
      await trust.storeChain(chain)
      await assertFails(
        () => trust.updateChain('agent-1', chain, unchecked({ force: 1 })),
        'INVALID_ARGUMENT',
      )
      await assertFails(() => trust.deleteChain('agent-1', unchecked({ soft: true })), 'INVALID_ARGUMENT')
      await assertFails(() => trust.deleteChain('agent-1', unchecked({ softDelete: 0 })), 'INVALID_ARGUMENT')
      await assertFails(() => trust.getChain('agent-1', unchecked({ inactive: true })), 'INVALID_ARGUMENT')
      await assertFails(
        () => trust.getChainEntry('agent-1', unchecked({ includeInactive: 1 })),
        'INVALID_ARGUMENT',
      )
      await assertFails(() => trust.getChain(''), 'INVALID_ARGUMENT')
      assert.deepEqual(await trust.getChain('agent-1'), chain)
    },
  },
]

export const trustCases: readonly AgentCase[] = [
  ...storeCases,
  ...guardCases,
  ...trustInvalidCases,
  ...trustBulkCases,
  ...trustListCases,
  ...trustPastCases,
]
