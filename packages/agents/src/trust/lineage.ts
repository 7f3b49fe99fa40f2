/** Trust lineage chains: who let an agent exist, what it may do and what it did, after EATP and Kaizen. */

import { isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import { idText } from '../id-text.ts'
import { metadata } from '../registry/json-member.ts'

/**
 * An ISO 8601 timestamp with an offset, kept as it was given to the last digit: the signatures of the
 * protocol cover it, so nothing may be rewritten, as UTC or in milliseconds.
 */
const signedTimestamp = z.iso
  .datetime({ offset: true })
  .refine((text) => isoTimestamp.safeParse(text).success, 'expected a timestamp in the years 0001 to 9999')

/** The kinds of authorities that the protocol names. A genesis record may name any other. */
export const AuthorityType = {
  ORGANIZATION: 'organization',
  SYSTEM: 'system',
  HUMAN: 'human',
} as const

/** The kinds of capabilities that the protocol names. An attestation may name any other. */
export const CapabilityType = {
  ACCESS: 'access',
  ACTION: 'action',
  DELEGATION: 'delegation',
} as const

/** The origin of an agent's trust: who authorized it to exist. Every chain has one. */
export const genesisRecord = z.strictObject({
  id: z.string(),
  /** The key of the chain. */
  agent_id: idText,
  authority_id: z.string(),
  /** Such as `organization`, `system` or `human`; any text. */
  authority_type: z.string(),
  created_at: signedTimestamp,
  /** From this instant on the chain is expired. Absent or null: never by itself. */
  expires_at: signedTimestamp.nullish(),
  signature: z.string(),
  /** Such as `Ed25519`; any text. */
  signature_algorithm: z.string().optional(),
  metadata: metadata.optional(),
})

/** What the agent is attested to be able to do. */
export const capabilityAttestation = z.strictObject({
  id: z.string(),
  capability: z.string(),
  /** Such as `access`, `action` or `delegation`; any text. */
  capability_type: z.string(),
  constraints: z.array(z.string()),
  attester_id: z.string(),
  attested_at: signedTimestamp,
  expires_at: signedTimestamp.nullish(),
  signature: z.string(),
  /** What the capability is confined to: `{ tables: ['transactions'] }`. */
  scope: metadata.nullish(),
  /** The agent it is for. Absent: the chain's own; another one is refused. */
  agent_id: z.string().optional(),
  metadata: metadata.optional(),
})

/** One transfer of trust: from a delegator to a delegatee, for a task. */
export const delegationRecord = z.strictObject({
  id: z.string(),
  delegator_id: z.string(),
  delegatee_id: z.string(),
  task_id: z.string(),
  capabilities_delegated: z.array(z.string()),
  constraint_subset: z.array(z.string()),
  delegated_at: signedTimestamp,
  expires_at: signedTimestamp.nullish(),
  signature: z.string(),
  /** The delegation of this chain that this one passes on. */
  parent_delegation_id: z.string().nullish(),
  /** The human whom the delegation goes back to. */
  human_origin: metadata.nullish(),
  /** The path from the human, by id. */
  delegation_chain: z.array(z.string()).optional(),
  delegation_depth: z.int().optional(),
  metadata: metadata.optional(),
})

/** A limit on what the agent may do. */
export const trustConstraint = z.strictObject({
  id: z.string(),
  /** Such as `resource_limit`, `time_window` or `data_scope`; any text. */
  constraint_type: z.string(),
  value: z.unknown(),
  /** Where it comes from: the id of a capability or delegation. */
  source: z.string().optional(),
  priority: z.int().optional(),
  metadata: metadata.optional(),
})

/** One thing that the agent did. */
export const auditAnchor = z.strictObject({
  id: z.string(),
  agent_id: z.string(),
  action: z.string(),
  timestamp: signedTimestamp,
  /** The hash of the chain when the agent acted: `trustChainHash`, or the signer's own. */
  trust_chain_hash: z.string(),
  /** Such as `success`, `failure`, `denied` or `partial`; any text. */
  result: z.string(),
  signature: z.string(),
  resource: z.string().nullish(),
  /** The anchor of this chain that led to this one. */
  parent_anchor_id: z.string().nullish(),
  context: metadata.optional(),
  metadata: metadata.optional(),
})

/**
 * The trust lineage chain of one agent. Timestamps are ISO 8601 with an offset, kept as they are given.
 * Members that are not named here are refused, all the way down; `metadata`, `scope`, `context`,
 * `human_origin` and the `value` of a constraint take any JSON. Kinds (`authority_type`, `capability_type`,
 * `result`) are any text: a chain is signed elsewhere, and a store that refused a kind of a newer protocol
 * would lose the proof.
 */
export const trustLineageChain = z.strictObject({
  genesis: genesisRecord,
  capabilities: z.array(capabilityAttestation),
  delegations: z.array(delegationRecord),
  constraints: z.array(trustConstraint),
  audit_anchors: z.array(auditAnchor),
  metadata: metadata.optional(),
})

/** What the schema `genesisRecord` describes. */
export type GenesisRecord = z.output<typeof genesisRecord>
/** What the schema `capabilityAttestation` describes. */
export type CapabilityAttestation = z.output<typeof capabilityAttestation>
/** What the schema `delegationRecord` describes. */
export type DelegationRecord = z.output<typeof delegationRecord>
/** What the schema `trustConstraint` describes. */
export type TrustConstraint = z.output<typeof trustConstraint>
/** What the schema `auditAnchor` describes. */
export type AuditAnchor = z.output<typeof auditAnchor>
/** A chain as the store gives it: what the schema `trustLineageChain` describes, every list there. */
export type TrustLineageChain = z.output<typeof trustLineageChain>

/** A chain as the store takes it: lists that are absent are empty. */
export type NewTrustLineageChain = Pick<TrustLineageChain, 'genesis' | 'metadata'> &
  Partial<Pick<TrustLineageChain, (typeof LISTS)[number]>>

/** The members of a chain that are lists. */
export const LISTS = ['capabilities', 'delegations', 'constraints', 'audit_anchors'] as const
