/** Nodes and relations to test with. */

import type { AgentStore } from '../../src/index.ts'

/** Creates agents that hold these amounts. */
export async function holders(store: AgentStore, amounts: Readonly<Record<string, number>>): Promise<void> {
  for (const [node_id, amount] of Object.entries(amounts)) {
    await store.chil.power.createNode({ node_id, node_type: 'agent', amount })
  }
}

/** What these nodes hold, in their order. */
export async function heldBy(
  store: AgentStore,
  ...nodes: readonly string[]
): Promise<(number | undefined)[]> {
  return Promise.all(nodes.map(async (node) => (await store.chil.power.getNode(node))?.amount))
}

/** Creates relations such as `a>b`, of one type. */
export async function relate(store: AgentStore, type: string, ...pairs: readonly string[]): Promise<void> {
  for (const pair of pairs) {
    const [source_id = '', target_id = ''] = pair.split('>')
    await store.chil.power.createRelation({ source_id, target_id, relation_type: type })
  }
}
