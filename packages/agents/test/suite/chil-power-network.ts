/** Power: events, metrics, measures of the network. */

import assert from 'node:assert/strict'
import { type PowerEventListOptions, type PowerMetricListOptions, powerRelations } from '../../src/index.ts'
import type { AgentCase } from './agent-case.ts'
import { assertFails, gathered, unchecked } from './asking.ts'
import { holders, relate } from './chil-power-records.ts'

const HOUR_MS = 3_600_000

const eventCases: readonly AgentCase[] = [
  {
    id: 'power-event-recorded',
    title: 'an event of the caller’s own is stored with an id and a time, its own or made ones',
    methods: ['chil.power.recordEvent', 'chil.power.getEvent'],
    run: async ({ store, clock }) => {
      const { power } = store.chil
      const given = {
        event_id: 'e',
        event_type: 'conflict',
        participants: ['a'],
        reason: 'r',
        metadata: { x: 1 },
      }
      const event = await power.recordEvent({ ...given, occurred_at: '2026-01-01T01:00:00+01:00' })
      assert.deepEqual(event, { ...given, occurred_at: '2026-01-01T00:00:00.000Z' })
      assert.deepEqual(await power.getEvent('e'), event)
      const made = await power.recordEvent({ event_type: 'conflict' })
      assert.deepEqual([made.participants, made.occurred_at], [[], new Date(clock.now()).toISOString()])
      assert.deepEqual(await power.getEvent(made.event_id), made)
      assert.equal(await power.getEvent('nobody'), undefined)
    },
  },
  {
    id: 'power-event-refused',
    title: 'events that only the store tells, of a used id or of no sense are refused',
    methods: ['chil.power.recordEvent'],
    run: async ({ store }) => {
      const { power } = store.chil
      const types = [
        'power_transfer',
        'coalition_formed',
        'coalition_joined',
        'coalition_left',
        'coalition_dissolved',
      ]
      for (const event_type of types) await assertFails(power.recordEvent({ event_type }), 'INVALID_ARGUMENT')
      const bad = [
        undefined,
        {},
        { event_type: '' },
        { event_type: 'x', amount: 1 },
        { event_type: 'x', occurred_at: 'now' },
      ]
      for (const event of bad) await assertFails(power.recordEvent(unchecked(event)), 'INVALID_ARGUMENT')
      await power.recordEvent({ event_id: 'e', event_type: 'x' })
      await assertFails(power.recordEvent({ event_id: 'e', event_type: 'y' }), 'ALREADY_EXISTS')
      assert.deepEqual(
        (await power.listEvents()).map(({ event_type }) => event_type),
        ['x'],
      )
    },
  },
  {
    id: 'power-event-lists',
    title: 'events are listed newest first, by type, participant, giver and time, in pages',
    methods: ['chil.power.listEvents', 'chil.power.pageEvents', 'chil.power.iterateEvents'],
    run: async ({ store, clock }) => {
      const { power } = store.chil
      await holders(store, { a: 5, b: 5 })
      await power.transferPower({ event_id: '1', from: 'a', to: 'b', amount: 2 })
      clock.advance(HOUR_MS)
      await power.transferPower({ event_id: '2', from: 'b', to: 'a', amount: 1 })
      clock.advance(HOUR_MS)
      await power.recordEvent({ event_id: '3', event_type: 'conflict', participants: ['b'] })
      const ids = async (options: PowerEventListOptions) =>
        (await power.listEvents(options)).map(({ event_id }) => event_id).join('')
      assert.equal(await ids({}), '321')
      assert.equal(await ids({ event_type: 'power_transfer' }), '21')
      assert.equal(
        await ids({ participants: { has: 'b' }, occurred_at: { gte: new Date(clock.now()) } }),
        '3',
      )
      assert.equal(await ids({ from_id: 'a', amount: { gt: 1 } }), '1')
      const page = await power.pageEvents({ limit: 2 })
      const rest = await power.pageEvents({ limit: 2, cursor: page.next })
      assert.deepEqual([...page.records, ...rest.records], await gathered(power.iterateEvents({ limit: 1 })))
      await assertFails(power.listEvents(unchecked({ reason: 'x' })), 'INVALID_ARGUMENT')
    },
  },
  {
    id: 'power-metrics',
    title: 'metrics are recorded all or none, and listed newest first, by node, name and time, in pages',
    methods: [
      'chil.power.recordMetrics',
      'chil.power.listMetrics',
      'chil.power.pageMetrics',
      'chil.power.iterateMetrics',
    ],
    run: async ({ store, clock }) => {
      const { power } = store.chil
      await holders(store, { a: 0 })
      const recorded_at = new Date(clock.now()).toISOString()
      const [first, second] = await power.recordMetrics([
        { metric_id: '1', node_id: 'a', name: 'influence', value: 0.5, metadata: { x: 1 } },
        { name: 'density', value: 1, recorded_at: '2026-01-01T00:00:00Z' },
      ])
      const told = { node_id: 'a', name: 'influence', value: 0.5, metadata: { x: 1 } }
      assert.deepEqual(first, { metric_id: '1', ...told, recorded_at })
      assert.deepEqual(await power.listMetrics(), [first, second])
      assert.deepEqual(await power.recordMetrics([]), [])
      const good = { name: 'n', value: 1 }
      for (const bad of [{ name: 'n' }, { ...good, value: Number.NaN }, { ...good, mood: 1 }, undefined]) {
        await assertFails(power.recordMetrics([good, unchecked(bad)]), 'INVALID_ARGUMENT', { index: 1 })
      }
      await assertFails(power.recordMetrics(unchecked(good)), 'INVALID_ARGUMENT')
      await assertFails(power.recordMetrics([good, { ...good, metric_id: '1' }]), 'ALREADY_EXISTS', {
        index: 1,
      })
      const names = async (options: PowerMetricListOptions) =>
        (await power.listMetrics(options)).map(({ name }) => name).join()
      assert.equal(await names({}), 'influence,density')
      assert.equal(await names({ node_id: 'a', value: { lt: 1 } }), 'influence')
      assert.equal(await names({ recorded_at: { lt: recorded_at } }), 'density')
      const page = await power.pageMetrics({ limit: 1 })
      const rest = await power.pageMetrics({ limit: 1, cursor: page.next })
      assert.deepEqual([...page.records, ...rest.records], await gathered(power.iterateMetrics({ limit: 1 })))
      await assertFails(power.listMetrics(unchecked({ metadata: 1 })), 'INVALID_ARGUMENT')
    },
  },
  {
    id: 'power-metrics-unknown-node',
    title: 'a metric of an unknown node is refused, with all that came with it',
    inTransactions: false,
    methods: ['chil.power.recordMetrics'],
    run: async ({ store }) => {
      const { power } = store.chil
      const metrics = [
        { name: 'n', value: 1 },
        { node_id: 'nobody', name: 'n', value: 1 },
      ]
      await assertFails(power.recordMetrics(metrics), 'REFERENCE_VIOLATION')
      assert.deepEqual(await power.listMetrics(), [])
    },
  },
]

