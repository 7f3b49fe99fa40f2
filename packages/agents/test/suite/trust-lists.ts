/** The trust store: lists and counts. */

import assert from 'node:assert/strict'
import type { AgentStore, TrustChainFilter } from '../../src/index.ts'
import type { AgentCase } from './agent-case.ts'
import { assertFails, gathered, unchecked } from './asking.ts'
import { aCapability, aChain, aGenesis } from './trust-chains.ts'

const HOUR_MS = 3_600_000

/** Asserts which agents a filter means, by their last letter: of a list, of a walk and of a count. */
async function assertMeant(store: AgentStore, filter: TrustChainFilter, agents: string): Promise<void> {
  const listed = await store.trust.listChains(filter)
  const walked = await gathered(store.trust.iterateChains({ ...filter, limit: 2 }))
  assert.equal(listed.map(({ genesis }) => genesis.agent_id.at(-1)).join(''), agents)
  assert.deepEqual(walked, listed)
  assert.equal(await store.trust.countChains(filter), agents.length)
}

/** Chains a to e: b of another authority, c soft-deleted, d with capabilities, e with metadata. */
async function storeChains({ trust }: AgentStore): Promise<void> {
  await trust.bulkStoreChains([
    aChain('agent-e', {
      genesis: aGenesis('agent-e', { metadata: { team: 'Blue Whale', floor: 7 } }),
      metadata: { notes: ['Quarterly review', { city: 'Zürich' }] },
    }),
    aChain('agent-a', { metadata: { team: 'blue' } }),
    aChain('agent-b', { genesis: aGenesis('agent-b', { authority_id: 'org-other' }) }),
    aChain('agent-c'),
    aChain('agent-d', {
      capabilities: [
        aCapability('cap-1'),
        aCapability('cap-2', { capability: 'refund', capability_type: 'action' }),
      ],
    }),
  ])
  await trust.deleteChain('agent-c')
}

const METHODS = ['trust.listChains', 'trust.iterateChains', 'trust.countChains']

const filterCases: readonly AgentCase[] = [
  {
    id: 'trust-list',
    title: 'lists are of active chains, by agent id; inactive ones where they are asked for',
    methods: METHODS,
    run: async ({ store }) => {
      await assertMeant(store, {}, '')
      await storeChains(store)
      await assertMeant(store, {}, 'abde')
      await assertMeant(store, { activeOnly: true }, 'abde')
      await assertMeant(store, { activeOnly: false }, 'abcde')
    },
  },
  {
    id: 'trust-list-authority',
    title: 'lists filter by authority, alone and with other filters',
    methods: METHODS,
    run: async ({ store }) => {
      await storeChains(store)
      await assertMeant(store, { authorityId: 'org-other' }, 'b')
      await assertMeant(store, { authorityId: 'org-acme' }, 'ade')
      await assertMeant(store, { authorityId: 'org-acme', activeOnly: false }, 'acde')
      await assertMeant(store, { authorityId: 'org' }, '')
    },
  },
  {
    id: 'trust-list-capability',
    title: 'lists filter by the types and names of capabilities',
    methods: METHODS,
    run: async ({ store }) => {
      await storeChains(store)
      await assertMeant(store, { capabilityType: 'action' }, 'd')
      await assertMeant(store, { capabilityType: 'delegation' }, '')
      await assertMeant(store, { capability: 'refund' }, 'd')
      await assertMeant(store, { capability: 'refund', capabilityType: 'access' }, 'd')
      await assertMeant(store, { capability: 'refund', authorityId: 'org-other' }, '')
    },
  },
  {
    id: 'trust-list-words',
    title: 'lists find all words of a text in the metadata of the chain and of its genesis record',
    methods: METHODS,
    run: async ({ store }) => {
      await storeChains(store)
      await assertMeant(store, { metadataWords: 'BLUE' }, 'ae')
      await assertMeant(store, { metadataWords: 'whale blue' }, 'e')
      await assertMeant(store, { metadataWords: 'review, Zürich 7' }, 'e')
      await assertMeant(store, { metadataWords: 'team' }, '')
      await assertFails(() => store.trust.listChains({ metadataWords: ' !' }), 'INVALID_ARGUMENT')
    },
  },
  {
    id: 'trust-list-expiration',
    title: 'lists leave expired chains out unless they are asked for, and know which expire soon',
    methods: METHODS,
    run: async ({ store, clock }) => {
      await storeChains(store)
      const after = (milliseconds: number) => ({ expiresAt: new Date(clock.now() + milliseconds) })
      await store.trust.updateChain('agent-a', aChain('agent-a'), after(HOUR_MS))
      await store.trust.updateChain('agent-b', aChain('agent-b'), after(2 * HOUR_MS))
      await assertMeant(store, { expiration: 'expired' }, '')
      await assertMeant(store, { expiration: { withinMs: HOUR_MS - 1 } }, '')
      await assertMeant(store, { expiration: { withinMs: HOUR_MS } }, 'a')
      await assertMeant(store, { expiration: { withinMs: 5 * HOUR_MS } }, 'ab')
      clock.advance(HOUR_MS)
      await assertMeant(store, {}, 'bde')
      await assertMeant(store, { expiration: 'active' }, 'bde')
      await assertMeant(store, { expiration: 'expired' }, 'a')
      await assertMeant(store, { expiration: 'any' }, 'abde')
      await assertMeant(store, { expiration: 'any', activeOnly: false }, 'abcde')
      await assertMeant(store, { expiration: { withinMs: HOUR_MS } }, 'b')
    },
  },
]

