import assert from 'node:assert/strict'
import { type Collection, defineCollection, type Filter } from '@coffer/core'
import fc from 'fast-check'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'
import { assertRefused, unchecked } from './assert-refused.ts'

const schema = z.object({
  id: z.string(),
  capabilities: z
    .array(z.object({ type: z.string().nullish(), tags: z.array(z.string()).optional() }).nullable())
    .nullish(),
  anything: z.json().optional(),
})
const agents = defineCollection({
  name: 'agents',
  schema,
  key: 'id',
  fields: {
    types: { path: 'capabilities.*.type' },
    tags: { path: 'capabilities.*.tags.*', index: false },
    deep: { path: 'anything.*.name', type: 'texts' },
    said: { path: 'anything.*.text', type: 'words' },
  },
})
type Agent = z.output<typeof schema>
type Names = 'id' | 'types' | 'tags' | 'deep' | 'said'

const STORED: readonly Agent[] = [
  {
    id: 'a',
    capabilities: [
      { type: 'read', tags: ['x', 'y'] },
      { type: 'write', tags: ['y'] },
    ],
  },
  { id: 'b', capabilities: [{ type: 'write' }, { type: 'write', tags: [] }, { type: 'Read' }] },
  { id: 'c', capabilities: [{ type: null, tags: ['x'] }, null, {}] },
  { id: 'd', capabilities: [] },
  { id: 'e', capabilities: null },
  { id: 'f', anything: [{ name: 'n', text: 'The fox' }, { other: 1 }, 'text'] },
  { id: 'g', anything: [{ name: 'm', text: ['a dog', { deep: 'and a cat' }] }] },
]

const MEANINGS: readonly (readonly [meaning: string, where: Filter<Names>, keys: string])[] = [
  ['has', { types: { has: 'write' } }, 'ab'],
  ['has exactly', { types: { has: 'read' } }, 'a'],
  ['has no part', { types: { has: 'rea' } }, ''],
  ['has all', { types: { hasAll: ['write', 'read'] } }, 'a'],
  ['has any', { types: { hasAny: ['Read', 'read'] } }, 'ab'],
  ['nested', { tags: { hasAll: ['x', 'y'] } }, 'a'],
  ['nested any', { tags: { hasAny: ['x', 'z'] } }, 'ac'],
  ['exists', { types: { exists: true } }, 'abcd'],
  ['exists not', { types: { exists: false } }, 'efg'],
  ['not', { not: { types: { has: 'write' } } }, 'cdefg'],
  ['open schema', { deep: { hasAny: ['n', 'm'] } }, 'fg'],
  ['words', { said: { words: 'fox' } }, 'f'],
  ['deep words', { said: { words: 'dog cat' } }, 'g'],
  ['words of none', { said: { anyWord: 'text n other' } }, ''],
]