const measureCases: readonly AgentCase[] = [
  {
    id: 'power-network',
    title: 'degrees, betweenness and density of a network of relations',
    methods: ['chil.power.networkMeasures'],
    run: async ({ store }) => {
      const { power } = store.chil
      assert.deepEqual(await power.networkMeasures(), { density: 0, nodes: [] })
      await holders(store, { a: 1, b: 1, c: 1, d: 1 })
      await relate(store, 'influence', 'a>b', 'b>c', 'c>d')
      await relate(store, 'dependency', 'a>b', 'd>a')
      const { density, nodes } = await power.networkMeasures({ relation_type: 'influence' })
      assert.equal(density, 3 / 12)
      const line = (node_id: string, in_degree: number, out_degree: number, between: number) => {
        const shares = { in_centrality: in_degree / 3, out_centrality: out_degree / 3 }
        return { node_id, in_degree, out_degree, ...shares, betweenness: between / 6 }
      }
      assert.deepEqual(nodes, [
        line('a', 0, 1, 0),
        line('b', 1, 1, 2),
        line('c', 1, 1, 2),
        line('d', 1, 0, 0),
      ])
      const ring = await power.networkMeasures()
      assert.deepEqual(
        ring.nodes,
        ['a', 'b', 'c', 'd'].map((node) => line(node, 1, 1, 3)),
      )
      for (const bad of [{ relation_type: '' }, { relation_type: 7 }, { depth: 1 }, null]) {
        await assertFails(power.networkMeasures(unchecked(bad)), 'INVALID_ARGUMENT')
      }
    },
  },
  {
    id: 'power-network-bound',
    title: 'a network of more than 10,000 relations is not measured, one type of them is',
    methods: ['chil.power.networkMeasures'],
    run: async ({ store }) => {
      await holders(store, { a: 0, b: 0 })
      await relate(store, 'influence', 'a>b')
      const established_at = '2026-03-01T12:00:00.000Z'
      const relations = Array.from({ length: 10_000 }, (_each, index) => {
        const between = { source_id: 'a', target_id: 'b', relation_type: `type ${index}` }
        return { ...between, relation_id: `${index}`, strength: 1, established_at }
      })
      await store.collection(powerRelations).insertMany(relations)
      await assertFails(store.chil.power.networkMeasures(), 'LIMIT_EXCEEDED', { message: /10000/ })
      assert.equal((await store.chil.power.networkMeasures({ relation_type: 'influence' })).density, 0.5)
    },
  },
  {
    id: 'power-concentration',
    title: 'concentration is nothing where all hold the same and nearly everything where one does',
    methods: ['chil.power.powerConcentration'],
    run: async ({ store }) => {
      const { power } = store.chil
      assert.deepEqual(await power.powerConcentration(), { nodes: 0, total: 0, gini: null, herfindahl: null })
      await holders(store, { a: 0, b: 0 })
      assert.deepEqual(await power.powerConcentration(), { nodes: 2, total: 0, gini: null, herfindahl: null })
      await holders(store, { c: 8, d: 0 })
      assert.deepEqual(await power.powerConcentration(), { nodes: 4, total: 8, gini: 0.75, herfindahl: 1 })
      for (const to of ['a', 'b', 'd']) await power.transferPower({ from: 'c', to, amount: 2 })
      assert.deepEqual(await power.powerConcentration(), { nodes: 4, total: 8, gini: 0, herfindahl: 0.25 })
      await power.transferPower({ from: 'a', to: 'b', amount: 1 })
      const { gini, herfindahl } = await power.powerConcentration()
      assert.deepEqual([gini, herfindahl], [6 / 32, 18 / 64])
    },
  },
  {
    id: 'power-concentration-bound',
    title: 'amounts that can not be counted together are not measured',
    methods: ['chil.power.powerConcentration'],
    run: async ({ store }) => {
      await holders(store, { a: Number.MAX_SAFE_INTEGER, b: 1 })
      await assertFails(store.chil.power.powerConcentration(), 'LIMIT_EXCEEDED')
    },
  },
  {
    id: 'power-tenants',
    title: 'another tenant has nodes, coalitions and events of its own',
    methods: ['chil.power.getNode', 'chil.power.transferPower', 'chil.power.networkMeasures'],
    run: async ({ store, otherTenant }) => {
      await holders(store, { a: 5, b: 0 })
      await relate(store, 'influence', 'a>b')
      await store.chil.power.formCoalition({ coalition_id: 'co', members: ['a'] })
      const other = otherTenant.chil.power
      assert.equal(await other.getNode('a'), undefined)
      await holders(otherTenant, { b: 0 })
      await assertFails(other.transferPower({ from: 'a', to: 'b', amount: 1 }), 'NOT_FOUND')
      await assertFails(other.joinCoalition('co', 'b'), 'NOT_FOUND')
      assert.equal((await other.networkMeasures()).nodes.length, 1)
      assert.equal((await other.powerConcentration()).total, 0)
      assert.deepEqual(await other.listEvents(), [])
    },
  },
]

export const chilNetworkCases: readonly AgentCase[] = [...eventCases, ...measureCases]
