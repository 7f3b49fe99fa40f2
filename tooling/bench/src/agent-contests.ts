/** The agent stores against themselves: many callers against one, and reads from the cache against reads without. */

import { type AgentStore, createAgentStore, type TrustLineageChain } from '@coffer/agents'
import type { StoreOptions } from '@coffer/core'
import { callers } from './arms.ts'
import type { Contest } from './contest.ts'
import { temporaryFolder } from './places.ts'
import { emptyDatabase } from './postgres-place.ts'
import { sessionOf } from './step.ts'

/** Callers that append at once. */
const CALLERS = 64
/** Chains that are read. */
const CHAINS = 100
const CACHE = { ttlMs: 300_000, maxEntries: 10_000 }

/** A store with nothing in it, and how to take it away. */
interface Place {
  readonly store: AgentStore
  close(): Promise<void>
}

type Open = (options?: StoreOptions) => Promise<Place>

export const agentContests: readonly Contest[] = [
  appends('sqlite', onSqlite),
  appends('postgres', onPostgres),
  chains('sqlite', onSqlite),
  chains('postgres', onPostgres),
]

/** How much appends gain from sharing commits: all of them are one chain. */
function appends(backend: string, open: Open): Contest {
  return {
    name: `${backend}.audit.append.${CALLERS}:1`,
    unit: 'entries/s',
    prepare: async () => {
      const [together, alone] = [await open(), await open()]
      return {
        coffer: callers(CALLERS, (turn) => append(together.store, turn)),
        rival: callers(1, (turn) => append(alone.store, turn)),
        close: async () => {
          for (const place of [together, alone]) {
            const { ok, problem } = await place.store.audit.verifyLog()
            if (!ok) throw new Error(`the chain is broken: ${problem?.problem}`)
            await place.close()
          }
        },
      }
    },
  }
}

function append({ audit }: AgentStore, turn: number) {
  return audit.append(
    `agent-${turn % 8}`,
    'update_state',
    { count: turn },
    { count: turn + 1 },
    {
      metadata: { reason: 'user_request' },
      // As everywhere here, eight sessions are at work at once, each for 128 steps.
      provenance: { task_id: sessionOf(turn), step_id: `step-${turn}`, timestamp: new Date(turn) },
    },
  )
}

/** What the cache saves one caller who reads chains of trust. */
function chains(backend: string, open: Open): Contest {
  return {
    name: `${backend}.trust.getChain.1:uncached`,
    unit: 'chains/s',
    prepare: async () => {
      const [cached, plain] = [await open({ cache: CACHE }), await open()]
      for (const { store } of [cached, plain]) {
        await store.trust.bulkStoreChains(Array.from({ length: CHAINS }, (_each, index) => chain(index)))
      }
      return {
        coffer: callers(1, (turn) => cached.store.trust.getChain(`agent-${turn % CHAINS}`)),
        rival: callers(1, (turn) => plain.store.trust.getChain(`agent-${turn % CHAINS}`)),
        close: async () => {
          await cached.close()
          await plain.close()
        },
      }
    },
  }
}

function chain(number: number): TrustLineageChain {
  const agent_id = `agent-${number}`
  return {
    genesis: {
      id: `genesis-${number}`,
      agent_id,
      authority_id: 'org-acme',
      authority_type: 'organization',
      created_at: '2026-01-01T00:00:00.000Z',
      signature: 'signature',
    },
    capabilities: [],
    delegations: [],
    constraints: [],
    audit_anchors: [],
  }
}

async function onSqlite(options: StoreOptions = {}): Promise<Place> {
  const folder = temporaryFolder()
  const store = createAgentStore({ ...options, type: 'sqlite', path: folder.file('agents.db') })
  await store.open()
  return {
    store,
    close: async () => {
      await store.close()
      folder.remove()
    },
  }
}

async function onPostgres(options: StoreOptions = {}): Promise<Place> {
  const database = await emptyDatabase()
  const store = createAgentStore({ ...options, type: 'postgresql', connectionString: database.url })
  await store.open()
  return {
    store,
    close: async () => {
      await store.close()
      await database.drop()
    },
  }
}
