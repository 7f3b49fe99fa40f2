import assert from 'node:assert/strict'
import { type Collection, defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'

const samples = defineCollection({
  name: 'samples',
  schema: z.object({
    id: z.string(),
    text: z.string().nullish(),
    integer: z.int().nullish(),
    number: z.number().nullish(),
    boolean: z.boolean().nullish(),
    timestamp: isoTimestamp.nullish(),
    texts: z.array(z.string()).nullish(),
  }),
  key: 'id',
  fields: {
    text: 'index',
    integer: 'index',
    number: 'column',
    boolean: 'column',
    timestamp: 'index',
    texts: 'index',
  },
})
type Sample = z.output<typeof samples.schema>
type FieldName = Exclude<keyof Sample, 'id'>
type Samples = Collection<Sample, keyof Sample>

/** Per type a value that is easily taken for none, and another one that is greater. */
const SCALARS = [
  ['text', '', 'a'],
  ['integer', 0, 1],
  ['number', 0, 0.5],
  ['boolean', false, true],
  ['timestamp', '1970-01-01T00:00:00.000Z', '1970-01-01T00:00:00.001Z'],
] as const
const FIELDS = [...SCALARS, ['texts', [], ['a']] as const]

/** V5: what is missing, what is null, and how filters treat both. */
export const absenceCases: readonly Case[] = [
  {
    id: 'V5-missing',
    clause: 'V5',
    title: 'a record that is not there is undefined',
    run: async (context) => {
      const collection = context.store().collection(samples)
      assert.equal(await collection.get('a'), undefined)
      assert.equal(await collection.getEntry('a'), undefined)
      assert.equal(await collection.findOne(), undefined)
      assert.deepEqual(await collection.getMany(['a']), [undefined])
    },
  },
  {
    id: 'V5-null-kept',
    clause: 'V5',
    title: 'a member that is null and one that is absent stay distinct in the document',
    run: async (context) => {
      const collection = context.store().collection(samples)
      const records = [{ id: 'absent' }, { id: 'null', text: null, integer: null, texts: null }]
      await collection.putMany(records)
      assert.deepEqual((await collection.find()).records, records)
    },
  },
  ...FIELDS.flatMap(([field, low, high]): Case[] => [
    {
      id: `V5-null-${field}`,
      clause: 'V5',
      title: `null in a filter means absent or null, and no value (${field})`,
      run: async (context) => {
        const collection = await filled(context, field, low, high)
        await assertFound(collection, { [field]: null }, ['absent', 'null'])
        await assertFound(collection, { [field]: { eq: null } }, ['absent', 'null'])
        await assertFound(collection, { [field]: { ne: null } }, ['high', 'low'])
      },
    },
    {
      id: `V5-exists-${field}`,
      clause: 'V5',
      title: `exists tells a value, however empty, from none (${field})`,
      run: async (context) => {
        const collection = await filled(context, field, low, high)
        await assertFound(collection, { [field]: { exists: true } }, ['high', 'low'])
        await assertFound(collection, { [field]: { exists: false } }, ['absent', 'null'])
        await assertFound(collection, { not: { [field]: { exists: false } } }, ['high', 'low'])
      },
    },
  ]),
  ...SCALARS.flatMap(([field, low, high]): Case[] => [
    {
      id: `V5-compare-${field}`,
      clause: 'V5',
      title: `no comparison matches a field that is absent or null (${field})`,
      run: async (context) => {
        const collection = await filled(context, field, low, high)
        await assertFound(collection, { [field]: { ne: low } }, ['high'])
        await assertFound(collection, { [field]: { lt: high } }, ['low'])
        await assertFound(collection, { [field]: { lte: high } }, ['high', 'low'])
        await assertFound(collection, { [field]: { gt: low } }, ['high'])
        await assertFound(collection, { [field]: { gte: low } }, ['high', 'low'])
        await assertFound(collection, { [field]: { in: [low, high] } }, ['high', 'low'])
      },
    },
    {
      id: `V5-not-${field}`,
      clause: 'V5',
      title: `not of a comparison matches a field that is absent or null (${field})`,
      run: async (context) => {
        const collection = await filled(context, field, low, high)
        await assertFound(collection, { not: { [field]: low } }, ['absent', 'high', 'null'])
        await assertFound(collection, { not: { [field]: { ne: low } } }, ['absent', 'low', 'null'])
        await assertFound(collection, { not: { [field]: { gte: low } } }, ['absent', 'null'])
        await assertFound(collection, { not: { [field]: { in: [high] } } }, ['absent', 'low', 'null'])
      },
    },
  ]),
  {
    id: 'V5-not-prefix',
    clause: 'V5',
    title: 'no prefix matches a text that is absent or null, and not of it does',
    run: async (context) => {
      const collection = await filled(context, 'text', '', 'a')
      await assertFound(collection, { text: { prefix: '' } }, ['high', 'low'])
      await assertFound(collection, { not: { text: { prefix: 'a' } } }, ['absent', 'low', 'null'])
    },
  },
  {
    id: 'V5-not-has',
    clause: 'V5',
    title: 'no question about members matches texts that are absent or null, and not of it does',
    run: async (context) => {
      const collection = await filled(context, 'texts', [], ['a'])
      await assertFound(collection, { texts: { hasAll: [] } }, ['high', 'low'])
      await assertFound(collection, { not: { texts: { has: 'a' } } }, ['absent', 'low', 'null'])
      await assertFound(collection, { not: { texts: { hasAny: [] } } }, ['absent', 'high', 'low', 'null'])
    },
  },
]

async function filled(context: CaseContext, field: FieldName, low: unknown, high: unknown): Promise<Samples> {
  const collection = context.store().collection(samples)
  await collection.putMany([
    { id: 'absent' },
    { id: 'null', [field]: null },
    { id: 'low', [field]: low },
    { id: 'high', [field]: high },
  ])
  return collection
}

async function assertFound(
  collection: Samples,
  where: NonNullable<Parameters<Samples['count']>[0]>,
  keys: readonly string[],
): Promise<void> {
  const page = await collection.find({ where })
  assert.deepEqual(
    page.records.map((record) => record.id),
    keys,
    JSON.stringify(where),
  )
}
