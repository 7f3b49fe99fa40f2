/** Stores to test on, and records to test with. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isStoreError, type StoreConfig } from '@coffer/core'
import { createDatabase, type TestDatabase } from '@coffer-tooling/postgres'
import { freshSchema } from '@coffer-tooling/postgres/place'
import { sharedServer } from '@coffer-tooling/postgres/vitest'
import { afterAll, afterEach, beforeEach } from 'vitest'
import {
  type AgentStore,
  createAgentStore,
  type NewTraceEvent,
  type Resolution,
  type Session,
} from '../src/index.ts'

export const NOW = Date.parse('2026-03-01T12:00:00.000Z')
export const HOUR_MS = 3_600_000

/** The config of an empty store, given a folder of its own. */
export type ConfigOf = (folder: string) => StoreConfig | Promise<StoreConfig>

/** The database of a test file, made when a test first asks for it. */
let database: Promise<TestDatabase> | undefined

// Throws where a store has left a connection open.
afterAll(async () => (await database)?.drop())

export const configs: Readonly<Record<string, ConfigOf>> = {
  memory: () => ({ type: 'memory' }),
  file: (folder) => ({ type: 'file', basePath: join(folder, 'agents'), durability: 'none' }),
  sqlite: (folder) => ({ type: 'sqlite', path: join(folder, 'agents.db'), durability: 'none' }),
  postgresql: async () => {
    database ??= createDatabase(sharedServer())
    return { type: 'postgresql', connectionString: (await database).url, schema: freshSchema() }
  },
}

export function aResolution(id: string, more: Partial<Resolution> = {}): Resolution {
  return {
    resolution_id: id,
    request_id: `request-of-${id}`,
    agent_id: 'agent-1',
    session_id: 'session-1',
    decision: 'allow',
    created_at: '2026-03-01T11:00:00.000Z',
    ...more,
  }
}

export function aSession(id: string, more: Partial<Session> = {}): Session {
  return {
    session_id: id,
    agent_id: 'agent-1',
    status: 'active',
    created_at: '2026-03-01T11:00:00.000Z',
    ...more,
  }
}

export function anEvent(id: string, more: Partial<NewTraceEvent> = {}): NewTraceEvent {
  return {
    event_id: id,
    trace_id: 'trace-1',
    session_id: 'session-1',
    event_type: 'tool.call',
    severity: 'info',
    timestamp: '2026-03-01T11:00:00.000Z',
    ...more,
  }
}

export async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => 'no error',
    (thrown: unknown) => thrown,
  )
  return isStoreError(error) ? error.code : String(error)
}

export async function gathered<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** What a test has to itself: an empty store with a clock that stands still until it is moved. */
export interface Fixture {
  readonly store: AgentStore
  now: number
}

/** Makes a fixture before each test and takes it away after. */
export function freshStore(configOf: ConfigOf): Fixture {
  let folder: string
  let store: AgentStore
  const fixture = {
    now: NOW,
    get store() {
      return store
    },
  }
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'coffer-agents-'))
    fixture.now = NOW
    store = createAgentStore({ ...(await configOf(folder)), clock: { now: () => fixture.now } })
  })
  afterEach(async () => {
    await store.close()
    rmSync(folder, { recursive: true })
  })
  return fixture
}
