/**
 * The quick reference of Kaizen's PostgresTrustStore, snippet by snippet, on any backend:
 * `node examples/src/trust-quick-reference.ts [config.json]`, where the file holds what `createStore` takes.
 */

import { type AgentStore, AuthorityType, createAgentStore, type TrustLineageChain } from '@coffer/agents'
import { isStoreError, type StoreConfig } from '@coffer/core'
import { givenConfig } from './given-config.ts'
import { bad, good, say, step, table } from './stage.ts'
import { capabilityOf, chainOf } from './trust-records.ts'

const HOUR_MS = 3_600_000

async function initialize(config: StoreConfig): Promise<AgentStore> {
  step('Initialization', `createAgentStore({ type, …, cache: { ttlMs, maxEntries } })`)
  const store = createAgentStore({ ...config, cache: { ttlMs: 300_000, maxEntries: 1_000 } })
  await store.open()
  good('open; the first operation would have opened it too')
  return store
}

async function storeAndRetrieve({ trust }: AgentStore): Promise<void> {
  step('Store', `await trust.storeChain(chain, { expiresAt })`)
  const chain = chainOf('agent-001')
  good(`stored ${await trust.storeChain(chain)}`)
  const expiresAt = new Date(Date.now() + HOUR_MS)
  good(`stored ${await trust.storeChain(chain, { expiresAt })} once more, until in an hour`)
  step('Retrieve', `await trust.getChain(agentId, { includeInactive: true })`)
  const found = await trust.getChain('agent-001')
  good(`the chain of ${found.genesis.agent_id}, by ${found.genesis.authority_id}`)
  const any = await trust.getChain('agent-001', { includeInactive: true })
  good(`the same, active or not: ${any.genesis.agent_id}`)
}

async function updateAndDelete({ trust }: AgentStore): Promise<void> {
  step('Update', `await trust.updateChain(agentId, modifiedChain)`)
  const modified = await trust.getChain('agent-001')
  modified.metadata = { reviewed: true }
  await trust.updateChain('agent-001', modified)
  good(`metadata: ${JSON.stringify((await trust.getChain('agent-001')).metadata)}`)
  step('Delete', `await trust.deleteChain(agentId, { softDelete })`)
  await trust.deleteChain('agent-001', { softDelete: true })
  say(`after a soft delete: ${await trust.countChains({ activeOnly: false })} chain, inactive`)
  await trust.deleteChain('agent-001', { softDelete: false })
  say(`after a hard delete: ${await trust.countChains({ activeOnly: false })} chains`)
}

async function query({ trust }: AgentStore): Promise<void> {
  await trust.bulkStoreChains([chainOf('agent-001'), chainOf('agent-002'), chainOf('agent-003', 'org-other')])
  step('List', `await trust.listChains({ authorityId, activeOnly, limit, offset })`)
  good(`all active chains: ${names(await trust.listChains())}`)
  const filter = { authorityId: 'org-acme', activeOnly: true }
  good(`those of org-acme: ${names(await trust.listChains({ ...filter, limit: 10, offset: 0 }))}`)
  step('Count', `await trust.countChains({ authorityId, activeOnly })`)
  good(`all: ${await trust.countChains()}; of org-acme: ${await trust.countChains(filter)}`)
  step('Verify integrity', `await trust.verifyChainIntegrity(agentId)`)
  good(`the hash matches: ${await trust.verifyChainIntegrity('agent-001')}`)
}

function names(chains: readonly TrustLineageChain[]): string {
  return chains.map(({ genesis }) => genesis.agent_id).join(', ')
}

async function handleErrors({ trust }: AgentStore): Promise<void> {
  step('Error handling', `catch (error) { if (isStoreError(error, 'NOT_FOUND')) … }`)
  const expired = chainOf('agent-004')
  expired.genesis.expires_at = '2020-01-01T00:00:00Z'
  for (const call of [() => trust.getChain('nobody'), () => trust.storeChain(expired)]) {
    try {
      await call()
      bad('it went through')
    } catch (error) {
      if (!isStoreError(error)) throw error
      good(`${error.name}, code ${error.code}`)
    }
  }
}

async function perform(store: AgentStore): Promise<void> {
  const { trust } = store
  step('Caching', `store.cacheStatistics()`)
  await trust.getChain('agent-002')
  const before = store.cacheStatistics()
  await trust.getChain('agent-002')
  const after = store.cacheStatistics()
  good(`a second getChain: ${(after?.hits ?? 0) - (before?.hits ?? 0)} hit, no round trip`)
  step('Pagination', `for (;;) { const page = await trust.listChains({ limit, offset }) … }`)
  const pageSize = 2
  for (let offset = 0; ; offset += pageSize) {
    const page = await trust.listChains({ limit: pageSize, offset })
    if (page.length === 0) break
    say(`from ${offset}: ${names(page)}`)
  }
  let walked = 0
  for await (const _chain of trust.iterateChains({ limit: pageSize })) walked++
  good(`iterateChains walks all ${walked}, by cursors`)
}

async function createAndStore({ trust }: AgentStore): Promise<void> {
  step('Create and store', `await trust.storeChain({ genesis })`)
  const genesis = {
    id: 'genesis-005',
    agent_id: 'agent-005',
    authority_id: 'org-acme',
    authority_type: AuthorityType.ORGANIZATION,
    created_at: new Date().toISOString(),
    signature: 'signature-data',
  }
  good(`stored ${await trust.storeChain({ genesis })}`)
}

async function modify({ trust }: AgentStore): Promise<void> {
  step('Retrieve, modify, update', `chain.capabilities.push(newCapability)`)
  const { record, version } = await trust.getChainEntry('agent-005')
  const chain = record.chain_data
  chain.capabilities.push(capabilityOf('cap-1', 'analyze_data'))
  await trust.updateChain('agent-005', chain, { ifVersion: version })
  const late = trust.updateChain('agent-005', chain, { ifVersion: version })
  const code = await late.then(
    () => 'stored',
    (error: unknown) => (isStoreError(error) ? error.code : String(error)),
  )
  table([
    ['first writer', `stored, ${(await trust.getChain('agent-005')).capabilities.length} capability`],
    ['second writer', code],
  ])
}

async function restoreAndFilter({ trust }: AgentStore): Promise<void> {
  step('Soft delete and restore', `await trust.storeChain(chain)`)
  await trust.deleteChain('agent-005', { softDelete: true })
  const chain = await trust.getChain('agent-005', { includeInactive: true })
  await trust.storeChain(chain)
  good(`is_active: ${(await trust.getChainEntry('agent-005')).record.is_active}`)
  step('Filter by authority', `await trust.listChains({ authorityId: 'org-acme' })`)
  const acme = await trust.listChains({ authorityId: 'org-acme' })
  good(`${names(acme)}: ${await trust.countChains({ authorityId: 'org-acme' })}`)
}

const store = await initialize(await givenConfig())
try {
  await storeAndRetrieve(store)
  await updateAndDelete(store)
  await query(store)
  await handleErrors(store)
  await perform(store)
  await createAndStore(store)
  await modify(store)
  await restoreAndFilter(store)
} finally {
  await store.close()
}
