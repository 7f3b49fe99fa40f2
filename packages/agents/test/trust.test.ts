import { createHash } from 'node:crypto'
import { createStore, defineModule, isStoreError } from '@coffer/core'
import { memory } from '@coffer/memory'
import { harnesses } from '@coffer-tooling/conformance/harnesses'
import { sharedServer } from '@coffer-tooling/postgres/vitest'
import * as fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import {
  createAgentStore,
  TrustChainInvalidError,
  type TrustLineageChain,
  trustChainHash,
  trustChains,
  trustLineageChain,
} from '../src/index.ts'
import { trustMethods } from '../src/trust/trust.ts'
import { aCapability, aChain, aDelegation, aFullChain, aGenesis, anAnchor } from './suite/trust-chains.ts'

const AGENT = 'agent-1'
const { memory: inMemory, file, sqlite, postgresql } = harnesses(async () => sharedServer())
// Throws where a store has left a connection open.
afterAll(async () => postgresql.end?.())

const text = fc.string({ unit: 'binary' }).filter((each) => each.isWellFormed() && !each.includes('\0'))
const json = fc
  .jsonValue()
  // JSON has no negative zero, and the store takes neither NUL nor a member called __proto__.
  .map((value): unknown => JSON.parse(JSON.stringify(value)))
  .filter((value) => !/\\u0000|__proto__/.test(JSON.stringify(value)))
const members = fc.dictionary(
  text.filter((name) => name !== '__proto__'),
  json,
  { maxKeys: 4, noNullPrototype: true },
)
const timestamp = fc
  .date({ min: new Date('0001-01-02'), max: new Date('9999-12-30'), noInvalidDate: true })
  .map((date) => date.toISOString().replace('Z', '789+00:00'))
const count = fc.nat(3)

/** Any valid chain: lists of any length, every record with an id of its own, parents in a row. */
const validChain: fc.Arbitrary<TrustLineageChain> = fc
  .tuple(members, members, json, timestamp, text, fc.tuple(count, count, count, count))
  .map(([metadata, scope, value, at, signature, [capabilities, delegations, constraints, anchors]]) => ({
    genesis: aGenesis(AGENT, { created_at: at, signature, metadata: scope }),
    capabilities: many(capabilities, (id) =>
      aCapability(id, { scope, attested_at: at, capability: signature }),
    ),
    delegations: many(delegations, (id, before) => aDelegation(id, 'agent-lead', AGENT, before)),
    constraints: many(constraints, (id) => ({ id, constraint_type: signature, value })),
    audit_anchors: many(anchors, (id, before) =>
      anAnchor(id, AGENT, { parent_anchor_id: before ?? null, context: metadata }),
    ),
    metadata,
  }))

function many<T>(length: number, make: (id: string, before: string | undefined) => T): T[] {
  return Array.from({ length }, (_each, n) => make(`id-${n}`, n === 0 ? undefined : `id-${n - 1}`))
}

describe.each([inMemory, file, sqlite, postgresql])('any chain on $name', (harness) => {
  test('comes back as it was stored, and its hash with it', async () => {
    const place = await harness.create()
    const store = createAgentStore({ backend: place.backend() })
    try {
      await fc.assert(
        fc.asyncProperty(validChain, async (chain) => {
          await store.trust.storeChain(chain)
          const { record } = await store.trust.getChainEntry(AGENT)
          expect(record.chain_data).toEqual(chain)
          expect(record.chain_hash).toBe(trustChainHash(chain))
          expect(await store.trust.verifyChainIntegrity(AGENT)).toBe(true)
        }),
        { numRuns: 60 },
      )
    } finally {
      await store.close()
      await place.destroy()
    }
  })
})

/** Every place of a document where a value stands that contains no others. */
function leavesOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([name, member]) => leavesOf(member, [...path, name]))
}

/** The document with another value in one place. */
function changedAt(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined) return value === 'x' ? 'y' : 'x'
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value)
    ? [...value]
    : { ...(value as object) }
  return Object.assign(copy, { [name]: changedAt((value as Record<string, unknown>)[name], rest) })
}

test('a change of any single member of any chain changes the hash and is found', async () => {
  await using store = createAgentStore({ backend: memory() })
  const rows = store.collection(trustChains)
  await fc.assert(
    fc.asyncProperty(validChain, fc.nat(), async (chain, choice) => {
      const leaves = leavesOf(chain)
      const changed = changedAt(chain, leaves[choice % leaves.length] ?? [])
      // What no longer fits the schema is refused by any collection, and needs no finding.
      if (!trustLineageChain.safeParse(changed).success) {
        expect(() => trustChainHash(changed as TrustLineageChain)).toThrow(TrustChainInvalidError)
        return
      }
      expect(trustChainHash(changed as TrustLineageChain)).not.toBe(trustChainHash(chain))
      await store.trust.storeChain(chain)
      const { record } = await store.trust.getChainEntry(AGENT)
      await rows.put({ ...record, chain_data: changed as TrustLineageChain })
      expect(await store.trust.verifyChainIntegrity(AGENT)).toBe(false)
    }),
    { numRuns: 300 },
  )
})

test('the hash is the SHA-256 of the canonical form that its documentation tells', () => {
  const canonical =
    '{"chain":{"audit_anchors":[],"capabilities":[],"constraints":[],"delegations":[],"genesis":' +
    '{"agent_id":"agent-1","authority_id":"org-acme","authority_type":"organization",' +
    '"created_at":"2026-03-01T11:00:00Z","id":"genesis-of-agent-1","signature":"signature-data"}},' +
    '"coffer":"trust-chain/1"}'
  expect(trustChainHash(aChain(AGENT))).toBe(createHash('sha256').update(canonical).digest('hex'))
  expect(trustChainHash({ genesis: aChain(AGENT).genesis })).toBe(trustChainHash(aChain(AGENT)))
})

