import { channel } from 'node:diagnostics_channel'
import { AggregatorRegistry, Counter, register as globalRegister, Registry } from 'prom-client'
import { describe, expect, test } from 'vitest'
import { collectMetrics } from '../src/prometheus.ts'
import {
  CANARY,
  collectionNamed,
  everythingWithCanaries,
  happenings,
  notes,
  storeInMemory,
} from './stores.ts'

/** A registry of its own, with metrics in it until the end of the test. */
function collecting(options: Parameters<typeof collectMetrics>[0] = {}) {
  const { register = new Registry() } = options
  const collection = collectMetrics({ ...options, register })
  return { register, collection, [Symbol.dispose]: () => collection.stop() }
}

async function lines(register: Registry, beginning: string): Promise<readonly string[]> {
  return (await register.metrics()).split('\n').filter((line) => line.startsWith(beginning))
}

/** The methods of a handle that are operations of their own; others are made of them. */
function methodsOf(handle: object): readonly string[] {
  const composed = ['constructor', 'name', 'findOne', 'iterate', 'streams']
  return Object.getOwnPropertyNames(Object.getPrototypeOf(handle)).filter((each) => !composed.includes(each))
}

describe('what is told of operations', () => {
  test('is how many there were, by backend, collection and method', async () => {
    using metrics = collecting()
    const all = storeInMemory().collection(notes)
    await all.put({ id: 'a', text: 'x' })
    await all.get('a')
    await all.get('b')
    expect(await lines(metrics.register, 'coffer_operations_total')).toEqual([
      'coffer_operations_total{backend="memory",collection="notes",operation="put"} 1',
      'coffer_operations_total{backend="memory",collection="notes",operation="get"} 2',
    ])
  })

  test('is how long they took, in the buckets that were asked for', async () => {
    using metrics = collecting({ buckets: [0.000_000_001, 60] })
    await storeInMemory().collection(notes).has('a')
    const labels = 'backend="memory",collection="notes",operation="has"'
    const told = await lines(metrics.register, 'coffer_operation_duration_seconds')
    expect(told.slice(0, 3)).toEqual([
      `coffer_operation_duration_seconds_bucket{le="1e-9",${labels}} 0`,
      `coffer_operation_duration_seconds_bucket{le="60",${labels}} 1`,
      `coffer_operation_duration_seconds_bucket{le="+Inf",${labels}} 1`,
    ])
    expect(told[3]).toMatch(/^coffer_operation_duration_seconds_sum\{.*\} 0\.0\d+$/)
    expect(told[4]).toBe(`coffer_operation_duration_seconds_count{${labels}} 1`)
  })

  test('is what they failed by', async () => {
    using metrics = collecting()
    const all = storeInMemory().collection(notes)
    await all.put({ id: 'a', text: 'x' })
    await expect(all.insert({ id: 'a', text: 'x' })).rejects.toThrow()
    await expect(all.update('a', () => Promise.reject(new Error('mine')))).rejects.toThrow('mine')
    expect(await lines(metrics.register, 'coffer_operation_errors_total')).toEqual([
      'coffer_operation_errors_total{backend="memory",collection="notes",operation="insert",code="ALREADY_EXISTS"} 1',
      'coffer_operation_errors_total{backend="memory",collection="notes",operation="update",code="APPLICATION"} 1',
    ])
  })

  test('is counted with its own kind, whatever came before it', async () => {
    using metrics = collecting()
    const store = storeInMemory()
    const [left, right] = [
      store.collection(collectionNamed('left')),
      store.collection(collectionNamed('right')),
    ]
    for (let round = 0; round < 3; round++) {
      await left.has('a')
      await right.has('a')
      await left.get('a')
    }
    expect(await lines(metrics.register, 'coffer_operations_total')).toEqual([
      'coffer_operations_total{backend="memory",collection="left",operation="has"} 3',
      'coffer_operations_total{backend="memory",collection="right",operation="has"} 3',
      'coffer_operations_total{backend="memory",collection="left",operation="get"} 3',
    ])
  })

  test('counts all collections beyond the first 200 as one', async () => {
    using metrics = collecting()
    const store = storeInMemory()
    for (let number = 0; number < 203; number++)
      await store.collection(collectionNamed(`c${number}`)).has('a')
    const told = await lines(metrics.register, 'coffer_operations_total')
    expect(told).toHaveLength(201)
    expect(told.at(-1)).toBe('coffer_operations_total{backend="memory",collection="other",operation="has"} 3')
  })

  test('is no key, no value, no stream and no tenant, whatever is called', async () => {
    using metrics = collecting()
    const store = storeInMemory()
    await everythingWithCanaries(store)
    const told = await metrics.register.metrics()
    for (const method of methodsOf(store.collection(notes))) expect(told).toContain(`operation="${method}"`)
    for (const method of methodsOf(store.log(happenings))) expect(told).toContain(`operation="${method}"`)
    expect(told).toContain(`collection="${happenings.name}"`)
    expect(told).not.toContain(CANARY)
    expect(JSON.stringify(await metrics.register.getMetricsAsJSON())).not.toContain(CANARY)
  })
})

