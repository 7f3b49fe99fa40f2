/** The trust store: writes of many chains. */

import assert from 'node:assert/strict'
import type { AgentCase } from './agent-case.ts'
import { assertFails, unchecked } from './asking.ts'
import { aChain, aFullChain, INVALID, NOT_FOUND } from './trust-chains.ts'

const ALL = { activeOnly: false, expiration: 'any' } as const

export const trustBulkCases: readonly AgentCase[] = [
  {
    id: 'trust-bulk-isolated',
    title: 'changing the lists that bulk calls were given changes nothing of what they do',
    inTransactions: false,
    methods: ['trust.bulkStoreChains', 'trust.bulkDeleteChains'],
    run: async ({ store: { trust } }) => {
      const chains = [aChain('agent-1'), aChain('agent-2'), aChain('agent-3')]
      const storing = trust.bulkStoreChains(chains)
      chains.pop()
      await storing
      for (const softDelete of [true, false]) {
        const ids = ['agent-1', 'agent-2']
        const deleting = trust.bulkDeleteChains(ids, { softDelete })
        ids[0] = 'agent-3'
        await deleting
        assert.deepEqual(await trust.listChains(), [aChain('agent-3')])
      }
      assert.equal(await trust.countChains(ALL), 1)
    },
  },
  {
    id: 'trust-bulk-store',
    title: 'a bulk store stores all chains, over what is there, and answers their agents in order',
    methods: ['trust.bulkStoreChains', 'trust.listChains'],
    run: async ({ store: { trust }, clock }) => {
      await trust.storeChain(aChain('agent-2'))
      await trust.deleteChain('agent-2')
      clock.advance(1_000)
      const expiresAt = new Date(clock.now() + 1_000)
      const ids = await trust.bulkStoreChains([aChain('agent-3'), aFullChain('agent-2'), aChain('agent-1')], {
        expiresAt,
      })
      assert.deepEqual(ids, ['agent-3', 'agent-2', 'agent-1'])
      assert.deepEqual(await trust.listChains(), [
        aChain('agent-1'),
        aFullChain('agent-2'),
        aChain('agent-3'),
      ])
      const { record } = await trust.getChainEntry('agent-2')
      assert.equal(record.created_at, '2026-03-01T12:00:00.000Z')
      assert.equal(record.expires_at, expiresAt.toISOString())
      assert.deepEqual(await trust.bulkStoreChains([]), [])
    },
  },
  {
    id: 'trust-bulk-store-twice',
    title: 'of two chains of one agent in a bulk store the later wins',
    methods: ['trust.bulkStoreChains'],
    run: async ({ store: { trust } }) => {
      await trust.bulkStoreChains([aFullChain('agent-1'), aChain('agent-1')])
      assert.deepEqual(await trust.listChains(), [aChain('agent-1')])
      assert.equal((await trust.getChainEntry('agent-1')).version, 2)
    },
  },
  {
    id: 'trust-bulk-update',
    title: 'a bulk update replaces active chains and answers their versions',
    methods: ['trust.bulkUpdateChains'],
    run: async ({ store: { trust }, clock }) => {
      const expiresAt = new Date(clock.now() + 1_000)
      await trust.bulkStoreChains([aChain('agent-1'), aChain('agent-2')], { expiresAt })
      assert.deepEqual(await trust.bulkUpdateChains([aFullChain('agent-2'), aFullChain('agent-1')]), [2, 2])
      assert.deepEqual(await trust.listChains(), [aFullChain('agent-1'), aFullChain('agent-2')])
      assert.equal((await trust.getChainEntry('agent-1')).record.expires_at, expiresAt.toISOString())
      assert.deepEqual(await trust.bulkUpdateChains([]), [])
    },
  },
  {
    id: 'trust-bulk-update-missing',
    title: 'a bulk update with one agent that has no active chain changes nothing and names the index',
    methods: ['trust.bulkUpdateChains'],
    run: async ({ store: { trust } }) => {
      await trust.bulkStoreChains([aChain('agent-1'), aChain('agent-2')])
      await trust.deleteChain('agent-2')
      for (const missing of ['agent-2', 'agent-3']) {
        const chains = [aFullChain('agent-1'), aFullChain(missing)]
        await assertFails(() => trust.bulkUpdateChains(chains), 'NOT_FOUND', { ...NOT_FOUND, index: 1 })
      }
      assert.deepEqual(await trust.listChains(), [aChain('agent-1')])
    },
  },
  {
    id: 'trust-bulk-expired',
    title: 'a bulk write of one expired chain changes nothing and names the index',
    methods: ['trust.bulkStoreChains', 'trust.bulkUpdateChains'],
    run: async ({ store: { trust }, clock }) => {
      await trust.bulkStoreChains([aChain('agent-1'), aChain('agent-2')])
      const expired = aFullChain('agent-2')
      expired.genesis.expires_at = new Date(clock.now()).toISOString()
      const chains = [aFullChain('agent-1'), expired]
      await assertFails(() => trust.bulkStoreChains(chains), 'INVALID_ARGUMENT', { ...INVALID, index: 1 })
      await assertFails(() => trust.bulkUpdateChains(chains), 'INVALID_ARGUMENT', { ...INVALID, index: 1 })
      assert.deepEqual(await trust.listChains(), [aChain('agent-1'), aChain('agent-2')])
    },
  },
  {
    id: 'trust-bulk-delete',
    title: 'a bulk delete is soft unless told otherwise; a hard one takes inactive chains and histories too',
    methods: ['trust.bulkDeleteChains', 'trust.countChains', 'trust.chainHistory'],
    run: async ({ store: { trust } }) => {
      const ids = ['agent-1', 'agent-2', 'agent-3']
      await trust.bulkStoreChains(ids.map((id) => aChain(id)))
      await trust.bulkDeleteChains(['agent-3', 'agent-1'])
      assert.deepEqual(await trust.listChains(), [aChain('agent-2')])
      assert.equal(await trust.countChains(ALL), 3)
      await trust.bulkDeleteChains(ids, { softDelete: false })
      assert.equal(await trust.countChains(ALL), 0)
      for (const id of ids) assert.deepEqual(await trust.chainHistory(id), [])
      await trust.bulkDeleteChains([])
    },
  },
  {
    id: 'trust-bulk-delete-missing',
    title: 'a bulk delete with one agent that has no chain, or has been named before, deletes nothing',
    methods: ['trust.bulkDeleteChains'],
    run: async ({ store: { trust } }) => {
      await trust.bulkStoreChains([aChain('agent-1'), aChain('agent-2')])
      for (const softDelete of [true, false]) {
        for (const missing of ['nobody', 'agent-1']) {
          const ids = ['agent-1', missing]
          const refused = { ...NOT_FOUND, index: 1 }
          await assertFails(() => trust.bulkDeleteChains(ids, { softDelete }), 'NOT_FOUND', refused)
        }
      }
      await trust.deleteChain('agent-2')
      const refused = { ...NOT_FOUND, index: 1 }
      await assertFails(() => trust.bulkDeleteChains(['agent-1', 'agent-2']), 'NOT_FOUND', refused)
      assert.deepEqual(await trust.listChains(), [aChain('agent-1')])
    },
  },
  {
    id: 'trust-bulk-arguments',
    title: 'bulk calls take arrays and known options',
    methods: ['trust.bulkStoreChains', 'trust.bulkUpdateChains', 'trust.bulkDeleteChains'],
    run: async ({ store: { trust } }) => {
      await assertFails(() => trust.bulkStoreChains(unchecked(aChain('agent-1'))), 'INVALID_ARGUMENT')
      await assertFails(() => trust.bulkUpdateChains(unchecked(undefined)), 'INVALID_ARGUMENT')
      await assertFails(() => trust.bulkDeleteChains(unchecked('agent-1')), 'INVALID_ARGUMENT')
      await assertFails(() => trust.bulkDeleteChains(['']), 'INVALID_ARGUMENT')
      await assertFails(() => trust.bulkStoreChains([], unchecked({ ifVersion: 1 })), 'INVALID_ARGUMENT')
      await assertFails(() => trust.bulkUpdateChains([], unchecked({ all: true })), 'INVALID_ARGUMENT')
      await assertFails(() => trust.bulkDeleteChains([], unchecked({ ifVersion: 1 })), 'INVALID_ARGUMENT')
    },
  },
]
