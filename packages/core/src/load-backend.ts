/** Finds the backend that a config means, and puts a cache in front of it where the config asks for one. */

import type { Backend } from './backend.ts'
import type { WithCache } from './cache-options.ts'
import { knownBackends, type ParsedConfig } from './config.ts'
import { invalid } from './errors.ts'
import type { JoinedReads } from './joined-reads.ts'
import { loadPackage } from './load-package.ts'

/**
 * The backend as the store uses it.
 *
 * @param reads the way from a cache to the backend: what the cache lacks is joined like any other read
 */
export async function loadBackend(config: ParsedConfig, reads: JoinedReads): Promise<Backend> {
  const { cache, clock } = config.store
  if (cache === undefined) return bareBackend(config)
  const { withCache = await loadCache(), ...limits } = cache
  // After the cache's package, whose absence must not leave a backend behind that nobody closes.
  const backend = await bareBackend(config)
  return withCache(backend, {
    ...limits,
    read: async (layout, keys, options) => reads.read(backend, layout, keys, options),
    // The system's clock may be set back while entries age; a clock that is injected is all the time there is.
    now: clock === undefined ? () => performance.now() : () => clock.now(),
  })
}

/** The instance that the config holds, or one made by the package that its type names. */
async function bareBackend(config: ParsedConfig): Promise<Backend> {
  if (config.backend !== undefined) return config.backend
  const packageName = knownBackends[config.type]?.package ?? config.type
  const loaded = await loadPackage(packageName, `the backend '${config.type}'`)
  const create = (loaded as { createBackend?: unknown }).createBackend
  if (typeof create !== 'function') {
    throw invalid(`'${packageName}' is no Coffer backend: it exports no createBackend`)
  }
  return create(config.options) as Backend
}

async function loadCache(): Promise<WithCache> {
  const loaded = (await loadPackage('@coffer/cache', 'the cache')) as { withCache?: WithCache }
  if (typeof loaded.withCache === 'function') return loaded.withCache
  throw invalid("'@coffer/cache' exports no withCache: install the version that belongs to this @coffer/core")
}
