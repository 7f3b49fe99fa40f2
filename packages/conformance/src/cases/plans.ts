import assert from 'node:assert/strict'
import { type BaseStore, type CollectionDefinition, defineCollection, defineLog } from '@coffer/core'
import * as z from 'zod'
import type { Case } from '../case.ts'
import { comparable, heldBy } from '../held-contents.ts'
import { everythingOf, happeningsOf } from '../method-calls.ts'
import { defineSample, fillLog, fillSample } from './sample-place.ts'
import { interruptedAfter, successors } from './successors.ts'

const name = 'plain'
const schema = z.object({
  id: z.string(),
  n: z.int(),
  note: z.string(),
  tags: z.array(z.string()).optional(),
})
const base = { name, schema, key: 'id', fields: { n: 'index', note: 'column' } } as const
const before = defineCollection(base)

/** What a plan says of one collection, without the words for people. */
interface Planned {
  readonly collection: string
  readonly change: string
}

async function planOf(store: BaseStore, ...definitions: readonly CollectionDefinition[]): Promise<Planned[]> {
  for (const definition of definitions) store.collection(definition)
  const { steps } = await store.place().plan()
  for (const { says } of steps) assert.match(says, /^[a-z].*[^.]$/, 'one sentence without its subject')
  return steps.map(({ collection, change }) => ({ collection, change }))
}

/** Asserts that going from the one definition to the other, with a record in place, is told as these changes. */
function planCase(
  id: string,
  title: string,
  after: CollectionDefinition,
  changes: readonly string[],
  from: CollectionDefinition = before,
): Case {
  return {
    id: `O8-${id}`,
    clause: 'O8',
    title: `a plan names ${title}`,
    requires: ['contents'],
    run: async (context) => {
      const next = successors(context)
      await (await next()).collection(from).put({ id: 'a', n: 1, note: 'x' })
      const state = comparable(await heldBy(await next()))
      const planning = await next()
      assert.deepEqual(
        (await planOf(planning, after)).map(({ change }) => change).sort(),
        [...changes].sort(),
      )
      assert.deepEqual(comparable(await heldBy(planning)), state, 'planning changed the place')
      // What was planned is what happens, after which nothing is left.
      await planning.collection(after).count()
      assert.deepEqual(await planOf(planning), [])
    },
  }
}

const changes: readonly Case[] = [
  planCase(
    'new-field',
    'a field that is new, its index, and the records to be written anew',
    defineCollection({ ...base, fields: { ...base.fields, tags: 'index' } }),
    ['add-field', 'add-index', 'rewrite'],
  ),
  planCase(
    'dropped-field',
    'a field that goes, and its index',
    defineCollection({ ...base, fields: { note: 'column' } }),
    ['drop-field', 'drop-index', 'rewrite'],
  ),
  planCase(
    'other-path',
    'a field that is taken from elsewhere',
    defineCollection({ ...base, fields: { n: 'index', note: { path: 'id', type: 'text' } } }),
    ['change-field', 'add-index', 'rewrite'],
    defineCollection({ ...base, fields: { n: 'index', note: 'column' } }),
  ),
  planCase(
    'words',
    'words that are taken from more paths',
    defineCollection({ ...base, fields: { words: { type: 'words', path: ['note', 'tags'] } } }),
    ['change-field', 'rewrite'],
    defineCollection({ ...base, fields: { words: { type: 'words', path: ['note'] } } }),
  ),
  planCase(
    'new-index',
    'an index over fields that are there',
    defineCollection({ ...base, indexes: [['n', 'note']] }),
    ['add-index'],
  ),
  planCase(
    'dropped-index',
    'an index that goes',
    before,
    ['drop-index'],
    defineCollection({ ...base, indexes: [['n', 'note']] }),
  ),
  planCase(
    'columns',
    'members that are shown as columns',
    defineCollection({ ...base, fields: { ...base.fields, tags: 'json' } }),
    ['change-columns'],
  ),
  planCase(
    'version',
    'a version that is raised',
    defineCollection({ ...base, version: 2, upgrade: { 1: (old) => old } }),
    ['raise-version', 'rewrite'],
  ),
  planCase('history', 'a history that is switched on', defineCollection({ ...base, history: true }), [
    'create',
  ]),
]

