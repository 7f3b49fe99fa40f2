/** The collections and logs that the command knows, by name. */

import { agents } from '@coffer/agents'
import type { CollectionDefinition, LogDefinition, Module } from '@coffer/core'
import { CommandError } from './failure.ts'

/** Something that has records: a collection, or the entries of a log. */
export interface Listed {
  readonly definition: CollectionDefinition
  /** The log that the records are entries of. */
  readonly log: LogDefinition | undefined
  /** The fields that a person wants to see first, after the key. */
  readonly glance: readonly string[]
}

const modules: readonly Module[] = Object.values(agents)

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

/** Everything that has records, collections first; what two modules share once. */
export const catalog: readonly Listed[] = [
  ...modules.flatMap(({ collections }) => collections.map((definition) => listed(definition))),
  ...modules.flatMap(({ logs }) => logs.map((log) => listed(log.entries, log))),
].filter(
  ({ definition }, place, all) => all.findIndex((each) => each.definition.name === definition.name) === place,
)

/** What can be told to be as it was stored: logs are chained, and some collections keep hashes. */
export const provable: readonly Listed[] = catalog.filter(
  ({ definition, log }) =>
    log !== undefined || definition.integrity || definition.layout.history !== undefined,
)

function listed(definition: CollectionDefinition, log?: LogDefinition): Listed {
  return { definition, log, glance: GLANCES[definition.name] ?? [] }
}

/** The one with this name. */
export function findListed(name: string): Listed {
  const found = catalog.find(({ definition }) => definition.name === name)
  if (found !== undefined) return found
  const known = catalog.map(({ definition }) => definition.name).join(', ')
  throw new CommandError(`there is no collection '${name}'; known are ${known}`)
}

/** The one with this name, of those that `coffer verify` checks. */
export function findProvable(name: string): Listed {
  const found = findListed(name)
  if (provable.includes(found)) return found
  const known = provable.map(({ definition }) => definition.name).join(', ')
  throw new CommandError(`'${name}' keeps no hashes to verify; those that do are ${known}`)
}
