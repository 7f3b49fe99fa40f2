/** `@coffer/agents`: the stores that agent systems need, on every backend. */

export { isStoreError, StoreError } from '@coffer/core'
export { type AgentStore, agents, createAgentStore } from './agents.ts'
export type { AuditAppendOptions } from './audit/append-audit.ts'
export { type AuditMethods, type AuditOrigin, type AuditQuery, audit } from './audit/audit.ts'
export { AUDIT_STREAM, type AuditEntry, auditEntry, auditLogEntries } from './audit/audit-entry.ts'
export { type ChilMethods, chil } from './chil/chil.ts'
export type { ConsensusMethods } from './chil/consensus/consensus.ts'
export {
  type ConsensusNode,
  type ConsensusNodeChange,
  consensusNode,
  consensusNodes,
  type NewConsensusNode,
} from './chil/consensus/consensus-node.ts'
export {
  type ConsensusProposal,
  consensusProposal,
  consensusProposals,
  type NewConsensusProposal,
  type ProposalTally,
} from './chil/consensus/consensus-proposal.ts'
export {
  type ConsensusState,
  consensusState,
  consensusStates,
  leaderVote,
  leaderVotes,
  type NewLeaderVote,
} from './chil/consensus/consensus-state.ts'
export {
  type ConsensusVote,
  consensusVote,
  consensusVotes,
  type NewConsensusVote,
} from './chil/consensus/consensus-vote.ts'
export type { ConsensusNodeListOptions, ConsensusNodeMethods } from './chil/consensus/nodes.ts'
export type { ProposalListOptions, ProposalMethods, VoteListOptions } from './chil/consensus/proposals.ts'
export type {
  CurrentState,
  LeaderVoteResult,
  TermAdvance,
  TermListOptions,
  TermMethods,
} from './chil/consensus/terms.ts'
export type { EvolutionMethods } from './chil/evolution/evolution.ts'
export {
  type EvolutionAgent,
  evolutionAgent,
  evolutionAgents,
  evolutionParents,
  type NewEvolutionAgent,
  newEvolutionAgent,
} from './chil/evolution/evolution-agent.ts'
export {
  type EvolutionFitness,
  evolutionFitness,
  evolutionFitnesses,
  type NewEvolutionFitness,
  newEvolutionFitness,
} from './chil/evolution/evolution-fitness.ts'
export {
  type EvolutionGeneration,
  evolutionGeneration,
  evolutionGenerations,
  type GenerationStatistics,
  generationStatistics,
  type NewEvolutionGeneration,
  newEvolutionGeneration,
} from './chil/evolution/evolution-generation.ts'
export {
  type EvolutionSnapshot,
  evolutionSnapshot,
  evolutionSnapshots,
  type NewEvolutionSnapshot,
  newEvolutionSnapshot,
} from './chil/evolution/evolution-snapshot.ts'
export type {
  EvolutionAgentListOptions,
  EvolutionAgentMethods,
  LineageOptions,
  Relative,
} from './chil/evolution/evolving-agents.ts'
export type { EvolutionFitnessField, FitnessMethods, GenerationFitness } from './chil/evolution/fitness.ts'
export type { GenerationListOptions, GenerationMethods } from './chil/evolution/generations.ts'
export type {
  EvolutionSnapshotListOptions,
  EvolutionSnapshotMethods,
  EvolutionSnapshotReport,
} from './chil/evolution/snapshots.ts'
export type { ConfigurationMethods, ConfigurationOptions } from './chil/framework/configurations.ts'
export type {
  CheckpointListOptions,
  CheckpointMethods,
  ExecutionListOptions,
  ExecutionMethods,
  ExecutionRun,
  ProgressReport,
  ResumedExecution,
} from './chil/framework/executions.ts'
export type { FrameworkMethods } from './chil/framework/framework.ts'
export {
  type FrameworkCheckpoint,
  frameworkCheckpoint,
  frameworkCheckpoints,
} from './chil/framework/framework-checkpoint.ts'
export {
  type FrameworkConfiguration,
  frameworkConfiguration,
  frameworkConfigurations,
} from './chil/framework/framework-configuration.ts'
export {
  type FrameworkExecution,
  frameworkExecution,
  frameworkExecutions,
  type NewFrameworkExecution,
  newFrameworkExecution,
} from './chil/framework/framework-execution.ts'
export {
  type FrameworkMetric,
  frameworkMetric,
  frameworkMetrics,
  type NewFrameworkMetric,
  newFrameworkMetric,
} from './chil/framework/framework-metric.ts'
export type {
  FrameworkMetricField,
  FrameworkMetricListOptions,
  FrameworkMetricMethods,
  FrameworkMetricSummary,
  FrameworkMetricsOptions,
} from './chil/framework/metrics.ts'
export type { CoalitionMethods, CoalitionPower, PowerCoalitionListOptions } from './chil/power/coalitions.ts'
export { gini, herfindahl } from './chil/power/concentration.ts'
export type {
  MeasureMethods,
  NetworkMeasures,
  NetworkOptions,
  PowerConcentration,
} from './chil/power/measures.ts'
export { centrality, type NetworkEdge, type NodeCentrality } from './chil/power/network.ts'
export type { PowerNodeListOptions, PowerNodeMethods, PowerRelationListOptions } from './chil/power/nodes.ts'
export type { PowerMethods } from './chil/power/power.ts'
export {
  type NewPowerCoalition,
  type PowerCoalition,
  powerCoalition,
  powerCoalitions,
} from './chil/power/power-coalition.ts'
export { type NewPowerEvent, type PowerEvent, powerEvent, powerEvents } from './chil/power/power-event.ts'
export {
  type NewPowerMetric,
  type PowerMetric,
  powerMetric,
  powerMetrics,
} from './chil/power/power-metric.ts'
export {
  type NewPowerNode,
  type PowerNode,
  type PowerNodeChange,
  powerNode,
  powerNodes,
} from './chil/power/power-node.ts'
export {
  type NewPowerRelation,
  type PowerRelation,
  powerRelation,
  powerRelations,
} from './chil/power/power-relation.ts'
export type {
  PowerEventListOptions,
  PowerMetricListOptions,
  PowerTransfer,
  TransferMethods,
} from './chil/power/transfers.ts'
export { belongsTo, hasMany, type Relation, type RelationReading } from './chil/relation.ts'
export {
  type KeyedChange,
  type Repository,
  type RepositoryOptions,
  repository,
  type WithRelated,
} from './chil/repository.ts'
export type {
  ClaimMethods,
  ClaimOptions,
  PendingFilter,
  PendingOptions,
} from './chil/verification/claims.ts'
export type {
  RecordedResult,
  ResultMethods,
  VerificationMetrics,
  VerificationMetricsOptions,
  VerificationResultField,
  VerificationResultListOptions,
} from './chil/verification/results.ts'
export type {
  AuditTrailOptions,
  RequestMethods,
  VerificationAuditMethods,
  VerificationMethods,
  VerificationRelated,
  VerificationRequestListOptions,
} from './chil/verification/verification.ts'
export {
  type VerificationAuditEntry,
  verificationAudit,
  verificationAuditEntry,
} from './chil/verification/verification-audit.ts'
export {
  type NewVerificationRequest,
  newVerificationRequest,
  type VerificationRequest,
  verificationRequest,
  verificationRequests,
  verificationStatus,
} from './chil/verification/verification-request.ts'
export {
  type NewVerificationResult,
  newVerificationResult,
  type VerificationResult,
  verificationResult,
  verificationResults,
} from './chil/verification/verification-result.ts'
export type { ListOptions, Ordered, Paging } from './listing.ts'
export { type MemoryMethods, type MemoryWriteOptions, memories } from './memories/memories.ts'
export { type MemoryEntry, memoryEntries, memoryEntry } from './memories/memory-entry.ts'
export type { MemoryFilter, MemoryQuery } from './memories/memory-query.ts'
export {
  type MemorySnapshot,
  memorySnapshot,
  memorySnapshotEntries,
  memorySnapshots,
  type SnapshotEntry,
  SnapshotHash,
} from './memories/memory-snapshot.ts'
export type {
  Rollback,
  RollbackOptions,
  SnapshotActing,
  SnapshotListOptions,
  SnapshotMethods,
  SnapshotOptions,
} from './memories/snapshots.ts'
export { type Provenance, provenance } from './provenance.ts'
export {
  type RegistryMethods,
  type RegistryWriteOptions,
  type ResolutionListOptions,
  type ResolutionMethods,
  registry,
  type SessionChange,
  type SessionListOptions,
  type SessionMethods,
} from './registry/registry.ts'
export { type Resolution, resolution, resolutions } from './registry/resolution.ts'
export { type Session, session, sessions } from './registry/session.ts'
export type { TraceMethods, TraceReadOptions } from './registry/trace.ts'
export { type NewTraceEvent, type TraceEvent, traceEvent, traceEvents } from './registry/trace-event.ts'
export type { StateGuard } from './state/guard.ts'
export { type StateMethods, state } from './state/state.ts'
export type { TaskChange, TaskMethods } from './state/task-methods.ts'
export { type LoadedTaskState, type TaskState, taskState, taskStates } from './state/task-state.ts'
export type { WorkflowListOptions, WorkflowMethods } from './state/workflow-methods.ts'
export {
  type LoadedWorkflowState,
  type WorkflowState,
  type WorkflowSummary,
  workflowState,
  workflowStates,
} from './state/workflow-state.ts'
export type { BulkChains } from './trust/bulk-chains.ts'
export { trustChainHash } from './trust/chain-hash.ts'
export type {
  ChainLists,
  TrustChainCountOptions,
  TrustChainFilter,
  TrustChainListOptions,
} from './trust/chain-lists.ts'
export type {
  BulkChainDeleteOptions,
  BulkChainOptions,
  ChainDeleteOptions,
  ChainWriteOptions,
} from './trust/chain-options.ts'
export type {
  ChainGetOptions,
  ChainReading,
  ChainVisibility,
  TrustChainEntry,
  TrustChainVersion,
  VerifyChainOptions,
} from './trust/chain-reading.ts'
export { type TrustChainRecord, trustChainRecord, trustChains } from './trust/chain-record.ts'
export type { ChainWriting } from './trust/chain-writing.ts'
export {
  type AuditAnchor,
  AuthorityType,
  auditAnchor,
  type CapabilityAttestation,
  CapabilityType,
  capabilityAttestation,
  type DelegationRecord,
  delegationRecord,
  type GenesisRecord,
  genesisRecord,
  type NewTrustLineageChain,
  type TrustConstraint,
  type TrustLineageChain,
  trustConstraint,
  trustLineageChain,
} from './trust/lineage.ts'
export { type TrustMethods, trust } from './trust/trust.ts'
export { TrustChainInvalidError, TrustChainNotFoundError, TrustStoreError } from './trust/trust-errors.ts'
