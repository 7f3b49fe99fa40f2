/**
 * The README of @cra/storage, snippet by snippet in its order, on any backend:
 * `node examples/src/cra-storage.ts [config.json]`, where the file holds what `createStore` takes.
 */

import { type AgentStore, createAgentStore, type Resolution } from '@coffer/agents'
import { givenConfig } from './given-config.ts'
import { bad, good, step, table } from './stage.ts'

const HOUR_MS = 3_600_000
let now = Date.parse('2026-03-01T12:00:00Z')

function resolutionOf(resolution_id: string): Resolution {
  return {
    resolution_id,
    request_id: 'req-456',
    agent_id: 'my-agent',
    session_id: 'session-1',
    decision: 'allow',
    context_blocks: [{ content: 'what the agent may know' }],
    allowed_actions: [{ action: 'refund', limit: 20 }],
    created_at: new Date(now).toISOString(),
    expires_at: new Date(now + HOUR_MS).toISOString(),
  }
}

async function resolutions({ registry }: AgentStore): Promise<void> {
  step('Resolutions', `await store.registry.saveResolution({ … })`)
  const version = await registry.saveResolution(resolutionOf('res-123'))
  good(`saved as version ${version}`)
  const resolution = await registry.getResolution('res-123')
  good(`getResolution → ${resolution?.decision}`)
  const listed = await registry.listResolutions({
    agent_id: 'my-agent',
    session_id: 'session-1',
    limit: 100,
  })
  good(`listResolutions → ${listed.map((each) => each.resolution_id).join(', ')}`)
  good(`deleteResolution → ${await registry.deleteResolution('res-123')}`)
}

async function sessions({ registry }: AgentStore): Promise<void> {
  step('Sessions', `await store.registry.saveSession({ … })`)
  await registry.saveSession({
    session_id: 'session-1',
    agent_id: 'my-agent',
    status: 'active',
    created_at: new Date(now).toISOString(),
    metadata: { channel: 'chat' },
  })
  good(`getSession → ${(await registry.getSession('session-1'))?.status}`)
  await registry.updateSession('session-1', { status: 'ended' })
  const listed = await registry.listSessions({ agent_id: 'my-agent' })
  table(listed.map((each) => [each.session_id, each.status, `ended at ${each.ended_at}`]))
}

async function traces({ registry }: AgentStore): Promise<void> {
  step('TRACE events', `await store.registry.saveTraceEvents([event1, event2, event3])`)
  const events = ['request', 'decision', 'action'].map((event_type, place) => ({
    event_id: `event-${place + 1}`,
    trace_id: 'trace-123',
    session_id: 'session-1',
    event_type,
    severity: 'info',
    timestamp: new Date(now + place).toISOString(),
  }))
  await registry.saveTraceEvents(events)
  const trace = await registry.getTraceEvents('trace-123')
  table(trace.map((event) => [String(event.sequence), event.event_type, event.timestamp]))
  good(`getSessionTraceEvents → ${(await registry.getSessionTraceEvents('session-1')).length} events`)
  good(`verifyTrace → ok: ${(await registry.verifyTrace('trace-123')).ok}`)
}

async function transactions(store: AgentStore): Promise<void> {
  const [first, second] = [resolutionOf('res-1'), resolutionOf('res-2')]
  step(
    'Transactions, on every backend',
    `await store.transaction(async (tx) => {`,
    `  await tx.registry.saveResolution(resolution1)`,
    `  await tx.registry.saveResolution(resolution2)`,
    `})`,
  )
  await store.transaction(async (tx) => {
    await tx.registry.saveResolution(first)
    await tx.registry.saveResolution(second)
  })
  good(`both are there: ${(await store.registry.listResolutions()).length}`)
  await store
    .transaction(async (tx) => {
      await tx.registry.deleteResolution('res-1')
      throw new Error('changed my mind')
    })
    .catch((error: Error) => good(`"${error.message}": nothing happened`))
  if ((await store.registry.getResolution('res-1')) === undefined) bad('a part of it happened')
}

async function bulkAndCleanup({ registry }: AgentStore): Promise<void> {
  step('Bulk operations', `await store.registry.bulkSaveResolutions([res1, res2, res3])`)
  const versions = await registry.bulkSaveResolutions(['res-3', 'res-4', 'res-5'].map(resolutionOf))
  good(`${versions.length} saved, all or none`)
  step('Expired resolutions', `await store.registry.cleanupExpired()`)
  now += HOUR_MS
  good(`an hour later getResolution → ${await registry.getResolution('res-3')}`)
  good(`cleanupExpired → ${await registry.cleanupExpired()}`)
}

await using store = createAgentStore({ ...(await givenConfig()), clock: { now: () => now } })
await resolutions(store)
await sessions(store)
await traces(store)
await transactions(store)
await bulkAndCleanup(store)