/** R8: fields that find many values. */
export const manyValuedPathCases: readonly Case[] = [
  {
    id: 'R8-meaning',
    clause: 'R8',
    title: 'a question about what a path finds means what it says',
    run: async (context) => {
      const collection = await filled(context)
      for (const [meaning, where, keys] of MEANINGS) {
        assert.equal(await keysFound(collection, where), keys, meaning)
      }
    },
  },
  {
    id: 'R8-follow',
    clause: 'R8',
    title: 'what a path finds follows the record',
    run: async (context) => {
      const collection = await filled(context)
      await collection.update('a', { capabilities: [{ type: 'run' }] })
      await collection.update('b', { capabilities: null })
      await collection.delete('c')
      assert.equal(await keysFound(collection, { types: { hasAny: ['read', 'write', 'Read'] } }), '')
      assert.equal(await keysFound(collection, { types: { has: 'run' } }), 'a')
      assert.equal(await keysFound(collection, { types: { exists: false } }), 'befg')
      assert.equal(await keysFound(collection, { tags: { has: 'x' } }), '')
    },
  },
  {
    id: 'R8-verified',
    clause: 'R8',
    title:
      'each text is kept once and in code point order, whatever the record’s order, and verify finds it so',
    run: async (context) => {
      const collection = await filled(context)
      const types = ['z', '\u{1f600}', 'a', '\ufffd', 'z', 'é', 'B', 'a']
      await collection.put({ id: 'h', capabilities: types.map((type) => ({ type })) })
      await collection.put({ id: 'i', capabilities: types.toReversed().map((type) => ({ type })) })
      assert.equal(await keysFound(collection, { types: { hasAll: types } }), 'hi')
      assert.deepEqual((await collection.verify()).problems, [])
    },
  },
  {
    id: 'R8-refused',
    clause: 'R8',
    title: 'what is no array at a *, or no text at the end of a path, is refused, and nothing is stored',
    run: async (context) => {
      const collection = await filled(context)
      for (const anything of [{ name: 'n' }, 'text', 1, [{ name: 1 }], [{ name: ['n'] }]]) {
        await assertRefused(() => collection.put({ id: 'z', anything }), /'deep'.*arrays.*anything\.\*\.name/)
        await assertRefused(() => collection.update('g', { anything }), /'deep'/)
      }
      assert.equal(await collection.has('z'), false)
      assert.equal(await keysFound(collection, { deep: { has: 'm' } }), 'g')
    },
  },
  {
    id: 'R8-definitions',
    clause: 'R8',
    title:
      'a path over members that is not of texts or words, or leads nowhere, is refused when it is defined',
    run: async () => {
      const define = (field: object) => () =>
        defineCollection({ name: 'agents', schema, key: 'id', fields: { found: unchecked(field) } })
      await assertRefused(define({ path: 'capabilities.*.type', type: 'text' }), /texts and words/)
      await assertRefused(define({ path: 'capabilities.*.kind', type: 'texts' }), /nothing at/)
      await assertRefused(define({ path: 'capabilities.type', type: 'words' }), /nothing at/)
      await assertRefused(define({ path: 'capabilities.*.tags' }), /type/)
      await assertRefused(define({ path: ['capabilities'], type: 'texts' }), /path/)
    },
  },
  {
    id: 'R8-random',
    clause: 'R8',
    title: 'random questions about random members answer what sets of texts answer',
    run: async (context) => {
      const store = context.store()
      let round = 0
      const property = fc.asyncProperty(drawn, questions, async (stored, asked) => {
        const collection = store.tenant(`round ${round++}`).collection(agents)
        const capabilitiesOf = (types: readonly (string | null)[] | null) => types?.map((type) => ({ type }))
        await collection.putMany(
          stored.map((types, n) => ({ id: `${n}`, capabilities: capabilitiesOf(types) })),
        )
        for (const { operator, wanted } of asked) {
          const holds = (types: readonly (string | null)[]) =>
            operator === 'hasAll'
              ? wanted.every((type) => types.includes(type))
              : wanted.some((type) => types.includes(type))
          const expected = stored.flatMap((types, n) => (types !== null && holds(types) ? [`${n}`] : []))
          assert.equal(await keysFound(collection, { types: { [operator]: wanted } }), expected.join(''))
        }
        assert.equal((await collection.verify()).damaged, 0)
      })
      await fc.assert(property, { seed: context.seed, numRuns: 12 })
    },
  },
]

const type = fc.constantFrom('', 'a', 'A', 'ab', 'é', 'e\u0301', '\uffff', '\u{1f600}')
const drawn = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.array(
        fc.oneof({ weight: 5, arbitrary: type }, { weight: 1, arbitrary: fc.constant(null) }),
        { maxLength: 4 },
      ),
    },
    { weight: 1, arbitrary: fc.constant(null) },
  ),
  { minLength: 1, maxLength: 9 },
)
const questions = fc.array(
  fc.record({
    operator: fc.constantFrom('hasAll' as const, 'hasAny' as const),
    wanted: fc.array(type, { maxLength: 3 }),
  }),
  { minLength: 5, maxLength: 9 },
)

async function filled(context: CaseContext): Promise<Collection<Agent, Names>> {
  const collection = context.store().collection(agents)
  await collection.putMany(STORED)
  return collection
}

async function keysFound(collection: Collection<Agent, Names>, where: Filter<Names>): Promise<string> {
  const { records } = await collection.find({ where })
  assert.equal(await collection.count(where), records.length)
  return records.map((record) => record.id).join('')
}
