/** Power: nodes, relations, transfers. */

import assert from 'node:assert/strict'
import { type PowerNodeListOptions, type PowerRelationListOptions, powerNode } from '../../src/index.ts'
import type { AgentCase } from './agent-case.ts'
import { assertFails, gathered, unchecked } from './asking.ts'
import { heldBy, holders, relate } from './chil-power-records.ts'

const MOST = Number.MAX_SAFE_INTEGER
const HOUR_MS = 3_600_000

const nodeCases: readonly AgentCase[] = [
  {
    id: 'power-node-round-trip',
    title: 'a node is created once, holds nothing unless told, and comes back as it was answered',
    methods: ['chil.power.createNode', 'chil.power.getNode'],
    run: async ({ store, clock }) => {
      const { power } = store.chil
      const created_at = new Date(clock.now()).toISOString()
      const given = { node_id: 'n', node_type: 'agent', amount: 5, metadata: { a: 1 } }
      const node = await power.createNode(given)
      assert.deepEqual(node, { ...given, created_at })
      assert.deepEqual(await power.getNode('n'), node)
      assert.ok(powerNode.safeParse(node).success)
      assert.equal((await power.createNode({ node_id: 'm', node_type: 'human' })).amount, 0)
      assert.equal((await power.createNode({ node_id: 'o', node_type: 'human', amount: MOST })).amount, MOST)
      await assertFails(power.createNode({ ...given, amount: 9 }), 'ALREADY_EXISTS')
      assert.equal((await power.getNode('n'))?.amount, 5)
      assert.equal(await power.getNode('nobody'), undefined)
    },
  },
  {
    id: 'power-node-changed',
    title: 'a change replaces type and metadata, and never what a node holds',
    methods: ['chil.power.updateNode'],
    run: async ({ store }) => {
      const { power } = store.chil
      await holders(store, { n: 5 })
      const before = await power.getNode('n')
      const after = await power.updateNode('n', { node_type: 'system', metadata: { a: 1 } })
      assert.deepEqual(after, { ...before, node_type: 'system', metadata: { a: 1 } })
      assert.deepEqual(await power.getNode('n'), after)
      await assertFails(power.updateNode('n', unchecked({ amount: 6 })), 'INVALID_ARGUMENT')
      await assertFails(power.updateNode('n', unchecked({ node_id: 'm' })), 'INVALID_ARGUMENT')
      await assertFails(power.updateNode('n', unchecked(null)), 'INVALID_ARGUMENT')
      await assertFails(power.updateNode('nobody', { node_type: 'x' }), 'NOT_FOUND')
      assert.deepEqual(await power.getNode('n'), after)
    },
  },
  {
    id: 'power-node-refused',
    title: 'amounts are whole numbers from 0 to 2^53−1, and what is no node is refused',
    methods: ['chil.power.createNode'],
    run: async ({ store }) => {
      const { power } = store.chil
      const node = { node_id: 'n', node_type: 'agent' }
      for (const amount of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, MOST + 1, '7', 7n, null]) {
        await assertFails(power.createNode(unchecked({ ...node, amount })), 'INVALID_ARGUMENT', {
          message: /amount/,
        })
      }
      await assertFails(power.createNode({ ...node, amount: 0.5 }), 'INVALID_ARGUMENT', {
        message: /smallest unit/,
      })
      for (const bad of [
        undefined,
        {},
        { node_id: '', node_type: 'a' },
        { ...node, mood: 1 },
        { node_id: 'n' },
      ]) {
        await assertFails(power.createNode(unchecked(bad)), 'INVALID_ARGUMENT')
      }
      assert.deepEqual(await power.listNodes(), [])
    },
  },
  {
    id: 'power-node-deleted',
    title: 'a node goes with its relations and metrics once it holds nothing and is in no coalition',
    methods: ['chil.power.deleteNode'],
    run: async ({ store }) => {
      const { power } = store.chil
      await holders(store, { a: 1, b: 0, c: 0 })
      await relate(store, 'influence', 'a>b', 'b>a', 'b>c')
      await power.recordMetrics([
        { node_id: 'a', name: 'm', value: 1 },
        { node_id: 'b', name: 'm', value: 1 },
      ])
      await power.formCoalition({ coalition_id: 'co', members: ['a', 'b'] })
      await assertFails(power.deleteNode('a'), 'VERSION_CONFLICT', { message: /holds power/ })
      await power.transferPower({ from: 'a', to: 'b', amount: 1 })
      await assertFails(power.deleteNode('a'), 'REFERENCE_VIOLATION', { message: /coalition/ })
      assert.equal((await power.listRelations()).length, 3)
      await power.dissolveCoalition('co')
      assert.equal(await power.deleteNode('a'), true)
      assert.equal(await power.deleteNode('a'), false)
      assert.deepEqual(
        (await power.listRelations()).map(({ target_id }) => target_id),
        ['c'],
      )
      assert.deepEqual(
        (await power.listMetrics()).map(({ node_id }) => node_id),
        ['b'],
      )
      assert.equal((await power.listEvents({ participants: { has: 'a' } })).length, 3)
      await assertFails(power.deleteNode(''), 'INVALID_ARGUMENT')
    },
  },
  {
    id: 'power-node-lists',
    title: 'nodes are listed the most powerful first, by type and amount, in pages',
    methods: ['chil.power.listNodes', 'chil.power.pageNodes', 'chil.power.iterateNodes'],
    run: async ({ store }) => {
      const { power } = store.chil
      await holders(store, { a: 1, b: 7, c: 3, d: 7 })
      await power.updateNode('c', { node_type: 'human' })
      const list = async (options: PowerNodeListOptions) =>
        (await power.listNodes(options)).map(({ node_id }) => node_id).join('')
      assert.equal(await list({}), 'dbca')
      assert.equal(await list({ amount: { gte: 3 }, node_type: 'agent' }), 'db')
      assert.equal(await list({ node_id: { in: ['a', 'c'] }, limit: 1 }), 'c')
      const page = await power.pageNodes({ limit: 3 })
      const rest = await power.pageNodes({ limit: 3, cursor: page.next })
      assert.deepEqual([...page.records, ...rest.records], await gathered(power.iterateNodes({ limit: 1 })))
      await assertFails(power.listNodes(unchecked({ metadata: 1 })), 'INVALID_ARGUMENT')
      await assertFails(power.listNodes(unchecked(null)), 'INVALID_ARGUMENT')
      await assertFails(gathered(power.iterateNodes(unchecked(null))), 'INVALID_ARGUMENT')
    },
  },
]

