import assert from 'node:assert/strict'
import { type Collection, defineCollection, isoDate, isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'
import { assertRefused } from './assert-refused.ts'

/** An instant as a `Date`, as text that the schema puts in form, and as text that it leaves as it is. */
const events = defineCollection({
  name: 'events',
  schema: z.object({
    id: z.string(),
    date: isoDate.optional(),
    text: isoTimestamp.optional(),
    raw: z.iso.datetime({ offset: true }).optional(),
    unindexed: isoDate.optional(),
    unindexed_text: isoTimestamp.optional(),
  }),
  key: 'id',
  fields: { date: 'index', text: 'index', raw: 'column' },
})
type Events = Collection<z.output<typeof events.schema>, 'id' | 'date' | 'text' | 'raw'>

const FIRST = '0001-01-01T00:00:00.000Z'
const LAST = '9999-12-31T23:59:59.999Z'
const NOON = '2026-03-01T12:00:00.000Z'

/** Instants in their order, with those that text or signed numbers would order otherwise. */
const INSTANTS = [
  ...[FIRST, '0099-12-31T23:59:59.999Z', '1582-10-15T00:00:00.000Z', '1969-12-31T23:59:59.999Z'],
  ...['1970-01-01T00:00:00.000Z', '1970-01-01T00:00:00.001Z', '2026-02-28T23:59:59.999Z', NOON],
  ...['2026-03-29T01:30:00.000Z', '2038-01-19T03:14:08.000Z', LAST],
]

/** What looks like a timestamp and is none. */
const NO_TIMESTAMPS: readonly (readonly [word: string, text: string])[] = [
  ['no-zone', '2026-03-01T12:00:00'],
  ['no-time', '2026-03-01'],
  ['no-such-day', '2026-02-30T12:00:00Z'],
  ['no-leap-year', '2025-02-29T12:00:00Z'],
  ['hour-24', '2026-03-01T24:00:00Z'],
  ['second-60', '2026-06-30T23:59:60Z'],
  ['month-13', '2026-13-01T12:00:00Z'],
  ['year-0', '0000-12-31T23:59:59.999Z'],
  ['before-year-1', '0001-01-01T00:00:00+01:00'],
  ['after-year-9999', '9999-12-31T23:59:59.999-01:00'],
  ['long-year', '+010000-01-01T00:00:00Z'],
  ['words', 'March 1, 2026 12:00 UTC'],
  ['number', '1772366400000'],
]

/** V6: timestamps are instants with millisecond precision, whatever their zone and the process's. */
export const timestampCases: readonly Case[] = [
  {
    id: 'V6-date',
    clause: 'V6',
    title: 'dates come back as the same instants',
    run: async (context) => {
      const collection = context.store().collection(events)
      const records = INSTANTS.map((text, n) => ({
        id: keyOf(n),
        date: new Date(text),
        unindexed: new Date(text),
      }))
      await collection.putMany(records)
      assert.deepEqual((await collection.find()).records, records)
    },
  },
  {
    id: 'V6-text',
    clause: 'V6',
    title: 'timestamps as text come back in UTC with milliseconds',
    run: async (context) => {
      const collection = context.store().collection(events)
      for (const text of [
        '2026-03-01T12:00:00Z',
        '2026-03-01T14:00:00+02:00',
        '2026-02-28T23:30:00.0-12:30',
        NOON,
      ]) {
        await collection.put({ id: 'a', text, unindexed_text: text })
        assert.deepEqual(await collection.get('a'), { id: 'a', text: NOON, unindexed_text: NOON })
      }
    },
  },
  {
    id: 'V6-finer',
    clause: 'V6',
    title: 'what is finer than a millisecond is cut',
    run: async (context) => {
      const collection = context.store().collection(events)
      await collection.put({
        id: 'a',
        text: '2026-03-01T12:00:00.123999Z',
        raw: '2026-03-01T12:00:00.123999Z',
      })
      assert.equal((await collection.get('a'))?.text, '2026-03-01T12:00:00.123Z')
      const exact = new Date('2026-03-01T12:00:00.123Z')
      assert.equal(await collection.count({ text: exact, raw: exact }), 1)
    },
  },
  {
    id: 'V6-same-instant',
    clause: 'V6',
    title: 'an instant is found by a Date and by text of any offset',
    run: async (context) => {
      const collection = context.store().collection(events)
      await collection.put({ id: 'a', date: new Date(NOON), text: NOON, raw: '2026-03-01T17:45:00+05:45' })
      for (const asked of [new Date(NOON), NOON, '2026-03-01T06:00:00-06:00']) {
        assert.equal(await collection.count({ date: asked, text: asked, raw: asked }), 1, String(asked))
        assert.equal(await collection.count({ date: { in: [asked] }, raw: { lte: asked } }), 1, String(asked))
      }
    },
  },
  {
    id: 'V6-range',
    clause: 'V6',
    title: 'ranges are exact to the millisecond',
    run: async (context) => {
      const collection = await filled(context)
      for (const field of ['date', 'text', 'raw'] as const) {
        for (const [position, text] of INSTANTS.entries()) {
          const at = new Date(text)
          assert.equal(await collection.count({ [field]: { lt: at } }), position)
          assert.equal(await collection.count({ [field]: { lte: at } }), position + 1)
          assert.equal(await collection.count({ [field]: at }), 1)
        }
      }
    },
  },
  {
    id: 'V6-order',
    clause: 'V6',
    title: 'timestamps are ordered as instants, from the year 1 to the year 9999',
    run: async (context) => {
      const collection = await filled(context)
      for (const field of ['date', 'text', 'raw'] as const) {
        const upwards = await collection.find({ orderBy: field })
        assert.deepEqual(
          upwards.records.map((record) => record.text),
          INSTANTS,
        )
        const downwards = await collection.find({ orderBy: { [field]: 'desc' } })
        assert.deepEqual(downwards.records, [...upwards.records].reverse())
      }
    },
  },
  {
    id: 'V6-order-of-offsets',
    clause: 'V6',
    title: 'timestamps of different offsets are ordered as instants, not as texts',
    run: async (context) => {
      const collection = context.store().collection(events)
      await collection.putMany([
        { id: 'second', raw: '2026-03-01T09:00:00-05:00' },
        { id: 'first', raw: '2026-03-01T23:00:00+12:00' },
        { id: 'third', raw: '2026-03-01T15:00:00Z' },
      ])
      assert.deepEqual(keysOf(await collection.find({ orderBy: 'raw' })), ['first', 'second', 'third'])
    },
  },
  {
    id: 'V6-pages',
    clause: 'V6',
    title: 'pages by timestamps that differ in a millisecond skip and repeat none',
    run: async (context) => {
      const collection = context.store().collection(events)
      const start = Date.parse(NOON)
      const records = Array.from({ length: 20 }, (_, n) => ({
        id: keyOf(n),
        date: new Date(start + (n % 4)),
      }))
      await collection.putMany(records)
      const seen: string[] = []
      for await (const record of collection.iterate({ orderBy: 'date', limit: 3 })) seen.push(record.id)
      const expected = [...records].sort((left, right) => left.date.getTime() - right.date.getTime())
      assert.deepEqual(
        seen,
        expected.map((record) => record.id),
      )
    },
  },
  ...NO_TIMESTAMPS.flatMap(([word, text]): Case[] => [
    {
      id: `V6-record-${word}`,
      clause: 'V6',
      title: `'${text}' is refused as a timestamp in a record`,
      run: async (context) => {
        const collection = context.store().collection(events)
        await assertRefused(() => collection.put({ id: 'a', text }))
        await assertRefused(() => collection.put({ id: 'a', raw: text }))
        await assertRefused(() => collection.put({ id: 'a', unindexed_text: text }))
        assert.equal(await collection.has('a'), false)
      },
    },
    {
      id: `V6-filter-${word}`,
      clause: 'V6',
      title: `'${text}' is refused as a timestamp in a filter`,
      run: async (context) => {
        const collection = context.store().collection(events)
        await assertRefused(() => collection.find({ where: { text } }))
        await assertRefused(() => collection.count({ date: { gte: text } }))
      },
    },
  ]),
  {
    id: 'V6-no-date',
    clause: 'V6',
    title: 'an invalid Date, and one before the year 1 or after 9999, is refused',
    run: async (context) => {
      const collection = context.store().collection(events)
      const tooEarly = new Date(Date.parse(FIRST) - 1)
      const tooLate = new Date(Date.parse(LAST) + 1)
      for (const date of [new Date(Number.NaN), tooEarly, tooLate]) {
        await assertRefused(() => collection.put({ id: 'a', date }))
        await assertRefused(() => collection.put({ id: 'a', unindexed: date }))
        await assertRefused(() => collection.count({ date }))
      }
      assert.equal(await collection.has('a'), false)
    },
  },
  {
    id: 'V6-process-zone',
    clause: 'V6',
    title: "the process's time zone changes nothing stored, asked or answered",
    run: async (context) => {
      const collection = context.store().collection(events)
      const night = new Date('2026-03-29T01:30:00.000Z')
      await inZone('Pacific/Kiritimati', () =>
        collection.put({ id: 'a', date: night, raw: '2026-03-29T01:30:00Z' }),
      )
      await inZone('America/St_Johns', async () => {
        assert.equal((await collection.get('a'))?.date?.getTime(), night.getTime())
        assert.equal((await collection.get('a'))?.raw, '2026-03-29T01:30:00Z')
        assert.equal(await collection.count({ date: night, raw: night }), 1)
        assert.equal(await collection.count({ raw: { lt: night } }), 0)
      })
    },
  },
  {
    id: 'V6-entry-times',
    clause: 'V6',
    title: "an entry's times are the store's clock to the millisecond",
    run: async (context) => {
      const collection = context.store().collection(events)
      context.clock.set(Date.parse('2026-03-01T12:00:00.123Z'))
      await collection.put({ id: 'a' }, { ttlMs: 1 })
      const entry = await collection.getEntry('a')
      assert.equal(entry?.createdAt.toISOString(), '2026-03-01T12:00:00.123Z')
      assert.equal(entry?.updatedAt.toISOString(), '2026-03-01T12:00:00.123Z')
      assert.equal(entry?.expiresAt?.toISOString(), '2026-03-01T12:00:00.124Z')
    },
  },
]

/** One record per instant, all three fields of it the same; keys run against the instants. */
async function filled(context: CaseContext): Promise<Events> {
  const collection = context.store().collection(events)
  const records = INSTANTS.map((text, n) => ({
    id: keyOf(INSTANTS.length - n),
    date: new Date(text),
    text,
    raw: text,
  }))
  await collection.putMany(records)
  return collection
}

function keyOf(position: number): string {
  return String(position).padStart(2, '0')
}

function keysOf(page: { readonly records: readonly { readonly id: string }[] }): string[] {
  return page.records.map((record) => record.id)
}

async function inZone<T>(zone: string, run: () => Promise<T>): Promise<T> {
  const before = process.env.TZ
  process.env.TZ = zone
  try {
    return await run()
  } finally {
    if (before === undefined) delete process.env.TZ
    else process.env.TZ = before
  }
}
