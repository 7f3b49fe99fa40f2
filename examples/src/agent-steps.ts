/** Steps that are the same on every backend: what a store for agents is used for. */

import { createReadStream } from 'node:fs'
import type { AgentStore } from '@coffer/agents'
import { importTranscripts, readLines } from '@coffer/cli'
import { canonicalJson, isStoreError } from '@coffer/core'
import { bad, good, say, step, table } from './stage.ts'

const TRANSCRIPTS = new URL('../data/support-transcripts.jsonl', import.meta.url)
const HOUR_MS = 3_600_000

/** Where the steps happen: a store whose clock can be put forward. */
export interface Scene {
  readonly store: AgentStore
  readonly putForward: (milliseconds: number) => void
}

/** Runs all of them, on an empty store. */
export async function agentSteps(scene: Scene): Promise<void> {
  await importRuns(scene)
  await readTrace(scene)
  await filterResolutions(scene)
  await rollBack(scene)
  await guardVersions(scene)
  await expire(scene)
}

async function importRuns({ store }: Scene): Promise<void> {
  step('Import 14 runs of three agents', `await importTranscripts(store, readLines(file))`)
  const counts = await importTranscripts(store, readLines(createReadStream(TRANSCRIPTS)))
  good(`${counts.sessions.new} sessions, ${counts.resolutions.new} resolutions, ${counts.events.new} events`)
  const again = await importTranscripts(store, readLines(createReadStream(TRANSCRIPTS)))
  say(`once more: ${again.sessions.new + again.resolutions.new + again.events.new} new, nothing changed`)
}

async function readTrace({ store }: Scene): Promise<void> {
  step('See what an agent did', `await store.registry.getTraceEvents('support-002')`)
  const events = await store.registry.getTraceEvents('support-002')
  table(
    events
      .filter((event) => event.event_type.startsWith('tool.'))
      .map((event) => [event.timestamp.slice(11, 19), event.event_type, glance(event.payload)]),
  )
}

/** A tool's name, and what it was given or gave. A backend may keep members in an order of its own. */
function glance(value: unknown): string {
  const { name, arguments: given, content } = value as Readonly<Record<string, unknown>>
  return `${name} ${typeof content === 'string' ? content : canonicalJson(given)}`
}

async function filterResolutions({ store }: Scene): Promise<void> {
  step(
    'Ask for decisions',
    `await store.registry.listResolutions({ agent_id: 'invoices',`,
    `  created_at: { gte: '2026-03-03T00:00:00Z' } })`,
  )
  const found = await store.registry.listResolutions({
    agent_id: 'invoices',
    created_at: { gte: '2026-03-03T00:00:00Z' },
  })
  table(
    found.map((each) => [
      each.created_at.slice(0, 10),
      each.resolution_id,
      each.decision,
      glance(each.allowed_actions?.[0]),
    ]),
  )
}

async function rollBack({ store }: Scene): Promise<void> {
  step(
    'All of it, or nothing',
    `await store.transaction(async (tx) => { … throw new Error('card declined') })`,
  )
  const booking = store.transaction(async (tx) => {
    await tx.registry.updateSession('travel-004', { metadata: { booked: true } })
    await tx.registry.deleteResolution('travel-004/0004')
    throw new Error('card declined')
  })
  const error = await booking.catch((thrown: Error) => thrown)
  const session = await store.registry.getSession('travel-004')
  const kept = (await store.registry.getResolution('travel-004/0004')) !== undefined
  const untouched = kept && session?.metadata?.booked === undefined
  if (untouched) good(`"${error.message}": session and resolution are as they were`)
  else bad('the transaction left something behind')
}

async function guardVersions({ store }: Scene): Promise<void> {
  step('No lost updates', `await store.registry.updateSession(id, change, { ifVersion: 1 })`)
  const outcomes = []
  for (const rated of [5, 1]) {
    const metadata = { rated }
    outcomes.push(
      await store.registry.updateSession('travel-004', { metadata }, { ifVersion: 1 }).then(
        (version) => `stored as version ${version}`,
        (error: unknown) => (isStoreError(error) ? `refused: ${error.code}` : String(error)),
      ),
    )
  }
  table([
    ['first worker', outcomes[0] ?? ''],
    ['second worker', outcomes[1] ?? ''],
  ])
}

async function expire({ store, putForward }: Scene): Promise<void> {
  step('Decisions with a deadline', `expires_at: in one hour … and an hour later`)
  await store.registry.saveResolution({
    resolution_id: 'pass-1',
    request_id: 'request-1',
    agent_id: 'support',
    session_id: 'support-001',
    decision: 'allow',
    created_at: store.now().toISOString(),
    expires_at: new Date(store.now().getTime() + HOUR_MS).toISOString(),
  })
  putForward(HOUR_MS)
  const found = await store.registry.getResolution('pass-1')
  good(`getResolution → ${String(found)}, cleanupExpired → ${await store.registry.cleanupExpired()} removed`)
}
