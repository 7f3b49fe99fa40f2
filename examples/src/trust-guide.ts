/**
 * The guide to Kaizen's PostgresTrustStore, from its first snippet to what it plans for the future, on any
 * backend: `node examples/src/trust-guide.ts [config.json]`, where the file holds what `createStore` takes.
 */

import {
  type AgentStore,
  createAgentStore,
  type TrustChainFilter,
  TrustChainInvalidError,
  TrustChainNotFoundError,
  TrustStoreError,
} from '@coffer/agents'
import { type StoreConfig, StoreError } from '@coffer/core'
import { givenConfig } from './given-config.ts'
import { bad, good, say, step, table } from './stage.ts'
import { capabilityOf, chainOf } from './trust-records.ts'

const HOUR_MS = 3_600_000
const CACHE = { ttlMs: 300_000, maxEntries: 1_000 }
let ahead = 0

function initialize(config: StoreConfig): AgentStore {
  step('Initialization', `createAgentStore({ type: 'postgresql', connectionString, cache })`)
  const clock = { now: () => Date.now() + ahead }
  const store = createAgentStore({ ...config, cache: CACHE, clock })
  good('made at once; the first operation opens it and makes the table')
  return store
}

async function useIt({ trust }: AgentStore): Promise<void> {
  step('Store, retrieve, update, delete', `trust.storeChain getChain updateChain deleteChain`)
  const agentId = await trust.storeChain(chainOf('agent-001'))
  const chain = await trust.getChain(agentId)
  chain.capabilities.push(capabilityOf('cap-1', 'analyze_data'))
  await trust.updateChain(agentId, chain)
  const updated = await trust.getChain(agentId, { includeInactive: true })
  good(`${agentId} may ${updated.capabilities.map((each) => each.capability).join()}`)
  await trust.deleteChain(agentId, { softDelete: true })
  await trust.deleteChain(agentId, { softDelete: false })
  good('deleted, softly and then for good')
}

async function showRow({ trust }: AgentStore): Promise<void> {
  step('The row behind a chain', `await trust.getChainEntry(agentId)`)
  await trust.storeChain(chainOf('agent-001'))
  const { record } = await trust.getChainEntry('agent-001')
  table([
    ['id', record.id],
    ['chain_data', `{ ${Object.keys(record.chain_data).sort().join(', ')} }`],
    ['chain_hash', `${record.chain_hash.length} hex digits`],
    ['authority_id', record.authority_id],
    ['is_active', `${record.is_active}`],
    ['expires_at', `${record.expires_at}`],
  ])
}

async function listAndCount({ trust }: AgentStore): Promise<void> {
  await trust.bulkStoreChains([
    chainOf('agent-001'),
    chainOf('agent-002'),
    chainOf('agent-003', 'org-other'),
    chainOf('agent-004'),
  ])
  await trust.deleteChain('agent-004')
  step('List and count chains', `trust.listChains(options), trust.countChains(options)`)
  const acme = { authorityId: 'org-acme', activeOnly: true }
  table([
    ['all active chains', await agents({ trust }), `${await trust.countChains()}`],
    ['by authority', await agents({ trust }, { authorityId: 'org-acme' }), ''],
    ['pages of two', agentsOf(await trust.listChains({ limit: 2, offset: 2 })), ''],
    ['inactive ones too', await agents({ trust }, { activeOnly: false }), ''],
    ['combined', await agents({ trust }, acme), `${await trust.countChains(acme)}`],
  ])
}

async function agents({ trust }: Pick<AgentStore, 'trust'>, filter?: TrustChainFilter): Promise<string> {
  return agentsOf(await trust.listChains(filter))
}

function agentsOf(chains: readonly { readonly genesis: { readonly agent_id: string } }[]): string {
  return chains.map(({ genesis }) => genesis.agent_id.slice(-3)).join(' ') || 'none'
}

async function verify({ trust }: AgentStore): Promise<void> {
  step('Verify integrity', `if (await trust.verifyChainIntegrity('agent-001')) …`)
  if (await trust.verifyChainIntegrity('agent-001')) good('Chain integrity verified!')
  else bad('Chain may have been tampered with!')
}

async function cache(store: AgentStore): Promise<void> {
  step('Caching', `createAgentStore({ …, cache: { ttlMs: 600_000, maxEntries } })`)
  const before = store.cacheStatistics()
  await store.trust.getChain('agent-001')
  await store.trust.getChain('agent-001')
  const after = store.cacheStatistics()
  const hits = (after?.hits ?? 0) - (before?.hits ?? 0)
  good(`of two reads at least one is a hit: ${hits >= 1}`)
  const uncached = createAgentStore({ type: 'memory' })
  say(`without the option: cacheStatistics() → ${uncached.cacheStatistics()}`)
  await uncached.close()
}