test('what is no chain has no hash', () => {
  const { genesis } = aChain(AGENT)
  for (const bad of [undefined, null, 'chain', {}, { genesis, capabilities: null }, { genesis, colour: 1 }]) {
    expect(() => trustChainHash(bad as never)).toThrow(TrustChainInvalidError)
  }
})

test('getChain is answered from the cache, and verifyChainIntegrity goes around it', async () => {
  await using store = createAgentStore({ backend: memory(), cache: { ttlMs: 60_000, maxEntries: 10 } })
  await store.trust.storeChain(aFullChain(AGENT))
  await store.trust.getChain(AGENT)
  const before = store.cacheStatistics()
  expect(await store.trust.getChain(AGENT)).toEqual(aFullChain(AGENT))
  expect(store.cacheStatistics()?.hits).toBe((before?.hits ?? 0) + 1)
  expect(await store.trust.verifyChainIntegrity(AGENT)).toBe(true)
  await store.trust.getChain(AGENT, { consistency: 'strong' })
  expect(store.cacheStatistics()?.hits).toBe((before?.hits ?? 0) + 1)
})

describe('delegations', () => {
  const AGENTS = ['agent-0', AGENT, 'agent-2', 'agent-3', 'agent-4']

  /** Whether walking on from any node comes back to it: slow, and plainly right. */
  function hasCycle(edges: readonly (readonly [string, string])[]): boolean {
    const reached = (from: string, seen: Set<string>): Set<string> => {
      for (const [start, end] of edges) if (start === from && !seen.has(end)) reached(end, seen.add(end))
      return seen
    }
    return edges.some(([start]) => reached(start, new Set()).has(start))
  }

  async function accepts(delegations: TrustLineageChain['delegations']): Promise<boolean> {
    await using store = createAgentStore({ backend: memory() })
    try {
      await store.trust.storeChain(aChain(AGENT, { delegations }))
      return true
    } catch (error) {
      if (isStoreError(error, 'INVALID_ARGUMENT') && /go(es)? round/.test(error.message)) return false
      throw error
    }
  }

  test('are accepted exactly when trust never comes back to who gave it', async () => {
    const agent = fc.constantFrom(...AGENTS)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(agent, agent), { maxLength: 7 }), async (between) => {
        // The last one names the agent of the chain and goes back to all others.
        const edges = [...between, ['somebody', AGENT] as const]
        const delegations = edges.map(([from, to], n) =>
          aDelegation(`id-${n}`, from, to, n === 0 ? undefined : `id-${n - 1}`),
        )
        expect(await accepts(delegations)).toBe(!hasCycle(edges))
      }),
      { numRuns: 400 },
    )
  })

  test('are accepted exactly when no delegation goes back to itself by its parents', async () => {
    const parents = fc
      .integer({ min: 1, max: 6 })
      .chain((length) => fc.array(fc.option(fc.nat(length - 1)), { minLength: length, maxLength: length }))
    await fc.assert(
      fc.asyncProperty(parents, async (chosen) => {
        const delegations = chosen.map((parent, n) =>
          aDelegation(`id-${n}`, `from-${n}`, AGENT, parent === null ? undefined : `id-${parent}`),
        )
        const edges = chosen.flatMap((parent, n) => (parent === null ? [] : [[`${n}`, `${parent}`] as const]))
        expect(await accepts(delegations)).toBe(!hasCycle(edges))
      }),
      { numRuns: 400 },
    )
  })

  test('in a row of 10,000 are no matter', async () => {
    const delegations = Array.from({ length: 10_000 }, (_each, n) =>
      aDelegation(
        `id-${n}`,
        `agent-${n + 2}`,
        n === 0 ? AGENT : `agent-${n + 1}`,
        n === 9_999 ? undefined : `id-${n + 1}`,
      ),
    )
    expect(await accepts(delegations)).toBe(true)
    expect(await accepts([...delegations, aDelegation('last', AGENT, 'agent-10001')])).toBe(false)
  })
})

/** The table as a later version of the schema has it: constraints have a priority. */
const laterChains: typeof trustChains = {
  ...trustChains,
  version: 2,
  layout: { ...trustChains.layout, schemaVersion: 2 },
  upgrade: {
    1: (old) => {
      const chain = old.chain_data as unknown as TrustLineageChain
      const constraints = chain.constraints.map((each) => ({ priority: 0, ...each }))
      const upgraded = { ...chain, constraints }
      return { ...old, chain_data: upgraded as never, chain_hash: trustChainHash(upgraded) }
    },
  },
}

describe.each([file, sqlite, postgresql])('a later version of the schema on $name', (harness) => {
  test('reads, checks and tells the past of chains that the first one wrote', async () => {
    const place = await harness.create()
    const trust = defineModule({
      collections: { laterChains },
      methods: (store) => trustMethods(store, laterChains),
    })
    const chain = aFullChain(AGENT)
    chain.constraints = [{ id: 'con-1', constraint_type: 'data_scope', value: 'eu' }]
    const upgraded = { ...chain, constraints: [{ ...chain.constraints[0], priority: 0 }] }
    try {
      const first = createAgentStore({ backend: place.backend() })
      await first.trust.storeChain(chain)
      await first.close()
      const second = createStore({ backend: place.backend() }, { trust })
      expect(await second.trust.getChain(AGENT)).toEqual(upgraded)
      expect(await second.trust.listChains({ capabilityType: 'action' })).toEqual([upgraded])
      expect(await second.trust.verifyChainIntegrity(AGENT)).toBe(true)
      expect(await second.trust.getChainAt(AGENT, { version: 1 })).toEqual(upgraded)
      await second.close()
    } finally {
      await place.destroy()
    }
  })
})
