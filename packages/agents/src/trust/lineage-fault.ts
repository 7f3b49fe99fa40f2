/** What makes a trust chain contradict itself. Signatures are not checked: keys are not the store's. */

import { type DelegationRecord, LISTS, type TrustLineageChain } from './lineage.ts'

/**
 * The first thing that is wrong with a chain as a lineage, if anything: what names another agent, an id given
 * twice in one list, a parent that is not in the chain, a cycle of parents or of delegators and delegatees.
 * A delegation concerns the agent when the agent is its delegator or its delegatee, or when one that does
 * goes back to it by its parents. Names positions, never values.
 */
export function findLineageFault(chain: TrustLineageChain): string | undefined {
  return (
    findDuplicate(chain) ??
    findOrphan('delegations', chain.delegations, parentDelegation) ??
    findOrphan('audit_anchors', chain.audit_anchors, parentAnchor) ??
    findParentCycle('delegations', chain.delegations, parentDelegation) ??
    findParentCycle('audit_anchors', chain.audit_anchors, parentAnchor) ??
    findDelegationCycle(chain.delegations) ??
    findStranger(chain)
  )
}

/** A record that may name one of its kind as its parent. */
interface Linked {
  readonly id: string
}

const parentDelegation = (each: DelegationRecord) => each.parent_delegation_id ?? undefined
const parentAnchor = (each: TrustLineageChain['audit_anchors'][number]) => each.parent_anchor_id ?? undefined

function findDuplicate(chain: TrustLineageChain): string | undefined {
  for (const list of LISTS) {
    const seen = new Set<string>()
    for (const [place, { id }] of chain[list].entries()) {
      if (seen.has(id)) return `${list}.${place}: its id stands in the list twice`
      seen.add(id)
    }
  }
  return undefined
}

function findOrphan<T extends Linked>(
  list: string,
  records: readonly T[],
  parentOf: (record: T) => string | undefined,
): string | undefined {
  const ids = new Set(records.map(({ id }) => id))
  const place = records.findIndex((each) => {
    const parent = parentOf(each)
    return parent !== undefined && !ids.has(parent)
  })
  return place === -1 ? undefined : `${list}.${place}: its parent is not in the chain`
}

function findParentCycle<T extends Linked>(
  list: string,
  records: readonly T[],
  parentOf: (record: T) => string | undefined,
): string | undefined {
  const edges = records.map((each) => [each.id, parentOf(each)] as const)
  const place = findCycle(edges)
  return place === undefined ? undefined : `${list}.${place}: its parents go round in a circle`
}

function findDelegationCycle(delegations: readonly DelegationRecord[]): string | undefined {
  const place = findCycle(delegations.map((each) => [each.delegator_id, each.delegatee_id]))
  return place === undefined ? undefined : `delegations.${place}: trust goes round in a circle`
}

/**
 * The position of an edge in a cycle or behind one, if there is one: what is left when nodes to which nothing
 * leads are taken away, again and again. No recursion, so that no chain is too long.
 */
function findCycle(edges: readonly (readonly [string, string | undefined])[]): number | undefined {
  const leadingTo = new Map<string, number>()
  const from = new Map<string, string[]>()
  for (const [start, end] of edges) {
    if (end === undefined) continue
    leadingTo.set(end, (leadingTo.get(end) ?? 0) + 1)
    const ends = from.get(start)
    if (ends === undefined) from.set(start, [end])
    else ends.push(end)
  }
  const free = [...from.keys()].filter((node) => !leadingTo.has(node))
  for (let node = free.pop(); node !== undefined; node = free.pop()) {
    for (const end of from.get(node) ?? []) {
      const left = (leadingTo.get(end) ?? 0) - 1
      if (left > 0) leadingTo.set(end, left)
      else {
        leadingTo.delete(end)
        free.push(end)
      }
    }
  }
  if (leadingTo.size === 0) return undefined
  return edges.findIndex(([start, end]) => end !== undefined && leadingTo.has(start) && leadingTo.has(end))
}

function findStranger({ genesis, ...chain }: TrustLineageChain): string | undefined {
  const agent = genesis.agent_id
  const capability = chain.capabilities.findIndex((each) => (each.agent_id ?? agent) !== agent)
  if (capability !== -1) return `capabilities.${capability}: it names another agent`
  const concerning = delegationsOf(agent, chain.delegations)
  const delegation = chain.delegations.findIndex((each) => !concerning.has(each.id))
  if (delegation !== -1) return `delegations.${delegation}: it names other agents, and none goes back to it`
  const anchor = chain.audit_anchors.findIndex((each) => each.agent_id !== agent)
  return anchor === -1 ? undefined : `audit_anchors.${anchor}: it names another agent`
}

/** The ids of the delegations that name the agent, and of all that those go back to. */
function delegationsOf(agent: string, delegations: readonly DelegationRecord[]): ReadonlySet<string> {
  const byId = new Map(delegations.map((each) => [each.id, each]))
  const found = new Set<string>()
  for (const each of delegations) {
    if (each.delegator_id !== agent && each.delegatee_id !== agent) continue
    for (let at: DelegationRecord | undefined = each; at !== undefined && !found.has(at.id); ) {
      found.add(at.id)
      const parent = parentDelegation(at)
      at = parent === undefined ? undefined : byId.get(parent)
    }
  }
  return found
}