async function handleErrors({ trust }: AgentStore): Promise<void> {
  step('Error handling', `catch (error) { if (error.name === 'TrustChainNotFoundError') … }`)
  try {
    await trust.getChain('nonexistent-agent')
    bad('there is such a chain')
  } catch (error) {
    if (error instanceof TrustChainNotFoundError) good(`Chain not found: ${error.code}`)
    else if (error instanceof StoreError) bad(`Database error occurred: ${error.code}`)
    else throw error
  }
  const invalid = new TrustChainInvalidError('expired')
  const ancestors = [invalid instanceof TrustStoreError, invalid instanceof StoreError]
  say(`TrustChainInvalidError is a TrustStoreError, and that a StoreError: ${ancestors.every(Boolean)}`)
}

async function softDelete({ trust }: AgentStore): Promise<void> {
  step('Soft delete workflow', `await trust.getChain(agentId, { includeInactive: true })`)
  await trust.deleteChain('agent-001', { softDelete: true })
  const hidden = await trust.getChain('agent-001').catch((error: Error) => error.name)
  say(hidden === 'TrustChainNotFoundError' ? 'Chain is inactive' : 'it is not')
  const chain = await trust.getChain('agent-001', { includeInactive: true })
  await trust.storeChain(chain)
  good(`restored: ${await agents({ trust })}`)
}

async function batches({ trust }: AgentStore): Promise<void> {
  step('Batch operations', `await trust.bulkStoreChains([chain1, chain2, chain3])`)
  const chains = [chainOf('agent-005'), chainOf('agent-006'), chainOf('agent-007')]
  await Promise.all(chains.map((chain) => trust.storeChain(chain)))
  say('one by one at once: their writes share commits')
  good(`all or none: ${(await trust.bulkStoreChains(chains)).join(', ')}`)
  step('Pagination', `await trust.pageChains({ limit, cursor }), trust.iterateChains()`)
  let cursor: string | undefined
  do {
    const page = await trust.pageChains({ limit: 3, cursor })
    say(`page: ${agentsOf(page.records)}`)
    cursor = page.next
  } while (cursor !== undefined)
}

async function validate(store: AgentStore): Promise<void> {
  const { trust } = store
  step('Expired chains', `await trust.storeChain(expiredChain)`)
  const chain = chainOf('agent-008')
  chain.genesis.expires_at = new Date(store.now().getTime() + HOUR_MS).toISOString()
  await trust.storeChain(chain)
  good(`expires within two hours: ${await agents(store, { expiration: { withinMs: 2 * HOUR_MS } })}`)
  ahead += HOUR_MS
  for (const call of [() => trust.getChain('agent-008'), () => trust.storeChain(chain)]) {
    const outcome = await call().then(
      () => 'it went through',
      (error: Error) => error.name,
    )
    say(`an hour later: ${outcome}`)
  }
  good(`expired: ${await agents(store, { expiration: 'expired' })}, active: ${await agents(store)}`)
}

async function planned(store: AgentStore): Promise<void> {
  const { trust } = store
  step('What the guide plans: bulk, filters, words', `trust.listChains({ metadataWords })`)
  const chain = await trust.getChain('agent-002')
  chain.metadata = { note: 'reviewed by the Blue Whale team' }
  chain.capabilities.push(capabilityOf('cap-1', 'analyze_data'))
  const versions = await trust.bulkUpdateChains([chain])
  table([
    ['bulk update', `${versions.length} chain`],
    ['capability type', await agents(store, { capabilityType: 'access' })],
    ['words in metadata', await agents(store, { metadataWords: 'whale blue' })],
  ])
  step('Audit trail', `trust.chainHistory(agentId), trust.getChainAt(agentId, when)`)
  const history = await trust.chainHistory('agent-002')
  for (const { record } of history) {
    say(`${record.chain_data.capabilities.length} capabilities, active: ${record.is_active}`)
  }
  const first = await trust.getChainAt('agent-002', { version: history.at(-1)?.version ?? 0 })
  good(`as its first version: metadata ${JSON.stringify(first.metadata)}`)
  step('Bulk delete, monitoring, close', `store.cacheStatistics(), await store.close()`)
  await trust.bulkDeleteChains(['agent-005', 'agent-006', 'agent-007'], { softDelete: false })
  good(`left: ${await agents(store, { expiration: 'any' })}`)
  good(`the cache has a hit rate: ${(store.cacheStatistics()?.hitRate ?? 0) > 0}`)
}

const store = initialize(await givenConfig())
try {
  await useIt(store)
  await showRow(store)
  await listAndCount(store)
  await verify(store)
  await cache(store)
  await handleErrors(store)
  await softDelete(store)
  await batches(store)
  await validate(store)
  await planned(store)
} finally {
  await store.close()
}