describe('what is told of work behind operations', () => {
  test('is how many writes a batch took together', async () => {
    using metrics = collecting()
    const all = storeInMemory().collection(notes)
    await all.has('a')
    await Promise.all([
      all.put({ id: 'a', text: 'x' }),
      all.putMany([
        { id: 'b', text: 'x' },
        { id: 'c', text: 'x' },
      ]),
    ])
    expect(await lines(metrics.register, 'coffer_batch_groups_')).toContain(
      'coffer_batch_groups_sum{backend="memory"} 2',
    )
    expect(await lines(metrics.register, 'coffer_batch_operations_')).toContain(
      'coffer_batch_operations_sum{backend="memory"} 3',
    )
    expect(await lines(metrics.register, 'coffer_batch_wait_seconds_count')).toEqual([
      'coffer_batch_wait_seconds_count{backend="memory"} 1',
    ])
    expect(await lines(metrics.register, 'coffer_batch_waiting_groups_bucket{le="0"')).toEqual([
      'coffer_batch_waiting_groups_bucket{le="0",backend="memory"} 1',
    ])
  })

  test('is how often transactions were tried, and what came in their way', async () => {
    using metrics = collecting()
    const store = storeInMemory()
    const all = store.collection(notes)
    await all.put({ id: 'a', text: 'x' })
    await store.transaction((tx) => tx.collection(notes).put({ id: 'a', text: 'y' }))
    await expect(store.transaction(() => Promise.reject(new Error('mine')))).rejects.toThrow('mine')
    const count = async (name: string) =>
      (await lines(metrics.register, `coffer_transaction_${name}`)).map((line) => line.split(' ').at(-1))
    expect(await count('attempts_total')).toEqual(['2'])
    expect(await count('retries_total')).toEqual(['0'])
    expect(await count('duration_seconds_count')).toEqual(['2'])
    expect(await lines(metrics.register, 'coffer_transaction_errors_total')).toEqual([
      'coffer_transaction_errors_total{backend="memory",code="APPLICATION"} 1',
    ])
  })

  test.each([
    ['that was made again twice', 3, undefined, ['3', '2', '2']],
    ['that gave up', 2, 'CONFLICT', ['2', '1', '2']],
    ['that never began', 0, 'CLOSED', ['0', '0', '0']],
  ] as const)(
    'is attempts, retries and conflicts of a transaction %s',
    async (_what, attempts, error, counts) => {
      using metrics = collecting()
      channel('coffer:transaction').publish({ backend: 'b', attempts, startedAt: 0, durationMs: 1, error })
      const told = await lines(metrics.register, 'coffer_transaction_')
      const names = ['attempts', 'retries', 'conflicts'].map(
        (name) => `coffer_transaction_${name}_total{backend="b"}`,
      )
      expect(told.filter((line) => names.some((name) => line.startsWith(name)))).toEqual(
        names.map((name, at) => `${name} ${counts[at]}`),
      )
    },
  )

  test('is what cleanups removed', async () => {
    using metrics = collecting()
    const store = storeInMemory()
    const all = store.collection(notes)
    await all.put({ id: 'a', text: 'x' })
    await all.delete('a')
    await store.purgeDeleted({ olderThanMs: 0 })
    await store.cleanupExpired()
    expect(await lines(metrics.register, 'coffer_cleanup_removed_total')).toEqual([
      'coffer_cleanup_removed_total{backend="memory",kind="deleted"} 1',
      'coffer_cleanup_removed_total{backend="memory",kind="expired"} 0',
    ])
  })
})

