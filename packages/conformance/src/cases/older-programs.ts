import assert from 'node:assert/strict'
import { type BaseStore, defineCollection } from '@coffer/core'
import * as z from 'zod'
import type { Case } from '../case.ts'
import { assertSame, heldBy } from '../held-contents.ts'
import { successors } from './successors.ts'

const name = 'people'
const options = { name, key: 'id', history: true, integrity: true } as const
const older = defineCollection({
  ...options,
  schema: z.object({ id: z.string(), name: z.string() }),
  fields: { name: 'index' },
  version: 2,
  upgrade: { 1: (old) => old },
})
const newer = defineCollection({
  ...options,
  schema: z.object({ id: z.string(), full: z.string(), tags: z.array(z.string()) }),
  fields: { full: 'index', tags: 'index' },
  indexes: [['full']],
  version: 3,
  upgrade: { 1: (old) => old, 2: ({ name, ...rest }) => ({ ...rest, full: String(name), tags: [] }) },
})
/** The older definition in a higher version, and without a word of difference in its tables. */
const raised = defineCollection({
  ...options,
  schema: z.object({ id: z.string(), name: z.string() }),
  fields: { name: 'index' },
  version: 3,
  upgrade: { 1: (old) => old, 2: (old) => old },
})
/** In text order before the one that is refused, and behind it. */
const others = ['animals', 'plants'].map((other) =>
  defineCollection({ name: other, schema: z.object({ id: z.string() }), key: 'id', history: true }),
)

const ADA = { id: 'a', full: 'Ada Lovelace', tags: ['first'] }
const KURT = { id: 'k', full: 'Kurt Gödel', tags: ['logic', 'first'] }
/** Names the collection once, both versions, and what to do. */
const REFUSAL = {
  code: 'UNSUPPORTED',
  collection: name,
  message: /^people was written by version 3 .* version 2\b.*: use the newer release$/,
}

/** Records of two tenants, with a past. */
async function fillNew(store: BaseStore): Promise<void> {
  await store.collection(newer).putMany([ADA, KURT])
  await store.tenant('other').collection(newer).put(ADA)
  await store.collection(newer).update('a', { full: 'Ada King' })
  await store.collection(newer).delete('k')
}

/** U5: a program is older than what it finds. */
export const olderProgramCases: readonly Case[] = [
  {
    id: 'U5-nothing-changed',
    clause: 'U5',
    title: 'opening by an older definition is refused and changes nothing, and the newer program goes on',
    requires: ['contents'],
    run: async (context) => {
      const next = successors(context)
      const filling = await next()
      await fillNew(filling)
      const state = await heldBy(filling)
      const old = await next()
      old.collection(older)
      await assert.rejects(old.open(), REFUSAL)
      await assert.rejects(old.collection(older).put({ id: 'b', name: 'Bob' }), REFUSAL)
      assertSame(await heldBy(old), state)
      let rewritten = 0
      const store = await next((backend) => ({
        reindex: async (...parameters) => {
          rewritten++
          return backend.reindex(...parameters)
        },
      }))
      const people = store.collection(newer)
      assert.deepEqual((await store.place().plan()).steps, [])
      assert.equal(await people.count({ full: 'Ada King', tags: { has: 'first' } }), 1)
      assert.equal(await people.put(KURT), 3)
      assert.deepEqual((await people.verify()).problems, [])
      assert.equal(rewritten, 0, 'its records were gone through anew')
    },
  },
  {
    id: 'U5-version-alone',
    clause: 'U5',
    title: 'an older definition with the same fields is refused, too',
    requires: ['contents'],
    run: async (context) => {
      const next = successors(context)
      const filling = await next()
      await filling.collection(raised).put({ id: 'a', name: 'Ada' })
      const state = await heldBy(filling)
      const old = await next()
      await assert.rejects(old.collection(older).get('nobody'), REFUSAL)
      assertSame(await heldBy(old), state)
    },
  },
  {
    id: 'U5-without-records',
    clause: 'U5',
    title: 'an older definition is refused where there are no records yet',
    requires: ['contents'],
    run: async (context) => {
      const next = successors(context)
      const empty = await next()
      assert.equal(await empty.collection(newer).count(), 0)
      const state = await heldBy(empty)
      const old = await next()
      await assert.rejects(old.collection(older).count(), REFUSAL)
      assertSame(await heldBy(old), state)
    },
  },
  {
    id: 'U5-with-others',
    clause: 'U5',
    title: 'what is opened together with an older definition is neither made nor changed',
    requires: ['contents'],
    run: async (context) => {
      const next = successors(context)
      const filling = await next()
      await fillNew(filling)
      const state = await heldBy(filling)
      const old = await next()
      for (const definition of [...others, older]) old.collection(definition)
      await assert.rejects(old.open(), REFUSAL)
      assertSame(await heldBy(old), state)
    },
  },
  {
    id: 'U5-beside',
    clause: 'U5',
    title: 'a newer program at work notices nothing of an older one that is refused',
    requires: ['secondOpener'],
    run: async (context) => {
      const working = context.store().collection(newer)
      await working.putMany([ADA, KURT])
      await assert.rejects(context.store().collection(older).find(), REFUSAL)
      assert.equal(await working.update('a', { tags: ['king'] }), 2)
      assert.deepEqual((await working.find({ where: { tags: { has: 'king' } } })).records, [
        { ...ADA, tags: ['king'] },
      ])
      assert.equal(await working.count({ full: { prefix: 'Kurt' } }), 1)
      assert.deepEqual((await working.verify()).problems, [])
    },
  },
]
