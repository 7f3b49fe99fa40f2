/** `@coffer/metrics/prometheus`: what the stores of a process do, as metrics of prom-client. */

import { StoreError } from '@coffer/core'
import { register as globalRegister, type Metric, type Registry } from 'prom-client'
import { listen } from './events.ts'
import { type Family, familiesOf, type Sample } from './families.ts'
import { Tallies } from './tallies.ts'
import { type WatchedStore, WatchedStores } from './watched-stores.ts'

export type { WatchedStore } from './watched-stores.ts'

/** How metrics are collected. */
export interface MetricsOptions {
  /** Where they are registered. Default: the global registry of prom-client. */
  readonly register?: Registry
  /** Put before the name of each, such as `my_app_`. Default: nothing. */
  readonly prefix?: string
  /** Upper bounds of all histograms of durations, in seconds, ascending. Default: from 50 microseconds to 10 seconds. */
  readonly buckets?: readonly number[]
  /** Stores to be asked for their connections, their queue and their cache, each by the name it is told under. */
  readonly stores?: Readonly<Record<string, WatchedStore>>
}

/** Metrics that are being collected. */
export interface MetricsCollection {
  /**
   * Asks another store for its connections, its queue and its cache whenever metrics are read.
   *
   * @param name the value of the label `store`; must be free
   * @returns how to stop, which a store that is closed for good deserves
   * @throws StoreError `INVALID_ARGUMENT` for a name that is empty or taken
   */
  watchStore(name: string, store: WatchedStore): () => void
  /** Listens no more, and takes the metrics out of the registry. May be called twice. */
  stop(): void
  [Symbol.dispose](): void
}

/** Upper bounds of durations, in seconds: what an engine in the process needs, up to what nobody waits for. */
const BUCKETS = [
  0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10,
]

const MAX_BUCKETS = 100

/**
 * Collects metrics of every store of this process, those that are made later included. Events are counted as they
 * come; prom-client is given numbers when it is asked for them. Tenants, keys and values are not among the labels;
 * collections beyond 200 are counted as `other`.
 *
 * `register.resetMetrics()` begins to count anew, but for what stores count themselves.
 *
 * @throws StoreError `INVALID_ARGUMENT` for options that can't be used, or where the registry has such metrics
 *   already: then give another registry or a prefix
 */
export function collectMetrics(options: MetricsOptions = {}): MetricsCollection {
  const { register = globalRegister, prefix = '', buckets = BUCKETS, stores = {} } = checked(options)
  const tallies = new Tallies(buckets.map((each) => each * 1_000))
  const watched = new WatchedStores()
  for (const [name, store] of Object.entries(stores)) watched.watch(name, store)
  const metrics = familiesOf(tallies, watched, buckets).map(
    (family) => new RegisteredMetric(family, prefix, () => tallies.clear()),
  )
  for (const { key } of metrics) {
    if (register.getSingleMetric(key) !== undefined) {
      throw refused(`the registry has a metric '${key}' already; give another 'register' or a 'prefix'`)
    }
  }
  for (const metric of metrics) register.registerMetric(asMetric(metric))
  const deafen = listen(tallies)
  const stop = () => {
    deafen()
    watched.clear()
    for (const metric of metrics) {
      if (register.getSingleMetric(metric.key) === asMetric(metric)) register.removeSingleMetric(metric.key)
    }
  }
  return { watchStore: (name, store) => watched.watch(name, store), stop, [Symbol.dispose]: stop }
}

/** A metric whose numbers are made when the registry asks for them. */
class RegisteredMetric {
  /** What it is registered under. */
  readonly key: string
  /** A registry of the OpenMetrics form takes `_total` away from it. */
  name: string
  readonly help: string
  readonly type: Family['type']
  /** How the numbers of several processes of a cluster become one. */
  readonly aggregator = 'sum'
  readonly #samples: Family['samples']
  readonly #reset: () => void

  constructor({ name, help, type, samples }: Family, prefix: string, reset: () => void) {
    this.key = prefix + name
    this.name = this.key
    this.help = help
    this.type = type
    this.#samples = samples
    this.#reset = reset
  }

  async get(): Promise<Omit<Family, 'samples'> & { aggregator: string; values: readonly Sample[] }> {
    const { name, help, type, aggregator } = this
    return { name, help, type, aggregator, values: this.#samples(name) }
  }

  reset(): void {
    this.#reset()
  }
}

/** A registry asks no more of a metric than `RegisteredMetric` has; its types name the four classes of prom-client. */
function asMetric(metric: RegisteredMetric): Metric {
  return metric as unknown as Metric
}

function checked(options: MetricsOptions): MetricsOptions {
  const names = ['register', 'prefix', 'buckets', 'stores']
  const unknown = Object.keys(options).find((name) => !names.includes(name))
  if (unknown !== undefined) throw refused(`there is no option '${unknown}', only ${names.join(', ')}`)
  const { register, prefix, buckets } = options
  if (register !== undefined && typeof register?.registerMetric !== 'function') {
    throw refused("'register' must be a Registry of prom-client")
  }
  if (prefix !== undefined && !/^(?:[a-zA-Z_:][a-zA-Z0-9_:]*)?$/.test(prefix)) {
    throw refused("'prefix' must be the beginning of a metric's name: letters, digits, _ and :")
  }
  if (buckets !== undefined && !areBounds(buckets)) {
    throw refused(`'buckets' must be 1 to ${MAX_BUCKETS} numbers of seconds above 0, ascending`)
  }
  return options
}

function areBounds(buckets: readonly number[]): boolean {
  return (
    Array.isArray(buckets) &&
    buckets.length > 0 &&
    buckets.length <= MAX_BUCKETS &&
    buckets.every((each, place) => Number.isFinite(each) && each > (buckets[place - 1] ?? 0))
  )
}

function refused(sentence: string): StoreError {
  return new StoreError('INVALID_ARGUMENT', `collectMetrics: ${sentence}`)
}
