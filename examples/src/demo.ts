/** What Coffer does, in nine steps on SQLite, from nothing: `pnpm demo`. */

import { createReadStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AgentStore, createAgentStore } from '@coffer/agents'
import { importTranscripts, readLines } from '@coffer/cli'
import { isStoreError } from '@coffer/core'
import Database from 'better-sqlite3'
import { bad, end, good, say, step, table } from './stage.ts'

const TRANSCRIPTS = new URL('../data/support-transcripts.jsonl', import.meta.url)
const HOUR_MS = 3_600_000

/** Where the demo happens: a store whose clock can be put forward, and its file. */
interface Scene {
  readonly store: AgentStore
  readonly path: string
  readonly putForward: (milliseconds: number) => void
}

async function importRuns({ store }: Scene): Promise<void> {
  step('Import 14 runs of three agents', `await importTranscripts(store, readLines(file))`)
  const started = performance.now()
  const counts = await importTranscripts(store, readLines(createReadStream(TRANSCRIPTS)))
  const took = `${Math.round(performance.now() - started)} ms, safe on the disk`
  good(
    `${counts.sessions.new} sessions, ${counts.resolutions.new} resolutions, ${counts.events.new} events: ${took}`,
  )
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

/** A tool's name, and what it was given or gave. */
function glance(value: unknown): string {
  const { name, arguments: given, content } = value as Readonly<Record<string, unknown>>
  return `${name} ${typeof content === 'string' ? content : JSON.stringify(given)}`
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

function refuseEdit({ path }: Scene): void {
  const statement = `update trace_events set severity = 'none'`
  step('The database itself keeps traces from being edited', `sqlite3 agents.db "${statement}"`)
  const database = new Database(path)
  try {
    database.exec(statement)
    bad('the edit went through')
  } catch (error) {
    good(`refused: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    database.close()
  }
}

async function catchEdit({ store, path }: Scene): Promise<void> {
  step('And who takes the guard away is caught', `await store.registry.verifyTrace('support-002')`)
  const before = await store.registry.verifyTrace('support-002')
  good(`before: ok, ${before.entries} events`)
  plantChange(path)
  const { problem } = await store.registry.verifyTrace('support-002')
  say('drop trigger …; the refund of 19 becomes one of 1900')
  if (problem === undefined) bad('nobody noticed')
  else good(`after: event ${problem.sequence}: ${problem.problem}`)
}

/** What somebody with the file and a mind to cheat would do. */
function plantChange(path: string): void {
  const database = new Database(path)
  const triggers = database
    .prepare<[], string>(
      `select name from sqlite_schema where type = 'trigger' and tbl_name = 'trace_events'`,
    )
    .pluck()
    .all()
  for (const name of triggers) database.exec(`drop trigger "${name}"`)
  database.exec(
    `update trace_events set _doc = replace(_doc, '"amount":19', '"amount":1900') where event_id = 'support-002/0007'`,
  )
  database.close()
}

function queryBySql({ path }: Scene): void {
  step(
    'Your data stays yours: real tables, real columns',
    `select agent_id, count(*), max(date(created_at / 1000, 'unixepoch'))`,
    `from resolutions group by agent_id`,
  )
  const database = new Database(path, { readonly: true })
  const rows = database
    .prepare<[], string[]>(
      `select agent_id, cast(count(*) as text), max(date(created_at / 1000, 'unixepoch')) ` +
        `from resolutions group by agent_id`,
    )
    .raw()
    .all()
  table(rows)
  database.close()
}

const folder = mkdtempSync(join(tmpdir(), 'coffer-demo-'))
const path = join(folder, 'agents.db')
let ahead = 0
const store = createAgentStore({ type: 'sqlite', path, clock: { now: () => Date.now() + ahead } })
const scene: Scene = {
  store,
  path,
  putForward: (milliseconds) => {
    ahead += milliseconds
  },
}
try {
  await importRuns(scene)
  await readTrace(scene)
  await filterResolutions(scene)
  await rollBack(scene)
  await guardVersions(scene)
  await expire(scene)
  refuseEdit(scene)
  await catchEdit(scene)
  queryBySql(scene)
} finally {
  await store.close()
  rmSync(folder, { recursive: true })
}
end([
  'export COFFER_STORE=agents.db',
  'npx -y pnpm@12 coffer import examples/data/support-transcripts.jsonl',
  'npx -y pnpm@12 coffer ls sessions',
  'npx -y pnpm@12 coffer show trace travel-003',
])