describe('in a registry', () => {
  test('every metric follows the conventions: base units, totals, a help text', async () => {
    using metrics = collecting()
    for (const { name, help, type } of await metrics.register.getMetricsAsJSON()) {
      expect(name).toMatch(/^coffer_[a-z]+(?:_[a-z]+)*$/)
      expect(help).toMatch(/^[A-Z].*\.$/)
      expect([name, name.endsWith('_total')]).toEqual([name, String(type) === 'counter'])
      if (/duration|wait_/.test(name)) expect(name).toMatch(/_seconds$/)
    }
  })

  test('metrics live beside others, with the labels that all have', async () => {
    using metrics = collecting({ prefix: 'app_' })
    const other = new Counter({ name: 'other_total', help: 'Other.', registers: [metrics.register] })
    metrics.register.setDefaultLabels({ service: 'agents' })
    other.inc()
    await storeInMemory().collection(notes).has('a')
    expect(await lines(metrics.register, 'app_coffer_operations_total')).toEqual([
      'app_coffer_operations_total{backend="memory",collection="notes",operation="has",service="agents"} 1',
    ])
    expect(await lines(metrics.register, 'other_total')).toEqual(['other_total{service="agents"} 1'])
  })

  test('a reset begins to count anew', async () => {
    using metrics = collecting()
    const all = storeInMemory().collection(notes)
    await all.has('a')
    metrics.register.resetMetrics()
    expect(await lines(metrics.register, 'coffer_operations_total')).toEqual([])
    await all.has('a')
    expect(await lines(metrics.register, 'coffer_operations_total')).toEqual([
      'coffer_operations_total{backend="memory",collection="notes",operation="has"} 1',
    ])
  })

  test('what two processes of a cluster counted is added', async () => {
    using metrics = collecting()
    await storeInMemory().collection(notes).has('a')
    const one = await metrics.register.getMetricsAsJSON()
    const both = AggregatorRegistry.aggregate([structuredClone(one), structuredClone(one)])
    const told = await both.metrics()
    const labels = 'backend="memory",collection="notes",operation="has"'
    expect(told).toContain(`coffer_operations_total{${labels}} 2\n`)
    expect(told).toContain(`coffer_operation_duration_seconds_count{${labels}} 2\n`)
    expect(told).toContain(`coffer_operation_duration_seconds_bucket{le="+Inf",${labels}} 2\n`)
  })

  test('of the OpenMetrics form a counter has its name once', async () => {
    const register = new Registry()
    register.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never)
    using metrics = collectMetrics({ register })
    await storeInMemory().collection(notes).has('a')
    const told = await register.metrics()
    expect(told).toContain('# TYPE coffer_operations counter\ncoffer_operations_total{')
    expect(told).not.toContain('_total_total')
    metrics.stop()
    expect(register.getMetricsAsArray()).toEqual([])
  })

  test('metrics are there until they are stopped, and then nobody listens', async () => {
    const metrics = collecting()
    const all = storeInMemory().collection(notes)
    metrics.collection.stop()
    metrics.collection.stop()
    expect(await metrics.register.metrics()).toBe('\n')
    using again = collecting({ register: metrics.register })
    await all.has('a')
    expect(await lines(again.register, 'coffer_operations_total')).toHaveLength(1)
  })

  test('metrics are in the global one where none is named', async () => {
    const metrics = collectMetrics()
    try {
      expect(globalRegister.getSingleMetric('coffer_operations_total')).toBeDefined()
    } finally {
      metrics.stop()
    }
    expect(globalRegister.getSingleMetric('coffer_operations_total')).toBeUndefined()
  })
})

describe('options that can not be used', () => {
  test.each([
    ['an unknown one', { registry: new Registry() }, "no option 'registry'"],
    ['a registry that is none', { register: {} }, "'register'"],
    ['a prefix with a dash', { prefix: 'my-app' }, "'prefix'"],
    ['no buckets', { buckets: [] }, "'buckets'"],
    ['buckets that descend', { buckets: [1, 0.5] }, "'buckets'"],
    ['a store that is none', { stores: { main: {} } }, "'main' is not a store"],
    ['a store without a name', { stores: { '': storeInMemory() } }, 'a name of its own'],
  ])('%s is refused', (_what, options, sentence) => {
    const given = { register: new Registry(), ...options } as never
    expect(() => collectMetrics(given)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(sentence) }),
    )
  })

  test('a registry that has the metrics already is told what to do, and stays as it is', async () => {
    using metrics = collecting()
    expect(() => collectMetrics({ register: metrics.register })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining("'prefix'") }),
    )
    await storeInMemory().collection(notes).has('a')
    expect(await lines(metrics.register, 'coffer_operations_total')).toHaveLength(1)
  })
})
