/** Trust chains to try the trust store with. */

import type {
  AuditAnchor,
  CapabilityAttestation,
  DelegationRecord,
  GenesisRecord,
  TrustLineageChain,
} from '../../src/index.ts'

const CREATED = '2026-03-01T11:00:00Z'

export function aGenesis(agentId: string, more: Partial<GenesisRecord> = {}): GenesisRecord {
  return {
    id: `genesis-of-${agentId}`,
    agent_id: agentId,
    authority_id: 'org-acme',
    authority_type: 'organization',
    created_at: CREATED,
    signature: 'signature-data',
    ...more,
  }
}

export function aCapability(id: string, more: Partial<CapabilityAttestation> = {}): CapabilityAttestation {
  return {
    id,
    capability: 'analyze_data',
    capability_type: 'access',
    constraints: ['read_only'],
    attester_id: 'org-acme',
    attested_at: CREATED,
    signature: 'signature-data',
    ...more,
  }
}

export function aDelegation(id: string, from: string, to: string, parent?: string): DelegationRecord {
  return {
    id,
    delegator_id: from,
    delegatee_id: to,
    task_id: 'task-1',
    capabilities_delegated: ['analyze_data'],
    constraint_subset: ['read_only'],
    delegated_at: CREATED,
    signature: 'signature-data',
    ...(parent !== undefined && { parent_delegation_id: parent }),
  }
}

export function anAnchor(id: string, agentId: string, more: Partial<AuditAnchor> = {}): AuditAnchor {
  return {
    id,
    agent_id: agentId,
    action: 'analyze_data',
    timestamp: CREATED,
    trust_chain_hash: 'hash-data',
    result: 'success',
    signature: 'signature-data',
    ...more,
  }
}

export function aChain(agentId: string, more: Partial<TrustLineageChain> = {}): TrustLineageChain {
  return {
    genesis: aGenesis(agentId),
    capabilities: [],
    delegations: [],
    constraints: [],
    audit_anchors: [],
    ...more,
  }
}

/** A chain with every member that there is. */
export function aFullChain(agentId: string): TrustLineageChain {
  return {
    genesis: aGenesis(agentId, {
      created_at: '2026-03-01T12:00:00.123456+01:00',
      expires_at: '2027-03-01T11:00:00Z',
      signature_algorithm: 'Ed25519',
      metadata: { team: 'Blue Whale', nested: { floor: 7, any: [null, true, 1.5] } },
    }),
    capabilities: [
      aCapability('cap-1', {
        agent_id: agentId,
        scope: { tables: ['transactions'] },
        expires_at: '2026-09-01T00:00:00Z',
      }),
      aCapability('cap-2', { capability: 'refund', capability_type: 'action', metadata: { limit: 20.5 } }),
    ],
    delegations: [
      {
        ...aDelegation('del-1', 'human-ada', 'agent-lead'),
        human_origin: { user: 'ada', authenticated: true },
        delegation_chain: ['human-ada', 'agent-lead'],
        delegation_depth: 0,
      },
      aDelegation('del-2', 'agent-lead', agentId, 'del-1'),
    ],
    constraints: [
      { id: 'con-1', constraint_type: 'resource_limit', value: { calls: 100 }, source: 'cap-1', priority: 1 },
    ],
    audit_anchors: [
      anAnchor('anchor-1', agentId, { resource: 'ledger', context: { run: 'r-1' } }),
      anAnchor('anchor-2', agentId, { parent_anchor_id: 'anchor-1', result: 'denied' }),
    ],
    metadata: { note: 'quarterly review of Zürich' },
  }
}

/** What says that there is no active chain. */
export const NOT_FOUND = { name: 'TrustChainNotFoundError' } as const
/** What says that a chain is not one, or is expired. */
export const INVALID = { name: 'TrustChainInvalidError' } as const
