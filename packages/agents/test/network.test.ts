/** The measures of a network, held to their definitions written out. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { centrality, gini, herfindahl, type NetworkEdge } from '../src/index.ts'

const NODES = ['a', 'b', 'c', 'd', 'e', 'f']
const node = fc.constantFrom(...NODES)
const edges = fc.array(fc.record({ source: node, target: node }), { maxLength: 20 })

/** Lengths and numbers of shortest paths from a node, by walking all paths level by level. */
function pathsFrom(
  source: string,
  all: readonly NetworkEdge[],
): ReadonlyMap<string, readonly [number, number]> {
  const found = new Map<string, readonly [number, number]>([[source, [0, 1]]])
  let ends = new Map([[source, 1]])
  for (let length = 1; ends.size > 0; length++) {
    const next = new Map<string, number>()
    for (const [end, paths] of ends) {
      const targets = new Set(all.filter((edge) => edge.source === end).map((edge) => edge.target))
      for (const target of targets) if (!found.has(target)) next.set(target, (next.get(target) ?? 0) + paths)
    }
    for (const [end, paths] of next) found.set(end, [length, paths])
    ends = next
  }
  return found
}

/** The share of the shortest paths between all others that lead over a node, by the definition. */
function betweennessOf(over: string, all: readonly NetworkEdge[]): number {
  let share = 0
  for (const source of NODES) {
    for (const target of NODES) {
      if (source === target || source === over || target === over) continue
      const [whole, toOver] = [pathsFrom(source, all).get(target), pathsFrom(source, all).get(over)]
      const fromOver = pathsFrom(over, all).get(target)
      if (whole === undefined || toOver === undefined || fromOver === undefined) continue
      if (toOver[0] + fromOver[0] === whole[0]) share += (toOver[1] * fromOver[1]) / whole[1]
    }
  }
  return share / ((NODES.length - 1) * (NODES.length - 2))
}

describe('centrality', () => {
  test('betweenness is the share of shortest paths between two others', () => {
    fc.assert(
      fc.property(edges, (all) => {
        for (const { node_id, betweenness } of centrality(NODES, all)) {
          expect(betweenness).toBeCloseTo(betweennessOf(node_id, all), 12)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('degrees count other nodes, each once', () => {
    fc.assert(
      fc.property(edges, (all) => {
        for (const { node_id, in_degree, out_degree } of centrality(NODES, all)) {
          const others = all.filter(({ source, target }) => source !== target)
          const into = new Set(others.filter(({ target }) => target === node_id).map(({ source }) => source))
          const from = new Set(others.filter(({ source }) => source === node_id).map(({ target }) => target))
          expect([in_degree, out_degree]).toEqual([into.size, from.size])
        }
      }),
    )
  })

  test('a network of one or two nodes has shares of 0', () => {
    expect(centrality(['a'], [])[0]).toMatchObject({ in_centrality: 0, betweenness: 0 })
    const pair = centrality(['a', 'b'], [{ source: 'a', target: 'b' }])
    expect(pair.map(({ betweenness }) => betweenness)).toEqual([0, 0])
  })
})

describe('concentration', () => {
  const amounts = fc.array(fc.nat({ max: 1_000 }), { minLength: 1, maxLength: 12 })

  test('Gini is half the mean difference of all pairs, relative to the mean', () => {
    fc.assert(
      fc.property(amounts, (held) => {
        const total = held.reduce((sum, each) => sum + each, 0)
        const differences = held.flatMap((left) => held.map((right) => Math.abs(left - right)))
        const difference = differences.reduce((sum, each) => sum + each, 0)
        const expected = total === 0 ? null : difference / (2 * held.length * total)
        if (expected === null) expect(gini(held)).toBeNull()
        else expect(gini(held)).toBeCloseTo(expected, 12)
      }),
    )
  })

  test('Herfindahl is the sum of the squares of the shares', () => {
    fc.assert(
      fc.property(amounts, (held) => {
        const total = held.reduce((sum, each) => sum + each, 0)
        if (total === 0) expect(herfindahl(held)).toBeNull()
        else
          expect(herfindahl(held)).toBeCloseTo(
            held.reduce((sum, each) => sum + (each / total) ** 2, 0),
            12,
          )
      }),
    )
  })

  test('amounts whose sum no number holds are still measured', () => {
    const most = Number.MAX_SAFE_INTEGER
    expect([gini([most, most, most]), herfindahl([most, most])]).toEqual([0, 0.5])
  })
})