const all: readonly Case[] = [
  {
    id: 'O8-nothing-made',
    clause: 'O8',
    title:
      'where nothing was made, a plan makes every collection and history, and planning makes no collection',
    requires: ['contents'],
    run: async (context) => {
      const store = context.store()
      everythingOf(store)
      happeningsOf(store)
      const expected = ['everything', 'everything__history', 'happenings', 'happenings_heads']
      for (let round = 0; round < 2; round++) {
        assert.deepEqual(
          (await planOf(store)).toSorted((one, other) => (one.collection < other.collection ? -1 : 1)),
          expected.map((collection) => ({ collection, change: 'create' })),
        )
      }
      assert.deepEqual(await store.place().layouts(), [])
    },
  },
  {
    id: 'O8-nothing-left',
    clause: 'O8',
    title:
      'a plan, and asking what is there, leave nothing where nothing was made, and see what is made afterwards',
    requires: ['contents'],
    run: async (context) => {
      const next = successors(context)
      const before = await (await next()).place().isThere()
      const store = await next()
      everythingOf(store)
      assert.deepEqual(await store.place().layouts(), [])
      const { steps, unknown } = await store.place().plan()
      assert.deepEqual([steps.length, unknown], [2, []])
      assert.equal(await (await next()).place().isThere(), before)
      const writing = await next()
      await everythingOf(writing).put({ id: 'a', note: 'x' })
      assert.deepEqual(await planOf(writing), [])
      const again = await next()
      assert.equal(await again.place().isThere(), true)
      everythingOf(again)
      assert.deepEqual(await planOf(again), [])
    },
  },
  {
    id: 'O8-nothing-to-do',
    clause: 'O8',
    title: 'where all is as defined the plan is empty: no step, no statement, nothing unknown',
    requires: ['contents'],
    run: async (context) => {
      const next = successors(context)
      await fillSample(await next(), context.clock)
      const again = await next()
      defineSample(again)
      const { reviews } = {
        reviews: (await planOf(again)).filter(({ collection }) => collection !== 'reviews'),
      }
      assert.deepEqual(reviews, [])
      await again.open()
      assert.deepEqual(await again.place().plan(), { steps: [], unknown: [], statements: [] })
    },
  },
  {
    id: 'O8-unknown',
    clause: 'O8',
    title: 'layouts that no definition names are told as unknown, in text order, and left as they are',
    requires: ['contents'],
    run: async (context) => {
      const next = successors(context)
      const first = await next()
      await everythingOf(first).count()
      await fillLog(first)
      const store = await next()
      everythingOf(store)
      const { steps, unknown } = await store.place().plan()
      assert.deepEqual(steps, [])
      assert.deepEqual(unknown, ['happenings', 'happenings_heads'])
      await store.place().migrate()
      assert.equal((await store.place().layouts()).length, 4)
    },
  },
  {
    id: 'O8-changed-type',
    clause: 'O8',
    title: 'a plan names a field that has another type, and one that may be absent from now on',
    requires: ['contents'],
    run: async (context) => {
      const next = successors(context)
      await (await next()).collection(before).put({ id: 'a', n: 1, note: 'x' })
      const text = z.object({ id: z.string(), n: z.string(), note: z.string().optional() })
      const after = defineCollection({
        ...{ name, schema: text, key: 'id', fields: { n: 'index', note: 'column' } },
        ...{ version: 2, upgrade: { 1: (old) => ({ ...old, n: String(old.n) }) } },
      })
      const store = await next()
      const planned = (await planOf(store, after as unknown as CollectionDefinition)).map(
        ({ change }) => change,
      )
      assert.deepEqual(planned.filter((change) => change === 'change-field').length, 2)
      assert.ok(planned.includes('raise-version') && planned.includes('rewrite'))
      assert.equal(await store.collection(after).count({ n: '1' }), 1)
    },
  },
  {
    id: 'O8-append-only',
    clause: 'O8',
    title: 'a plan names a collection that becomes append-only',
    requires: ['contents'],
    run: async (context) => {
      const next = successors(context)
      const entry = z.object({ id: z.string(), s: z.string(), n: z.int(), h: z.string(), p: z.string() })
      const log = defineLog({
        ...{ name, schema: entry, key: 'id' },
        chain: { stream: 's', sequence: 'n', hash: 'h', previous: 'p' },
      })
      const { layout } = log.entries
      await (await next()).place().make([{ ...layout, appendOnly: false }])
      const store = await next()
      store.log(log)
      assert.deepEqual(
        (await planOf(store)).filter(({ collection }) => collection === name),
        [{ collection: name, change: 'append-only' }],
      )
      await store.open()
      assert.deepEqual(await planOf(store), [])
    },
  },
  {
    id: 'O8-without-records',
    clause: 'O8',
    title: 'where there are no records, no rewriting is planned',
    requires: ['contents'],
    run: async (context) => {
      const next = successors(context)
      await (await next()).collection(before).count()
      const after = defineCollection({ ...base, fields: { ...base.fields, tags: 'index' } })
      const planned = await planOf(await next(), after)
      assert.deepEqual(planned.map(({ change }) => change).sort(), ['add-field', 'add-index'])
    },
  },
  {
    id: 'O8-interrupted',
    clause: 'O8',
    title: 'a rewriting that was interrupted is planned, also by a store that changes nothing else',
    requires: ['contents'],
    run: async (context) => {
      const next = successors(context)
      await (await next()).collection(before).put({ id: 'a', n: 1, note: 'x' })
      const after = defineCollection({ ...base, fields: { n: 'index', note: 'index' } })
      const moved = defineCollection({ ...base, fields: { n: 'index', note: 'index', tags: 'index' } })
      await assert.rejects((await next(interruptedAfter(0))).collection(moved).count(), {
        code: 'UNAVAILABLE',
      })
      assert.deepEqual(await planOf(await next(), moved), [{ collection: name, change: 'rewrite' }])
      const planned = (await planOf(await next(), after)).map(({ change }) => change)
      assert.deepEqual(planned.sort(), ['drop-field', 'drop-index', 'rewrite'])
    },
  },
  {
    id: 'O8-newer',
    clause: 'O8',
    title: 'records of a newer version are told as refused, and nothing else of their collection is planned',
    requires: ['contents'],
    run: async (context) => {
      const next = successors(context)
      const newer = defineCollection({
        ...{ ...base, fields: { n: 'index' }, version: 2 },
        upgrade: { 1: (old) => old },
      })
      await (await next()).collection(newer).put({ id: 'a', n: 1, note: 'x' })
      const store = await next()
      assert.deepEqual(await planOf(store, before), [{ collection: name, change: 'refused' }])
      const state = await heldBy(store)
      await assert.rejects(store.place().migrate(), { code: 'UNSUPPORTED' })
      assert.deepEqual(await heldBy(store), state)
    },
  },
  {
    id: 'O8-statements',
    clause: 'O8',
    title: 'statements, where there are any, are told for what changes and for nothing else',
    requires: ['contents'],
    run: async (context) => {
      const next = successors(context)
      const first = await next()
      await first.collection(before).put({ id: 'a', n: 1, note: 'x' })
      await everythingOf(first).count()
      const store = await next()
      everythingOf(store)
      store.collection(defineCollection({ ...base, indexes: [['n', 'note']] }))
      const { statements } = await store.place().plan()
      assert.ok(statements.every(({ collection }) => collection === name))
      assert.ok(statements.every((each) => each.statements.length > 0 && each.statements.every(Boolean)))
      const direct = await store.place().statements(undefined, before.layout)
      assert.ok(direct === undefined || direct.length > 0)
      assert.equal(statements.length, direct === undefined ? 0 : 1)
    },
  },
]

/** O8: what a plan says. */
export const planCases: readonly Case[] = [...all, ...changes]
