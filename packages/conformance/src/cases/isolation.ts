import assert from 'node:assert/strict'
import { type Collection, defineCollection, defineLog, isoDate } from '@coffer/core'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'
import { type Happenings, happeningsOf } from '../method-calls.ts'

const members = { id: z.string(), tags: z.array(z.string()), at: isoDate, deep: z.unknown() }
const notes = defineCollection({
  name: 'notes',
  schema: z.object(members),
  key: 'id',
  fields: { tags: 'index', at: 'index' },
  history: true,
})
type Note = z.output<typeof notes.schema>
const entries = defineLog({
  name: 'entries',
  schema: z.object({
    ...members,
    stream: z.string(),
    sequence: z.int(),
    hash: z.string(),
    previous: z.string(),
  }),
  key: 'id',
  chain: { stream: 'stream', sequence: 'sequence', hash: 'hash', previous: 'previous' },
})

/** Ways to get at a stored record, each of which must hand out a value of its own. */
const READS: readonly (readonly [word: string, read: (collection: Notes) => Promise<Note | undefined>])[] = [
  ['get', (collection) => collection.get('a')],
  ['get-entry', async (collection) => (await collection.getEntry('a'))?.record],
  ['get-many', async (collection) => (await collection.getMany(['a']))[0]],
  ['find', async (collection) => (await collection.find()).records[0]],
  [
    'find-by-field',
    async (collection) => (await collection.find({ where: { tags: { has: 'x' } } })).records[0],
  ],
  ['find-entries', async (collection) => (await collection.findEntries()).records[0]?.record],
  ['find-one', (collection) => collection.findOne({ orderBy: 'at' })],
  ['iterate', async (collection) => (await collection.iterate().next()).value ?? undefined],
  ['history', async (collection) => (await collection.history('a')).records[0]?.record],
  ['get-at', (collection) => collection.getAt('a', { version: 1 })],
]
type Notes = Collection<Note, 'id' | 'tags' | 'at'>

