/** The collections and logs that the command knows: those of the agent stores, and those of a config file. */

import { type AgentStore, agents } from '@coffer/agents'
import {
  type CollectionDefinition,
  createStore,
  type LogDefinition,
  type Module,
  type Modules,
  type StoreConfig,
} from '@coffer/core'
import { collectionNameOf } from '@coffer/core/backend'
import { CommandError } from './failure.ts'

/** Something that has records: a collection, or the entries of a log. */
export interface Listed {
  readonly definition: CollectionDefinition
  /** The log that the records are entries of. */
  readonly log: LogDefinition | undefined
  /** The fields that a person wants to see first, after the key. */
  readonly glance: readonly string[]
}

/** What somebody defines beside the agent stores. */
export interface Definitions {
  readonly collections: readonly CollectionDefinition[]
  readonly logs: readonly LogDefinition[]
  readonly modules: Modules
}

const GLANCES: Readonly<Record<string, readonly string[]>> = {
  sessions: ['agent_id', 'status', 'created_at'],
  resolutions: ['agent_id', 'decision', 'created_at'],
  trace_events: ['timestamp', 'event_type', 'severity'],
  trust_chains: ['authority_id', 'is_active', 'expires_at', 'capabilities'],
  workflow_states: ['status', 'updatedAt'],
  task_states: ['status', 'retryCount', 'updatedAt'],
  memory_entries: ['type', 'timestamp', 'task_id', 'tags'],
  memory_snapshots: ['label', 'created_at', 'entry_count'],
  memory_snapshot_entries: ['type', 'content'],
  audit_log_entries: ['timestamp', 'action', 'actor'],
  verification_requests: ['status', 'client_id', 'created_at', 'frameworks'],
  verification_results: ['request_id', 'framework', 'verdict', 'score'],
  verification_audit: ['request_id', 'event', 'actor', 'at'],
  consensus_nodes: ['status', 'weight', 'last_heartbeat'],
  consensus_proposals: ['status', 'proposal_type', 'proposer_id', 'created_at'],
  consensus_votes: ['vote', 'weight', 'cast_at'],
  consensus_states: ['leader_id', 'started_at'],
  consensus_leader_votes: ['candidate_id', 'cast_at'],
  framework_executions: ['framework', 'status', 'progress', 'started_at'],
  framework_checkpoints: ['attempt', 'progress', 'created_at'],
  framework_configurations: ['active', 'settings', 'created_at'],
  framework_metrics: ['framework', 'name', 'value', 'unit', 'recorded_at'],
  power_nodes: ['node_type', 'amount', 'created_at'],
  power_relations: ['relation_type', 'strength', 'established_at'],
  power_coalitions: ['name', 'status', 'members', 'formed_at'],
  power_events: ['event_type', 'occurred_at', 'amount', 'from_id', 'to_id'],
  power_metrics: ['node_id', 'name', 'value', 'recorded_at'],
  evolution_generations: ['population', 'number', 'status', 'opened_at'],
  evolution_agents: ['population', 'generation', 'fitness', 'created_at'],
  evolution_parents: ['agent_id', 'parent_id'],
  evolution_fitness: ['agent_id', 'fitness', 'recorded_at'],
  evolution_snapshots: ['population', 'generation_id', 'created_at'],
}

/** All that one run of the command knows. One name means one thing in it. */
export class Catalog {
  /** Everything that has records, collections first; what two modules share once. */
  readonly listed: readonly Listed[]
  readonly #modules: Modules

  constructor({ collections, logs, modules }: Definitions) {
    const all: Module[] = [...Object.values(agents), ...Object.values(modules)]
    const found = [
      ...[...all.flatMap((module) => module.collections), ...collections].map((each) => listed(each)),
      ...[...all.flatMap((module) => module.logs), ...logs].map((log) => listed(log.entries, log)),
    ]
    this.listed = found.filter(
      ({ definition }, place) => found.findIndex((each) => each.definition === definition) === place,
    )
    refuseSameNames(this.listed)
    this.#modules = modules
  }

  /** What can be told to be as it was stored: logs are chained, and some collections keep hashes. */
  get provable(): readonly Listed[] {
    return this.listed.filter(
      ({ definition, log }) =>
        log !== undefined || definition.integrity || definition.layout.history !== undefined,
    )
  }

  /** True for the name of a table that belongs to something here: a collection, its past, a log, its heads. */
  owns(layout: string): boolean {
    const name = collectionNameOf(layout)
    return this.listed.some(({ definition, log }) => definition.name === name || log?.heads.name === name)
  }

  /** The log that a collection of this name belongs to: as its entries, or as their heads. */
  logOf(name: string): LogDefinition | undefined {
    return this.listed.find(({ log }) => log?.entries.name === name || log?.heads.name === name)?.log
  }

  /** The one with this name. */
  find(name: string): Listed {
    const found = this.listed.find(({ definition }) => definition.name === name)
    if (found !== undefined) return found
    throw new CommandError(`there is no collection '${name}'; known are ${namesOf(this.listed)}`)
  }

  /** The one with this name, of those that `coffer verify` checks. */
  findProvable(name: string): Listed {
    const found = this.find(name)
    if (this.provable.includes(found)) return found
    throw new CommandError(`'${name}' keeps no hashes to verify; those that do are ${namesOf(this.provable)}`)
  }

  /** A store that knows all of it. */
  createStore(config: StoreConfig): AgentStore {
    const store = createStore<typeof agents>(config, { ...this.#modules, ...agents })
    for (const { definition, log } of this.listed) {
      if (log === undefined) store.collection(definition)
      else store.log(log)
    }
    return store
  }
}

/** What the agent stores define. */
export const agentCatalog = new Catalog({ collections: [], logs: [], modules: {} })

function listed(definition: CollectionDefinition, log?: LogDefinition): Listed {
  return { definition, log, glance: GLANCES[definition.name] ?? [] }
}

function namesOf(some: readonly Listed[]): string {
  return some.map(({ definition }) => definition.name).join(', ')
}

function refuseSameNames(all: readonly Listed[]): void {
  const names = all.flatMap(({ definition, log }) =>
    log === undefined ? [definition.name] : [definition.name, log.heads.name],
  )
  const twice = names.find((name, place) => names.indexOf(name) !== place)
  if (twice === undefined) return
  const agentNames = Object.values(agents).flatMap(({ collections, logs }) => [
    ...collections.map(({ name }) => name),
    ...logs.flatMap(({ name, heads }) => [name, heads.name]),
  ])
  throw new CommandError(
    agentNames.includes(twice)
      ? `the config file defines '${twice}', which the agent stores have already: give it another name`
      : `the config file defines '${twice}' twice: define it once, and export the same definition`,
  )
}
