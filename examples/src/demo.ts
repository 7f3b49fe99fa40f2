/** What Coffer does, in nine steps on SQLite, from nothing: `pnpm demo`. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AgentStore, createAgentStore } from '@coffer/agents'
import Database from 'better-sqlite3'
import { agentSteps } from './agent-steps.ts'
import { bad, end, good, say, step, table } from './stage.ts'

/** A store and its file. */
interface Place {
  readonly store: AgentStore
  readonly path: string
}

function refuseEdit({ path }: Place): void {
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

async function catchEdit({ store, path }: Place): Promise<void> {
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

function queryBySql({ path }: Place): void {
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
const place: Place = { store, path }
try {
  await agentSteps({
    store,
    putForward: (milliseconds) => {
      ahead += milliseconds
    },
  })
  refuseEdit(place)
  await catchEdit(place)
  queryBySql(place)
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