/** V4: changing what was passed, or what was got, never changes the store. */
export const isolationCases: readonly Case[] = [
  ...READS.map(
    ([word, read]) =>
      ({
        id: `V4-${word}`,
        clause: 'V4',
        title: `changing what ${word} answered changes nothing stored`,
        run: async (context) => {
          const collection = context.store().collection(notes)
          await collection.put(note())
          const got = await read(collection)
          assert.deepEqual(got, note())
          spoil(got)
          for (const [, readAgain] of READS) assert.deepEqual(await readAgain(collection), note())
        },
      }) satisfies Case,
  ),
  {
    id: 'V4-get-many-repeated',
    clause: 'V4',
    title: 'a repeated key is answered with values that share nothing',
    run: async (context) => {
      const collection = context.store().collection(notes)
      await collection.put(note())
      const [first, second] = await collection.getMany(['a', 'a'])
      spoil(first)
      assert.deepEqual(second, note())
    },
  },
  {
    id: 'V4-put',
    clause: 'V4',
    title: 'changing a record after it was put changes nothing stored',
    run: (context) =>
      assertUnchanged(context, async (collection, record) => {
        await collection.put(record)
        spoil(record)
      }),
  },
  {
    id: 'V4-put-in-flight',
    clause: 'V4',
    title: 'changing a record while its put is in flight changes nothing stored',
    run: (context) =>
      assertUnchanged(context, async (collection, record) => {
        const written = collection.put(record)
        spoil(record)
        await written
      }),
  },
  {
    id: 'V4-put-many',
    clause: 'V4',
    title: 'changing the list of a putMany, or a record in it, changes nothing stored',
    run: (context) =>
      assertUnchanged(context, async (collection, record) => {
        const list = [record]
        const written = collection.putMany(list)
        list.push({ ...note(), id: 'b' })
        spoil(record)
        await written
        assert.equal(await collection.count(), 1)
      }),
  },
  {
    id: 'V4-insert',
    clause: 'V4',
    title: 'changing a record after it was inserted changes nothing stored',
    run: (context) =>
      assertUnchanged(context, async (collection, record) => {
        await collection.insert(record)
        spoil(record)
      }),
  },
  {
    id: 'V4-update',
    clause: 'V4',
    title: 'changing what an update returned, afterwards, changes nothing stored',
    run: (context) =>
      assertUnchanged(context, async (collection, record) => {
        await collection.put({ ...note(), tags: [] })
        await collection.update('a', () => record)
        spoil(record)
      }),
  },
  {
    id: 'V4-refused-update',
    clause: 'V4',
    title: 'an update whose function changes the record in place and throws changes nothing stored',
    run: async (context) => {
      const collection = context.store().collection(notes)
      await collection.put(note())
      const refusal = new Error('no')
      const update = collection.update('a', (present) => {
        spoil(present)
        throw refusal
      })
      await assert.rejects(update, refusal)
      assert.deepEqual(await collection.get('a'), note())
    },
  },
  {
    id: 'V4-transaction',
    clause: 'V4',
    title: 'changing records inside a transaction, after they were put or got, changes nothing stored',
    run: async (context) => {
      const store = context.store()
      const outside = store.collection(notes)
      await store.transaction(async (transaction) => {
        const collection = transaction.collection(notes)
        const record = note()
        await collection.put(record)
        spoil(record)
        spoil(await collection.get('a'))
        assert.deepEqual(await collection.get('a'), note())
      })
      assert.deepEqual(await outside.get('a'), note())
    },
  },
  {
    id: 'V4-append',
    clause: 'V4',
    title: 'changing the list of an append, or an entry in it, changes nothing stored',
    run: async (context) => {
      const store = context.store()
      const append = async (log: Happenings, event_id: string) => {
        const list = [{ event_id, note: 'as given' }]
        const appended = log.append('s', list)
        for (const entry of list) entry.note = 'changed'
        list.push({ event_id: 'z', note: 'more' })
        assert.deepEqual(
          (await appended).map((entry) => [entry.event_id, entry.note]),
          [[event_id, 'as given']],
        )
      }
      await append(happeningsOf(store), 'a')
      await store.transaction((transaction) => append(happeningsOf(transaction), 'b'))
      assert.equal((await happeningsOf(store).head('s'))?.sequence, 2)
    },
  },
  {
    id: 'V4-append-deep',
    clause: 'V4',
    title:
      'changing what stands deep in an entry, or its Date, after append was called changes nothing stored',
    run: async (context) => {
      const log = context.store().log(entries)
      const entry = { ...note(), deep: { list: [{ n: 1 }], ...JSON.parse('{ "__proto__": { "n": 2 } }') } }
      const given = structuredClone(entry)
      const appended = log.append('s', [entry])
      spoil(entry)
      await appended
      const { tags, at, deep } = (await log.get('a')) ?? {}
      assert.deepEqual([tags, at, deep], [given.tags, given.at, given.deep])
    },
  },
  {
    id: 'V4-keys',
    clause: 'V4',
    title: 'changing the list of keys while they are read changes no answer',
    run: async (context) => {
      const collection = context.store().collection(notes)
      await collection.putMany([note(), { ...note(), id: 'b' }])
      const keys = ['a', 'b']
      const answer = collection.getMany(keys)
      keys.reverse()
      keys.push('c')
      assert.deepEqual(
        (await answer).map((record) => record?.id),
        ['a', 'b'],
      )
    },
  },
]

function note(): Note {
  return { id: 'a', tags: ['x', 'y'], at: new Date(1_000), deep: { list: [{ n: 1 }] } }
}

/** Changes a record in every place where something could be shared. */
function spoil(record: Note | undefined): void {
  if (record === undefined) return
  record.tags.push('spoiled')
  record.at.setTime(0)
  const { list } = record.deep as { list: object[] }
  Object.assign(list[0] ?? {}, { n: 2 })
  list.push({})
  record.deep = 'spoiled'
}

async function assertUnchanged(
  context: CaseContext,
  write: (collection: Notes, record: Note) => Promise<void>,
): Promise<void> {
  const collection = context.store().collection(notes)
  await write(collection, note())
  assert.deepEqual(await collection.get('a'), note())
  const byField = await collection.find({ where: { tags: { has: 'x' }, at: new Date(1_000) } })
  assert.deepEqual(byField.records, [note()])
  assert.equal(await collection.exists({ tags: { has: 'spoiled' } }), false)
}
