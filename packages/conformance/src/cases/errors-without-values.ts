import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { defineCollection, isStoreError } from '@coffer/core'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'
import { happeningsOf } from '../method-calls.ts'
import { withWrapped } from '../wrapped-backend.ts'

/** Stands in values alone, never in a key: errors may name keys. */
const CANARY = 'canary-in-a-value'

const secrets = defineCollection({
  name: 'secrets',
  schema: z.object({
    id: z.string(),
    n: z.int().optional(),
    kind: z.enum(['a', 'b']).optional(),
    secret: z.string().optional(),
    sealed: z
      .codec(z.string(), z.string(), {
        decode: (text) => text,
        encode: (text) => {
          if (text.includes('canary')) throw new Error(`can't seal ${text}`)
          return text
        },
      })
      .optional(),
    any: z.unknown().optional(),
  }),
  key: 'id',
  fields: { n: 'index', secret: 'index' },
  history: true,
})

type Secrets = ReturnType<typeof secretsOf>
const secretsOf = (context: CaseContext) => context.store({ maxDocumentBytes: 4_096 }).collection(secrets)

/** Everything that a log line could show of an error. */
function shown(error: unknown): string {
  const { message, stack } = error as Error
  return [
    message,
    stack,
    inspect(error, { depth: null, showHidden: true }),
    JSON.stringify(error),
    String(error),
  ].join('\n')
}

async function assertSilent(name: string, call: () => Promise<unknown>): Promise<void> {
  const error = await call().then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(isStoreError(error), `${name} was not refused: ${inspect(error)}`)
  assert.equal(shown(error).includes('canary'), false, `${name} shows it:\n${shown(error)}`)
}

const wrong = (members: object) => ({ id: 'a', secret: CANARY, ...members }) as never

const refusals: readonly (readonly [name: string, call: (secrets: Secrets) => Promise<unknown>])[] = [
  ['a member of another type', (c) => c.put(wrong({ n: CANARY }))],
  ['a value outside of an enumeration', (c) => c.put(wrong({ kind: CANARY }))],
  ['a member that a codec refuses', (c) => c.put(wrong({ sealed: CANARY }))],
  ['text with NUL', (c) => c.put(wrong({ any: `${CANARY}\0` }))],
  ['a lone surrogate', (c) => c.put(wrong({ any: `${CANARY}\uD800` }))],
  ['a bigint', (c) => c.put(wrong({ any: [1n, CANARY] }))],
  ['an instance of a class', (c) => c.put(wrong({ any: new Map([[CANARY, CANARY]]) }))],
  ['a document that is too large', (c) => c.put(wrong({ any: CANARY.repeat(400) }))],
  ['a text that is too long for an index', (c) => c.put(wrong({ secret: CANARY.repeat(100) }))],
  ['a record in a bulk call', (c) => c.putMany([wrong({}), wrong({ n: CANARY })])],
  ['a key that is there', (c) => c.insert(wrong({}))],
  ['another version', (c) => c.put(wrong({}), { ifVersion: 99 })],
  ['an update of nothing', (c) => c.update('missing', { secret: CANARY })],
  ['an update that does not fit', (c) => c.update('a', { n: CANARY as never })],
  ['a filter of another type', (c) => c.find({ where: { n: CANARY as never } })],
  ['an unknown operator', (c) => c.find({ where: { secret: { like: CANARY } as never } })],
  ['an invalid text in a filter', (c) => c.find({ where: { secret: `${CANARY}\0` } })],
  ['a forged cursor', (c) => c.find({ cursor: CANARY })],
  ['an option’s value', (c) => c.put(wrong({}), { ttlMs: CANARY as never })],
  ['a wrong ifVersion', (c) => c.put(wrong({}), { ifVersion: CANARY as never })],
  ['a wrong instant', (c) => c.getAt('a', CANARY as never)],
]

/** E: what errors say. */
export const errorCases: readonly Case[] = [
  {
    id: 'E1-no-values',
    clause: 'E1',
    title: 'no refusal shows a value of a record, in its message, its stack, its cause or when it is logged',
    run: async (context) => {
      const collection = secretsOf(context)
      await collection.put({ id: 'a', secret: CANARY })
      for (const [name, call] of refusals) await assertSilent(name, () => call(collection))
    },
  },
  {
    id: 'E1-no-entries',
    clause: 'E1',
    title: 'no refusal of a log shows what an entry says',
    run: async (context) => {
      const log = happeningsOf(context.store())
      await log.append('s', [{ event_id: 'e1', note: CANARY }])
      await assertSilent('a duplicate', () =>
        log.append('s', [{ event_id: 'e1', note: `${CANARY}-2` }], { onDuplicate: 'skip' }),
      )
      await assertSilent('a wrong claim', () =>
        log.append('s', [{ event_id: 'e2', note: CANARY, event_hash: CANARY }]),
      )
      await assertSilent('a wrong type', () => log.append('s', [{ event_id: 'e2', note: [CANARY] as never }]))
    },
  },
  {
    id: 'E1-damaged',
    clause: 'E1',
    title: 'an error about a damaged record does not show what it holds',
    requires: ['tamper'],
    run: async (context) => {
      const dated = defineCollection({
        name: 'dated',
        schema: z.object({
          id: z.string(),
          at: z.codec(z.iso.datetime(), z.date(), {
            decode: (text) => new Date(text),
            encode: (date) => date.toISOString(),
          }),
        }),
        key: 'id',
      })
      const collection = context.store().collection(dated)
      await collection.put({ id: 'a', at: new Date(0) })
      await context.place.tamper?.('dated', 'a', () => JSON.stringify({ id: 'a', at: CANARY }))
      await assertSilent('a damaged record', () => collection.get('a'))
      assert.equal(JSON.stringify(await collection.verify()).includes('canary'), false)
    },
  },
  {
    id: 'E2-engine-failure',
    clause: 'E2',
    title: 'what the driver throws becomes a StoreError with the driver’s error as its cause',
    run: async (context) => {
      const thrown = new Error('a planted failure of the driver')
      await withWrapped(
        context,
        (backend) => ({
          query: async (layout, query, at) => {
            if (layout.name === 'secrets') throw thrown
            return backend.query(layout, query, at)
          },
        }),
        async (store) => {
          const error = await store
            .collection(secrets)
            .find()
            .catch((reason: unknown) => reason)
          assert.ok(isStoreError(error, 'INTERNAL'))
          assert.equal(error.cause, thrown)
        },
      )
    },
  },
]
