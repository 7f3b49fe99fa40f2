/** Power: coalitions. */

import assert from 'node:assert/strict'
import type { PowerCoalitionListOptions } from '../../src/index.ts'
import type { AgentCase } from './agent-case.ts'
import { assertFails, gathered, unchecked } from './asking.ts'
import { heldBy, holders } from './chil-power-records.ts'

const HOUR_MS = 3_600_000

export const chilCoalitionCases: readonly AgentCase[] = [
  {
    id: 'power-coalition',
    title: 'nodes form a coalition, join, leave and dissolve it, and each step is told',
    methods: [
      'chil.power.formCoalition',
      'chil.power.getCoalition',
      'chil.power.joinCoalition',
      'chil.power.leaveCoalition',
      'chil.power.dissolveCoalition',
    ],
    run: async ({ store, clock }) => {
      const { power } = store.chil
      await holders(store, { a: 1, b: 2, c: 4 })
      const formed_at = new Date(clock.now()).toISOString()
      const given = { coalition_id: 'co', name: 'Bloc', members: ['b', 'a'], metadata: { x: 1 } }
      const formed = await power.formCoalition(given)
      assert.deepEqual(formed, { ...given, status: 'active', formed_at, dissolved_at: null })
      clock.advance(HOUR_MS)
      assert.deepEqual((await power.joinCoalition('co', 'c')).members, ['b', 'a', 'c'])
      clock.advance(HOUR_MS)
      assert.deepEqual((await power.leaveCoalition('co', 'b')).members, ['a', 'c'])
      clock.advance(HOUR_MS)
      const dissolved_at = new Date(clock.now()).toISOString()
      const dissolved = await power.dissolveCoalition('co')
      assert.deepEqual(dissolved, { ...formed, members: ['a', 'c'], status: 'dissolved', dissolved_at })
      assert.deepEqual(await power.getCoalition('co'), dissolved)
      const events = (await power.listEvents({ coalition_id: 'co' })).toReversed()
      assert.deepEqual(
        events.map(({ event_type, participants }) => `${event_type} ${participants.join('')}`),
        ['coalition_formed ba', 'coalition_joined c', 'coalition_left b', 'coalition_dissolved ac'],
      )
    },
  },
  {
    id: 'power-coalition-power',
    title: 'a coalition holds what its members hold, and nothing once it is dissolved',
    methods: ['chil.power.coalitionPower', 'chil.power.formCoalition'],
    run: async ({ store }) => {
      const { power } = store.chil
      await holders(store, { a: 1, b: 2, c: 4 })
      await power.formCoalition({ coalition_id: 'co', members: ['a', 'b'] })
      await power.formCoalition({ coalition_id: 'other', members: ['b', 'c'] })
      assert.deepEqual(await power.coalitionPower('co'), { members: 2, amount: 3 })
      await power.transferPower({ from: 'c', to: 'a', amount: 4 })
      assert.deepEqual(await power.coalitionPower('co'), { members: 2, amount: 7 })
      assert.deepEqual(await power.coalitionPower('other'), { members: 2, amount: 2 })
      for (const member of ['a', 'b']) await power.leaveCoalition('co', member)
      assert.deepEqual(await power.coalitionPower('co'), { members: 0, amount: 0 })
      await power.dissolveCoalition('other')
      assert.deepEqual(await power.coalitionPower('other'), { members: 0, amount: 0 })
      await assertFails(power.coalitionPower('nobody'), 'NOT_FOUND')
      await assertFails(power.coalitionPower(''), 'INVALID_ARGUMENT')
      assert.deepEqual(await heldBy(store, 'a', 'b', 'c'), [5, 2, 0])
    },
  },
  {
    id: 'power-coalition-refused',
    title:
      'unknown nodes and coalitions, members twice and dissolved coalitions are refused, and nothing changes',
    methods: [
      'chil.power.formCoalition',
      'chil.power.joinCoalition',
      'chil.power.leaveCoalition',
      'chil.power.dissolveCoalition',
      'chil.power.getCoalition',
    ],
    run: async ({ store }) => {
      const { power } = store.chil
      await holders(store, { a: 1, b: 2 })
      await assertFails(power.formCoalition({ coalition_id: 'co', members: ['a', 'x'] }), 'NOT_FOUND')
      const bad = [
        undefined,
        {},
        { coalition_id: 'co', members: [] },
        { coalition_id: 'co', members: ['a', 'a'] },
      ]
      for (const each of [
        ...bad,
        { coalition_id: '', members: ['a'] },
        { coalition_id: 'c', members: 'a' },
      ]) {
        await assertFails(power.formCoalition(unchecked(each)), 'INVALID_ARGUMENT')
      }
      assert.deepEqual(await power.listCoalitions(), [])
      const formed = await power.formCoalition({ coalition_id: 'co', members: ['a'] })
      await assertFails(power.formCoalition({ coalition_id: 'co', members: ['b'] }), 'ALREADY_EXISTS')
      await assertFails(power.joinCoalition('co', 'a'), 'ALREADY_EXISTS')
      await assertFails(power.joinCoalition('co', 'x'), 'NOT_FOUND')
      await assertFails(power.leaveCoalition('co', 'b'), 'NOT_FOUND')
      for (const step of [power.joinCoalition, power.leaveCoalition]) {
        await assertFails(step('nobody', 'b'), 'NOT_FOUND')
        await assertFails(step('co', ''), 'INVALID_ARGUMENT')
        await assertFails(step('', 'b'), 'INVALID_ARGUMENT')
      }
      await assertFails(power.dissolveCoalition('nobody'), 'NOT_FOUND')
      assert.deepEqual(await power.getCoalition('co'), formed)
      await power.dissolveCoalition('co')
      await assertFails(power.joinCoalition('co', 'b'), 'VERSION_CONFLICT', { message: /dissolved/ })
      await assertFails(power.leaveCoalition('co', 'a'), 'VERSION_CONFLICT', { message: /dissolved/ })
      await assertFails(power.dissolveCoalition('co'), 'VERSION_CONFLICT', { message: /dissolved/ })
      assert.equal((await power.listEvents()).length, 2)
      assert.equal(await power.getCoalition('nobody'), undefined)
    },
  },
  {
    id: 'power-coalition-race',
    title: 'nodes that join at once are all members afterwards, each once',
    methods: ['chil.power.joinCoalition'],
    run: async ({ store }) => {
      const { power } = store.chil
      await holders(store, { a: 1, b: 1, c: 1, d: 1 })
      await power.formCoalition({ coalition_id: 'co', members: ['a'] })
      const joins = ['b', 'c', 'd', 'b', 'c', 'd'].map((node) => power.joinCoalition('co', node))
      const joined = (await Promise.allSettled(joins)).filter(({ status }) => status === 'fulfilled')
      assert.equal(joined.length, 3)
      assert.deepEqual((await power.getCoalition('co'))?.members.toSorted(), ['a', 'b', 'c', 'd'])
    },
  },
  {
    id: 'power-coalition-bound',
    title: 'a coalition has up to 1,000 members and no more',
    methods: ['chil.power.formCoalition', 'chil.power.joinCoalition', 'chil.power.coalitionPower'],
    run: async ({ store }) => {
      const { power } = store.chil
      const members = Array.from({ length: 1_001 }, (_each, index) => `n${index}`)
      await assertFails(power.formCoalition({ coalition_id: 'co', members }), 'INVALID_ARGUMENT')
      await Promise.all(
        members.map((node_id) => power.createNode({ node_id, node_type: 'agent', amount: 1 })),
      )
      await power.formCoalition({ coalition_id: 'co', members: members.slice(1) })
      await assertFails(power.joinCoalition('co', 'n0'), 'LIMIT_EXCEEDED')
      assert.deepEqual(await power.coalitionPower('co'), { members: 1_000, amount: 1_000 })
      await assertFails(power.networkMeasures(), 'LIMIT_EXCEEDED')
    },
  },
  {
    id: 'power-coalition-lists',
    title: 'coalitions are listed newest first, by status and member, in pages',
    methods: ['chil.power.listCoalitions', 'chil.power.pageCoalitions', 'chil.power.iterateCoalitions'],
    run: async ({ store, clock }) => {
      const { power } = store.chil
      await holders(store, { a: 1, b: 1 })
      for (const [coalition_id, members] of [
        ['1', ['a']],
        ['2', ['b']],
        ['3', ['a', 'b']],
      ] as const) {
        await power.formCoalition({ coalition_id, members: [...members] })
        clock.advance(HOUR_MS)
      }
      await power.dissolveCoalition('3')
      const ids = async (options: PowerCoalitionListOptions) =>
        (await power.listCoalitions(options)).map(({ coalition_id }) => coalition_id).join('')
      assert.equal(await ids({}), '321')
      assert.equal(await ids({ members: { has: 'a' }, status: 'active' }), '1')
      assert.equal(await ids({ dissolved_at: { exists: true } }), '3')
      const page = await power.pageCoalitions({ limit: 2 })
      const rest = await power.pageCoalitions({ limit: 2, cursor: page.next })
      assert.deepEqual(
        [...page.records, ...rest.records],
        await gathered(power.iterateCoalitions({ limit: 1 })),
      )
      await assertFails(power.listCoalitions(unchecked({ metadata: 1 })), 'INVALID_ARGUMENT')
    },
  },
]