const pagingCases: readonly AgentCase[] = [
  {
    id: 'trust-list-paging',
    title: 'limit and offset cut the list, and pages join to the whole',
    methods: ['trust.listChains', 'trust.pageChains', 'trust.iterateChains'],
    run: async ({ store: { trust } }) => {
      const all = Array.from({ length: 25 }, (_each, index) => aChain(`agent-${index + 10}`))
      await trust.bulkStoreChains(all)
      assert.deepEqual(await trust.listChains({ limit: 10 }), all.slice(0, 10))
      assert.deepEqual(await trust.listChains({ limit: 10, offset: 20 }), all.slice(20))
      assert.deepEqual(await trust.listChains({ limit: 10, offset: 30 }), [])
      const seen = []
      let cursor: string | undefined
      do {
        const page = await trust.pageChains({ authorityId: 'org-acme', limit: 7, cursor })
        seen.push(...page.records)
        cursor = page.next
      } while (cursor !== undefined)
      assert.deepEqual(seen, all)
      assert.deepEqual(await gathered(trust.iterateChains({ limit: 4, offset: 3 })), all.slice(3))
    },
  },
  {
    id: 'trust-list-default-limit',
    title: 'a list is of 100 chains unless told otherwise',
    methods: ['trust.listChains', 'trust.countChains'],
    run: async ({ store: { trust } }) => {
      await trust.bulkStoreChains(
        Array.from({ length: 101 }, (_each, index) => aChain(`agent-${index + 100}`)),
      )
      assert.equal((await trust.listChains()).length, 100)
      assert.equal(await trust.countChains(), 101)
    },
  },
  {
    id: 'trust-page-expiring',
    title: 'a chain that expires between two pages is not on the second, nor is one passed over for it',
    methods: ['trust.pageChains', 'trust.iterateChains'],
    run: async ({ store: { trust }, clock }) => {
      await trust.bulkStoreChains(['a', 'b', 'd'].map((id) => aChain(id)))
      await trust.storeChain(aChain('c'), { expiresAt: new Date(clock.now() + HOUR_MS) })
      const first = await trust.pageChains({ limit: 2 })
      const walk = trust.iterateChains({ limit: 2 })
      assert.deepEqual((await walk.next()).value, aChain('a'))
      clock.advance(HOUR_MS)
      const second = await trust.pageChains({ limit: 2, cursor: first.next })
      assert.deepEqual(second, { records: [aChain('d')], next: undefined })
      assert.deepEqual(await gathered(walk), [aChain('b'), aChain('d')])
    },
  },
  {
    id: 'trust-list-arguments',
    title: 'filters, cursors and limits that mean nothing are refused',
    methods: ['trust.listChains', 'trust.pageChains', 'trust.countChains', 'trust.iterateChains'],
    run: async ({ store: { trust }, clock }) => {
      await trust.bulkStoreChains(['a', 'b', 'c'].map((id) => aChain(id)))
      const { next } = await trust.pageChains({ limit: 1 })
      const bad: readonly unknown[] = [
        { authority_id: 'org-acme' },
        { authorityId: 7 },
        { authorityId: { prefix: 'org' } },
        { activeOnly: 'yes' },
        { capabilityType: ['access'] },
        { expiration: 'soon' },
        { expiration: null },
        { expiration: { withinMs: -1 } },
        { expiration: { withinMs: Infinity } },
        { expiration: { withinMs: 1, from: 2 } },
        null,
        [],
      ]
      for (const options of bad) {
        await assertFails(() => trust.listChains(unchecked(options)), 'INVALID_ARGUMENT')
        await assertFails(() => trust.countChains(unchecked(options)), 'INVALID_ARGUMENT')
        await assertFails(() => gathered(trust.iterateChains(unchecked(options))), 'INVALID_ARGUMENT')
      }
      const paging = [{ limit: 0 }, { offset: -1 }, { cursor: 'made up' }, { cursor: 'a.b' }, { cursor: 7 }]
      for (const options of [...paging, { cursor: next, authorityId: 'org-acme' }]) {
        await assertFails(() => trust.pageChains(unchecked(options)), 'INVALID_ARGUMENT')
      }
      const later = `${(clock.now() + 1).toString(36)}${next?.slice(next.indexOf('.'))}`
      await assertFails(() => trust.pageChains({ cursor: later }), 'INVALID_ARGUMENT')
      await assertFails(() => trust.countChains(unchecked({ limit: 1 })), 'INVALID_ARGUMENT')
    },
  },
]

export const trustListCases: readonly AgentCase[] = [...filterCases, ...pagingCases]
