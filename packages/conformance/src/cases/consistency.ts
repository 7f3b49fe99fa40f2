import assert from 'node:assert/strict'
import { type Collection, defineCollection } from '@coffer/core'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'
import { all } from '../method-calls.ts'
import { assertRefused, unchecked } from './assert-refused.ts'

const notes = defineCollection({
  name: 'notes',
  schema: z.object({ id: z.string(), rank: z.int() }),
  key: 'id',
  fields: { rank: 'index' },
})
type Notes = Collection<z.output<typeof notes.schema>, 'id' | 'rank'>
type Consistency = 'strong' | 'eventual' | undefined

/** Every read that takes a consistency, and what it answers for the records `a` and `b`, ranked 1 and 2. */
const reads: readonly {
  readonly method: string
  readonly call: (collection: Notes, consistency: Consistency) => Promise<unknown>
  readonly answer: unknown
}[] = [
  {
    method: 'get',
    call: (collection, consistency) => collection.get('a', { consistency }),
    answer: { id: 'a', rank: 1 },
  },
  {
    method: 'getEntry',
    call: async (collection, consistency) => (await collection.getEntry('a', { consistency }))?.version,
    answer: 1,
  },
  {
    method: 'getMany',
    call: (collection, consistency) => collection.getMany(['b', 'no'], { consistency }),
    answer: [{ id: 'b', rank: 2 }, undefined],
  },
  { method: 'has', call: (collection, consistency) => collection.has('b', { consistency }), answer: true },
  {
    method: 'find',
    call: async (collection, consistency) =>
      (await collection.find({ where: { rank: { gt: 1 } }, consistency })).records,
    answer: [{ id: 'b', rank: 2 }],
  },
  {
    method: 'findEntries',
    call: async (collection, consistency) =>
      (await collection.findEntries({ orderBy: { rank: 'desc' }, consistency })).records.map(
        ({ version }) => version,
      ),
    answer: [1, 1],
  },
  {
    method: 'findOne',
    call: (collection, consistency) => collection.findOne({ where: { rank: 2 }, consistency }),
    answer: { id: 'b', rank: 2 },
  },
  {
    method: 'iterate',
    call: (collection, consistency) => all(collection.iterate({ limit: 1, consistency })),
    answer: [
      { id: 'a', rank: 1 },
      { id: 'b', rank: 2 },
    ],
  },
  { method: 'count', call: (collection, consistency) => collection.count({}, { consistency }), answer: 2 },
  {
    method: 'aggregate',
    call: (collection, consistency) =>
      collection.aggregate({ measures: { total: { sum: 'rank' } }, consistency }),
    answer: [{ group: {}, total: 3 }],
  },
  {
    method: 'exists',
    call: (collection, consistency) => collection.exists({ rank: 2 }, { consistency }),
    answer: true,
  },
]

/** R5: what a read has to have seen. */
export const consistencyCases: readonly Case[] = [
  ...reads.flatMap(({ method, call, answer }): Case[] => [
    {
      id: `R5-strong-${method}`,
      clause: 'R5',
      title: `a strong ${method}, which is what it is unless it says otherwise, sees what was acknowledged`,
      run: async (context) => {
        const collection = await filled(context)
        assert.deepEqual(await call(collection, 'strong'), answer)
        assert.deepEqual(await call(collection, undefined), answer)
      },
    },
    {
      id: `R5-eventual-${method}`,
      clause: 'R5',
      title: `an eventual ${method} sees what was acknowledged where no read replica is configured`,
      without: ['replica'],
      run: async (context) => {
        const collection = await filled(context)
        assert.deepEqual(await call(collection, 'eventual'), answer)
      },
    },
    {
      id: `R5-unknown-${method}`,
      clause: 'R5',
      title: `${method} refuses a consistency that there is not`,
      run: async (context) => {
        const collection = await filled(context)
        for (const consistency of ['weak', 'Eventual', '', null, true]) {
          await assertRefused(() => call(collection, unchecked(consistency)), /'strong' or 'eventual'/)
        }
      },
    },
    {
      id: `R5-transaction-${method}`,
      clause: 'R5',
      title: `${method} in a transaction refuses to be eventual, and harms nothing by it; strong it answers`,
      run: async (context) => {
        const store = context.store()
        await filledWith(store.collection(notes))
        await store.transaction(async (transaction) => {
          const collection = transaction.collection(notes)
          await assertRefused(
            () => call(collection, 'eventual'),
            /a transaction, which reads its own snapshot/,
          )
          assert.deepEqual(await call(collection, 'strong'), answer)
          await collection.put({ id: 'c', rank: 3 })
        })
        assert.equal(await store.collection(notes).count(), 3)
      },
    },
  ]),
  {
    id: 'R5-eventual-at-once',
    clause: 'R5',
    title: 'strong and eventual reads at once each get their own answer',
    run: async (context) => {
      const collection = await filled(context)
      const answers = await Promise.all(
        Array.from({ length: 64 }, (_, n) =>
          collection.getMany(n % 2 === 0 ? ['a', 'b'] : ['b'], {
            consistency: n % 4 < 2 ? 'strong' : 'eventual',
          }),
        ),
      )
      for (const [n, answer] of answers.entries()) {
        // What an eventual one may not have seen yet it answers as not there.
        if (n % 4 < 2) assert.deepEqual(ranksOf(answer), n % 2 === 0 ? [1, 2] : [2])
        else assert.equal(answer.length, n % 2 === 0 ? 2 : 1)
      }
    },
  },
]

async function filled(context: CaseContext): Promise<Notes> {
  return filledWith(context.store().collection(notes))
}

async function filledWith(collection: Notes): Promise<Notes> {
  await collection.putMany([
    { id: 'a', rank: 1 },
    { id: 'b', rank: 2 },
  ])
  return collection
}

function ranksOf(records: readonly ({ rank: number } | undefined)[]): (number | undefined)[] {
  return records.map((record) => record?.rank)
}