const relationCases: readonly AgentCase[] = [
  {
    id: 'power-relation-round-trip',
    title: 'there is one relation of each type from one node to another',
    methods: ['chil.power.createRelation', 'chil.power.deleteRelation', 'chil.power.listRelations'],
    run: async ({ store, clock }) => {
      const { power } = store.chil
      await holders(store, { a: 0, b: 0 })
      const given = { source_id: 'a', target_id: 'b', relation_type: 'influence' }
      const relation = await power.createRelation({ ...given, strength: 0.25, metadata: { x: 1 } })
      const established_at = new Date(clock.now()).toISOString()
      const known = { relation_id: '["a","b","influence"]', established_at }
      assert.deepEqual(relation, { ...given, strength: 0.25, metadata: { x: 1 }, ...known })
      await assertFails(power.createRelation(given), 'ALREADY_EXISTS')
      assert.deepEqual(await power.listRelations(), [relation])
      assert.equal((await power.createRelation({ ...given, relation_type: 'other' })).strength, 0.5)
      await power.createRelation({ source_id: 'b', target_id: 'a', relation_type: 'influence' })
      assert.equal(await power.deleteRelation(relation.relation_id), true)
      assert.equal(await power.deleteRelation(relation.relation_id), false)
      assert.equal((await power.listRelations()).length, 2)
    },
  },
  {
    id: 'power-relation-refused',
    title: 'a relation of an unknown node, to itself or of no sense is refused',
    methods: ['chil.power.createRelation'],
    run: async ({ store }) => {
      const { power } = store.chil
      await holders(store, { a: 0, b: 0 })
      const given = { source_id: 'a', target_id: 'b', relation_type: 'influence' }
      await assertFails(power.createRelation({ ...given, source_id: 'x' }), 'NOT_FOUND', {
        message: /source_id/,
      })
      await assertFails(power.createRelation({ ...given, target_id: 'x' }), 'NOT_FOUND', {
        message: /target_id/,
      })
      const bad = [{ target_id: 'a' }, { strength: 1.1 }, { strength: -0.1 }, { relation_type: '' }, { x: 1 }]
      for (const more of bad) {
        await assertFails(power.createRelation(unchecked({ ...given, ...more })), 'INVALID_ARGUMENT')
      }
      await assertFails(power.createRelation(unchecked(undefined)), 'INVALID_ARGUMENT')
      await assertFails(power.deleteRelation(''), 'INVALID_ARGUMENT')
      assert.deepEqual(await power.listRelations(), [])
    },
  },
  {
    id: 'power-relation-lists',
    title: 'relations are listed by either node, type and strength, in pages',
    methods: ['chil.power.listRelations', 'chil.power.pageRelations', 'chil.power.iterateRelations'],
    run: async ({ store, clock }) => {
      const { power } = store.chil
      await holders(store, { a: 0, b: 0, c: 0 })
      for (const pair of ['a>b', 'b>c', 'c>a']) {
        await relate(store, pair === 'b>c' ? 'other' : 'influence', pair)
        clock.advance(HOUR_MS)
      }
      const list = async (options: PowerRelationListOptions) =>
        (await power.listRelations(options)).map(({ source_id }) => source_id).join('')
      assert.equal(await list({}), 'cba')
      assert.equal(await list({ or: [{ source_id: 'a' }, { target_id: 'a' }] }), 'ca')
      assert.equal(await list({ relation_type: 'other', strength: { lte: 0.5 } }), 'b')
      const page = await power.pageRelations({ limit: 2 })
      const rest = await power.pageRelations({ limit: 2, cursor: page.next })
      assert.deepEqual(
        [...page.records, ...rest.records],
        await gathered(power.iterateRelations({ limit: 1 })),
      )
      await assertFails(power.listRelations(unchecked({ metadata: 1 })), 'INVALID_ARGUMENT')
    },
  },
]

