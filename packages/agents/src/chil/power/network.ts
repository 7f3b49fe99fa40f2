/** Measures of a directed network, as pure functions. */

/** A relation from one node to another. */
export interface NetworkEdge {
  readonly source: string
  readonly target: string
}

/** What is measured of one node. All but the degrees lie between 0 and 1. */
export interface NodeCentrality {
  readonly node_id: string
  /** From how many other nodes relations lead to it. */
  readonly in_degree: number
  /** To how many other nodes relations lead from it. */
  readonly out_degree: number
  /** The in-degree divided by n − 1. */
  readonly in_centrality: number
  /** The out-degree divided by n − 1. */
  readonly out_centrality: number
  /** The share of the shortest paths between two others that lead over it, divided by (n − 1)(n − 2). */
  readonly betweenness: number
}

/**
 * Degree centrality and betweenness of every node, in the order given. Edges count once however often they
 * are given; they have no length. In a network of one node every share is 0, and of two every betweenness.
 *
 * Degree centrality is that of Freeman, "Centrality in Social Networks: Conceptual Clarification", Social
 * Networks 1 (1979), for each direction by itself. Betweenness is found by Brandes, "A Faster Algorithm for
 * Betweenness Centrality", Journal of Mathematical Sociology 25 (2001), in steps of nodes times edges.
 */
export function centrality(nodes: readonly string[], edges: readonly NetworkEdge[]): NodeCentrality[] {
  const targets = neighbours(nodes, edges)
  const incoming = nodes.map(() => 0)
  for (const reached of targets) for (const target of reached) incoming[target] = at(incoming, target) + 1
  const between = nodes.map(() => 0)
  for (const source of nodes.keys()) addDependencies(source, targets, between)
  const others = Math.max(1, nodes.length - 1)
  const pairs = Math.max(1, (nodes.length - 1) * (nodes.length - 2))
  return nodes.map((node_id, node) => {
    const [in_degree, out_degree] = [at(incoming, node), at(targets, node).length]
    return {
      node_id,
      in_degree,
      out_degree,
      in_centrality: in_degree / others,
      out_centrality: out_degree / others,
      betweenness: at(between, node) / pairs,
    }
  })
}

/** The share of the relations that there could be, n(n − 1), that there are; 0 for fewer than two nodes. */
export function density(nodes: readonly string[], edges: readonly NetworkEdge[]): number {
  const present = neighbours(nodes, edges).reduce((sum, { length }) => sum + length, 0)
  return nodes.length < 2 ? 0 : present / (nodes.length * (nodes.length - 1))
}

/** For each node the places of those that it leads to, each once. Edges to what is no node are left out. */
function neighbours(nodes: readonly string[], edges: readonly NetworkEdge[]): readonly (readonly number[])[] {
  const places = new Map(nodes.map((node, place) => [node, place]))
  const reached = nodes.map(() => new Set<number>())
  for (const { source, target } of edges) {
    const [from, to] = [places.get(source), places.get(target)]
    if (from !== undefined && to !== undefined && from !== to) reached[from]?.add(to)
  }
  return reached.map((set) => [...set])
}

/** Adds, for every node, the share that it has in the shortest paths from one source to all others. */
function addDependencies(source: number, targets: readonly (readonly number[])[], between: number[]): void {
  const distances = targets.map(() => -1)
  const paths = targets.map(() => 0)
  const predecessors: number[][] = targets.map(() => [])
  const reached = [source]
  distances[source] = 0
  paths[source] = 1
  // What is reached is added behind, so this walks by rising distance.
  for (const node of reached) {
    for (const next of at(targets, node)) {
      if (at(distances, next) < 0) {
        distances[next] = at(distances, node) + 1
        reached.push(next)
      }
      if (at(distances, next) !== at(distances, node) + 1) continue
      paths[next] = at(paths, next) + at(paths, node)
      at(predecessors, next).push(node)
    }
  }
  const shares = targets.map(() => 0)
  for (const node of reached.reverse()) {
    for (const before of at(predecessors, node)) {
      shares[before] = at(shares, before) + (at(paths, before) / at(paths, node)) * (1 + at(shares, node))
    }
    if (node !== source) between[node] = at(between, node) + at(shares, node)
  }
}

/** The item at a place that is known to be there. */
function at<T>(items: readonly T[], place: number): T {
  return items[place] as T
}
