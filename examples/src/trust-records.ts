/** Trust chains for the examples. Signatures come from elsewhere: a store keeps them and never makes one. */

import {
  AuthorityType,
  type CapabilityAttestation,
  CapabilityType,
  type GenesisRecord,
  type NewTrustLineageChain,
} from '@coffer/agents'

/** Who authorized the agent to exist. */
export function genesisOf(agentId: string, authorityId = 'org-acme'): GenesisRecord {
  return {
    id: `genesis-of-${agentId}`,
    agent_id: agentId,
    authority_id: authorityId,
    authority_type: AuthorityType.ORGANIZATION,
    created_at: new Date().toISOString(),
    signature: 'signature-data',
  }
}

/** A chain of its genesis record alone. */
export function chainOf(agentId: string, authorityId?: string): NewTrustLineageChain {
  return { genesis: genesisOf(agentId, authorityId) }
}

/** What an agent is attested to be able to do. */
export function capabilityOf(id: string, capability: string): CapabilityAttestation {
  return {
    id,
    capability,
    capability_type: CapabilityType.ACCESS,
    constraints: ['read_only'],
    attester_id: 'org-acme',
    attested_at: new Date().toISOString(),
    signature: 'signature-data',
  }
}