const transferCases: readonly AgentCase[] = [
  {
    id: 'power-transfer',
    title: 'a transfer moves an amount and tells so, down to nothing',
    methods: ['chil.power.transferPower', 'chil.power.getEvent'],
    run: async ({ store, clock }) => {
      const { power } = store.chil
      await holders(store, { a: 5, b: 1 })
      const given = { reason: 'thanks', metadata: { x: 1 }, event_id: 'e' }
      const event = await power.transferPower({ from: 'a', to: 'b', amount: 2, ...given })
      const occurred_at = new Date(clock.now()).toISOString()
      const told = {
        event_type: 'power_transfer',
        participants: ['a', 'b'],
        from_id: 'a',
        to_id: 'b',
        amount: 2,
      }
      assert.deepEqual(event, { ...given, ...told, occurred_at })
      assert.deepEqual(await power.getEvent('e'), event)
      assert.deepEqual(await heldBy(store, 'a', 'b'), [3, 3])
      await power.transferPower({ from: 'a', to: 'b', amount: 3 })
      assert.deepEqual(await heldBy(store, 'a', 'b'), [0, 6])
    },
  },
  {
    id: 'power-transfer-refused',
    title: 'what can not be moved is refused by name, and nothing changes',
    methods: ['chil.power.transferPower', 'chil.power.listEvents'],
    run: async ({ store }) => {
      const { power } = store.chil
      await holders(store, { a: 5, b: MOST - 1 })
      const transfer = { from: 'a', to: 'b', amount: 1 }
      await assertFails(power.transferPower({ ...transfer, amount: 6 }), 'LIMIT_EXCEEDED', {
        message: /less/,
      })
      await assertFails(power.transferPower({ ...transfer, amount: 2 }), 'LIMIT_EXCEEDED', {
        message: /counted/,
      })
      await assertFails(power.transferPower({ ...transfer, from: 'x' }), 'NOT_FOUND', { message: /from/ })
      await assertFails(power.transferPower({ ...transfer, to: 'x' }), 'NOT_FOUND', { message: /to/ })
      await assertFails(power.transferPower({ ...transfer, to: 'a' }), 'INVALID_ARGUMENT', {
        message: /itself/,
      })
      const amounts = [0, -0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, MOST + 1, '1', 1n, undefined]
      for (const amount of amounts) {
        const call = power.transferPower(unchecked({ ...transfer, amount }))
        await assertFails(call, 'INVALID_ARGUMENT', { message: /amount/ })
      }
      for (const bad of [undefined, {}, { ...transfer, from: '' }, { ...transfer, mood: 1 }]) {
        await assertFails(power.transferPower(unchecked(bad)), 'INVALID_ARGUMENT')
      }
      assert.deepEqual(await heldBy(store, 'a', 'b'), [5, MOST - 1])
      assert.deepEqual(await power.listEvents(), [])
    },
  },
  {
    id: 'power-transfer-repeated',
    title: 'a transfer that brings the id of its event moves once, however often it comes',
    methods: ['chil.power.transferPower'],
    run: async ({ store }) => {
      const { power } = store.chil
      await holders(store, { a: 5, b: 0 })
      const transfer = { from: 'a', to: 'b', amount: 2, event_id: 'once' }
      const outcomes = await Promise.allSettled(
        Array.from({ length: 4 }, () => power.transferPower(transfer)),
      )
      const codes = outcomes.map((each) => (each.status === 'rejected' ? each.reason.code : 'moved')).sort()
      assert.deepEqual(codes, ['ALREADY_EXISTS', 'ALREADY_EXISTS', 'ALREADY_EXISTS', 'moved'])
      assert.deepEqual(await heldBy(store, 'a', 'b'), [3, 2])
    },
  },
  {
    id: 'power-transfer-race',
    title: 'transfers that meet never take more than there is, and the total stays',
    methods: ['chil.power.transferPower'],
    run: async ({ store }) => {
      const { power } = store.chil
      await holders(store, { a: 5, b: 0, c: 0 })
      const transfers = ['b', 'c', 'b', 'c', 'b', 'c', 'b', 'c'].map((to) =>
        power.transferPower({ from: 'a', to, amount: 1 }),
      )
      const moved = (await Promise.allSettled(transfers)).filter(({ status }) => status === 'fulfilled')
      assert.equal(moved.length, 5)
      const [a, b = 0, c = 0] = await heldBy(store, 'a', 'b', 'c')
      assert.deepEqual([a, b + c], [0, 5])
      assert.equal((await power.listEvents({ event_type: 'power_transfer' })).length, 5)
    },
  },
  {
    id: 'power-transfer-undone',
    title: 'transfers take part in a transaction, and go with it',
    inTransactions: false,
    methods: ['chil.power.transferPower'],
    run: async ({ store }) => {
      await holders(store, { a: 5, b: 0 })
      const failing = store.transaction(async (transaction) => {
        await transaction.chil.power.transferPower({ from: 'a', to: 'b', amount: 5 })
        const more = transaction.chil.power.transferPower({ from: 'a', to: 'b', amount: 1 })
        await assertFails(more, 'LIMIT_EXCEEDED')
        await transaction.chil.power.transferPower({ from: 'b', to: 'a', amount: 1 })
        assert.deepEqual(await heldBy(transaction, 'a', 'b'), [1, 4])
        throw new Error('changed my mind')
      })
      await assert.rejects(failing, /changed my mind/)
      assert.deepEqual(await heldBy(store, 'a', 'b'), [5, 0])
      assert.deepEqual(await store.chil.power.listEvents(), [])
    },
  },
]

export const chilPowerCases: readonly AgentCase[] = [...nodeCases, ...relationCases, ...transferCases]
