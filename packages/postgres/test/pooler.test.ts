/** Behind a pooler that gives a connection for one transaction at a time: nothing may outlive a transaction. */

import { collectionCalls, everythingOf, happeningsOf, logCalls, storeCalls } from '@coffer/conformance'
import { createStore, defineCollection } from '@coffer/core'
import { createDatabase, startPgBouncer } from '@coffer-tooling/postgres'
import { sharedServer } from '@coffer-tooling/postgres/vitest'
import { afterAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { postgres } from '../src/index.ts'
import { type ClientFrame, recordFrames } from './frame-recorder.ts'
import { freshSchema, placeIn } from './places.ts'
import { describeSome, isNoVariant } from './some-cases.ts'

const server = sharedServer()
const pooler = await startPgBouncer(server, { poolSize: 3 })
const database = await createDatabase(server)
afterAll(async () => {
  await pooler?.stop()
  await database.drop()
})

const counters = defineCollection({
  name: 'counters',
  schema: z.object({ id: z.string(), count: z.int() }),
  key: 'id',
  fields: {},
})

/** Everything that a store can be asked, from the first opening to a definition that changes. */
async function everyMethod(connectionString: string, rowLevelSecurity: boolean): Promise<void> {
  const options = {
    connectionString,
    schema: freshSchema(),
    pooler: 'transaction',
    rowLevelSecurity,
    max: 4,
  } as const
  const store = createStore({ backend: postgres(options) })
  const [collection, log] = [everythingOf(store), happeningsOf(store)]
  await store.open()
  for (const call of Object.values(collectionCalls)) await call(collection, 'a').catch(() => undefined)
  await Promise.all(
    Object.values(collectionCalls).map((call) => call(collection, 'b').catch(() => undefined)),
  )
  for (const call of Object.values(logCalls)) await call(log, 's').catch(() => undefined)
  for (const call of Object.values(storeCalls)) await call(store)
  await store.transaction(async (inside) => {
    await everythingOf(inside).put({ id: 'c', note: 'c' })
    await inside.transaction((deeper) => everythingOf(deeper).delete('c'))
    await inside.transaction(() => Promise.reject(new Error('undone'))).catch(() => undefined)
  })
  await collection.put({ id: 'last', note: 'x' })
  await store.close()
  const changed = createStore({ backend: postgres(options) })
  const other = defineCollection({
    name: 'everything',
    schema: z.object({ id: z.string(), note: z.string(), rank: z.number().default(1) }),
    key: 'id',
    fields: { note: 'index', rank: 'index' },
    softDelete: true,
    history: true,
    integrity: true,
    version: 2,
    upgrade: { 1: (old) => old },
  })
  await changed.collection(other).find()
  await changed.close()
}

/** What a pooler breaks, or what would stay on a connection for whoever has it next. */
const LASTING: readonly RegExp[] = [
  /\bSET\s+(?!LOCAL\b|TRANSACTION\b)(?:SESSION\s|"?\w+"?\s*(?:=|TO))(?!.*\bUPDATE\b)/,
  /set_config\([^)]*,\s*false\s*\)/,
  /\b(?:UN)?LISTEN\b|\bNOTIFY\b|pg_notify/,
  /pg_(?:try_)?advisory_lock/,
  /^\s*(?:PREPARE|DEALLOCATE|DECLARE|DISCARD|RESET|LOAD)\b/,
  /\bTEMP(?:ORARY)?\b|\bON COMMIT\b|\bWITH HOLD\b/,
]

const textOf = ({ type, texts }: ClientFrame) =>
  type === 'Q' ? texts[0] : type === 'P' ? texts[1] : undefined

describe('what is said with pooler: transaction', () => {
  test.each([false, true])(
    'lasts no longer than its transaction (row-level security: %s)',
    async (isProtected) => {
      await using recorder = await recordFrames(database.url)
      await everyMethod(recorder.url(database.url), isProtected)
      const { frames } = recorder
      const statements = frames.map(textOf).filter((text) => text !== undefined)
      expect(statements.length).toBeGreaterThan(200)
      expect(
        statements.filter((text) => LASTING.some((pattern) => pattern.test(text.replace(/UPDATE .*/s, '')))),
      ).toEqual([])
      const named = frames.filter(({ type, texts }) => 'PBECD'.includes(type) && texts[0] !== '')
      expect(named, 'prepared statements and portals with a name').toEqual([])
      const bound = frames.filter(({ type, texts }) => type === 'B' && texts[1] !== '')
      expect(bound, 'statements that were prepared with a name').toEqual([])
      const parameters = frames
        .filter(({ type }) => type === 'startup')
        .map(({ texts }) => texts.filter((_, at) => at % 2 === 0))
      expect([...new Set(parameters.flat())].filter((name) => name !== '').sort()).toEqual([
        'application_name',
        'client_encoding',
        'database',
        'user',
      ])
    },
  )

  test('a store without the option does what would be found: it names its statements', async () => {
    await using recorder = await recordFrames(database.url)
    await using store = createStore({
      backend: postgres({ connectionString: recorder.url(database.url), schema: freshSchema() }),
    })
    await everythingOf(store).put({ id: 'a', note: 'a' })
    await everythingOf(store).get('a')
    expect(recorder.frames.some(({ type, texts }) => type === 'P' && texts[0] !== '')).toBe(true)
    expect(recorder.frames.some(({ type, texts }) => type === 'startup' && texts.includes('options'))).toBe(
      true,
    )
  })
})

if (pooler === undefined) {
  test('through PgBouncer', ({ skip }) => skip('PgBouncer is not installed: apt-get install pgbouncer'))
} else {
  const address = pooler.url(database.url)

  test('five stores with four connections each share three connections to the server', async () => {
    const options = {
      connectionString: address,
      schema: freshSchema(),
      pooler: 'transaction',
      max: 4,
    } as const
    const stores = Array.from({ length: 5 }, () => createStore({ backend: postgres(options) }))
    await Promise.all(stores.map((store) => store.collection(counters).count()))
    await Promise.all(
      stores.flatMap((store, own) =>
        Array.from({ length: 8 }, async (_, turn) => {
          await store.collection(counters).put({ id: `${own}-${turn}`, count: turn })
          await store.transaction(
            async (inside) => {
              const { count = 0 } = (await inside.collection(counters).get('shared')) ?? {}
              await inside.collection(counters).put({ id: 'shared', count: count + 1 })
            },
            { maxAttempts: 200 },
          )
          expect((await store.collection(counters).get(`${own}-${turn}`))?.count).toBe(turn)
        }),
      ),
    )
    expect((await stores[0]?.collection(counters).get('shared'))?.count).toBe(40)
    expect(await stores[1]?.collection(counters).count()).toBe(41)
    // The pooler asks for passwords as somebody else.
    const own = (await database.sessions()).filter(({ user }) => user === database.owner.name)
    expect(own.length).toBeLessThanOrEqual(3)
    await Promise.all(stores.map((store) => store.close()))
  })

  const { capabilities } = postgres({ pooler: 'transaction' })
  const through = { ...database, url: address }
  const create = async () => placeIn(through, { pooler: 'transaction' })
  describeSome(
    { name: 'postgresql through PgBouncer', capabilities, create },
    (id) => isNoVariant(id) && /^(?:S1|R1|W[16]|T4|X\d|G[1267]|B\d|E\d|L\d|N5|U[12]|H1)-/.test(id),
  )
}
