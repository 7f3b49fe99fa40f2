/** Tables that are altered in place are those that would be made, and append-only ones refuse changes. */

import type { FieldLayout, FieldType, FieldValue, Layout } from '@coffer/core/backend'
import { insertRow, ownTables, reindexRow, schemaOf, type Table, tableOf } from '@coffer/sql'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type OddSession, oddSession } from './session.ts'

const STATE = { version: 1, createdAt: 1, updatedAt: 2, expiresAt: null, deletedAt: null }
const VALUES: Readonly<Record<FieldType, FieldValue>> = {
  text: 'x',
  integer: 4,
  number: 0.5,
  boolean: true,
  timestamp: 5,
  texts: ['q'],
}

const field: fc.Arbitrary<FieldLayout> = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'xmin', 'd'.repeat(58)),
  type: fc.constantFrom<FieldType>('text', 'integer', 'number', 'boolean', 'timestamp', 'texts'),
  nullable: fc.boolean(),
})
const layout: fc.Arbitrary<Layout> = fc
  .uniqueArray(field, { selector: ({ name }) => name, minLength: 1, maxLength: 5 })
  .chain((fields) =>
    fc.record({
      name: fc.constant('moving'),
      fields: fc.constant(fields),
      indexes: fc.array(fc.uniqueArray(fc.nat(fields.length - 1), { minLength: 1, maxLength: 3 }), {
        maxLength: 4,
      }),
      documentColumns: fc.constant([]),
      appendOnly: fc.boolean(),
      history: fc.constant(undefined),
      schemaVersion: fc.constant(1),
    }),
  )

function rowOf({ layout }: Table, id: string, areNull: boolean) {
  const fields = layout.fields.map(({ type, nullable }) => (nullable && areNull ? null : VALUES[type]))
  return { tenant: 't', id, document: '{}', fields, hash: null }
}

/** What the server's catalogue says of a table, but for the order of its columns and their defaults. */
async function shapeOf({ run }: OddSession, { name }: Table) {
  const columns = await run(
    'SELECT attname, format_type(atttypid, atttypmod), attnotnull, attcollation::regcollation::text ' +
      'FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY 1',
    [name],
  )
  const indexes = await run(
    'SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = $1::regclass AND indisvalid ORDER BY 1',
    [name],
  )
  const triggers = await run(
    'SELECT pg_get_triggerdef(oid), tgenabled::text FROM pg_trigger WHERE tgrelid = $1::regclass ORDER BY 1',
    [name],
  )
  return { columns, indexes, triggers }
}

test('a table altered from form to form is as one made in its last form, and keeps its rows', async () => {
  await using session = await oddSession()
  const { dialect, run, use, transact } = session
  const property = fc.asyncProperty(
    fc.array(layout, { minLength: 2, maxLength: 5 }),
    async ([first, ...later]) => {
      if (first === undefined) return
      let table = await session.create(first)
      for (const [position, next] of later.entries()) {
        const before = table
        await use(insertRow(before), rowOf(before, `r${position}`, position % 2 === 0), STATE)
        table = tableOf(dialect, next)
        await transact(dialect.schema.change(table, before))
        const altered = await shapeOf(session, table)
        expect(await run(`SELECT count(*) FROM ${table.name}`)).toEqual([[String(position + 1)]])
        await run('BEGIN')
        await run(`DROP TABLE ${table.name}`)
        await session.create(next)
        expect(altered).toEqual(await shapeOf(session, table))
        await run('ROLLBACK')
      }
      await run(`DROP TABLE ${table.name}`)
    },
  )
  await fc.assert(property, { numRuns: 40 })
})

test('what a column held stays where its type does', async () => {
  await using session = await oddSession()
  const plain = { documentColumns: [], appendOnly: true, history: undefined, schemaVersion: 1 }
  const fields = [
    { name: 'kept', type: 'text', nullable: true },
    { name: 'turned', type: 'integer', nullable: false },
  ] as const
  const before = await session.create({ ...plain, name: 'moving', fields, indexes: [] })
  await session.use(insertRow(before), { ...rowOf(before, 'a', false), fields: ['x', 4] }, STATE)
  await session.use(insertRow(before), { ...rowOf(before, 'b', false), fields: [null, 4] }, STATE)
  const table = tableOf(session.dialect, {
    ...before.layout,
    fields: [
      { name: 'kept', type: 'text', nullable: false },
      { name: 'turned', type: 'text', nullable: false },
      { name: 'added', type: 'texts', nullable: false },
    ],
  })
  await session.transact(session.dialect.schema.change(table, before))
  expect(await session.run(`SELECT "kept", "turned", "added" FROM ${table.name} ORDER BY "_id"`)).toEqual([
    ['x', '', '{}'],
    ['', '', '{}'],
  ])
  // A release that does not know the new field goes on writing.
  const old = tableOf(session.dialect, { ...before.layout, fields: fields.slice(0, 1) })
  await session.use(insertRow(old), { ...rowOf(old, 'c', false), fields: ['y'] }, STATE)
})

test('an append-only table refuses changes by everybody, but those of Coffer itself', async () => {
  await using session = await oddSession('superuser')
  const layout: Layout = {
    name: 'audit',
    fields: [{ name: 'a', type: 'text', nullable: false }],
    indexes: [],
    documentColumns: [],
    appendOnly: true,
    history: undefined,
    schemaVersion: 1,
  }
  const table = await session.create(layout)
  const { suspend, resume } = schemaOf(table).guards
  const row = { ...rowOf(table, 'i', false), version: 1 }
  await session.use(insertRow(table), row, STATE)
  const refused = async () => {
    const upsert = `ON CONFLICT ("_tenant", "_id") DO UPDATE SET "a" = 'y'`
    for (const change of [
      `UPDATE ${table.name} SET "a" = 'y'`,
      `DELETE FROM ${table.name}`,
      `TRUNCATE ${table.name}`,
      `INSERT INTO ${table.name} SELECT * FROM ${table.name} ${upsert}`,
    ]) {
      await expect(session.run(change)).rejects.toMatchObject({
        code: '0A000',
        message: 'coffer: rows of this table may be added, never changed or removed',
      })
    }
  }
  await refused()
  // Ordinary triggers don't fire for who replays a log.
  await session.run('SET session_replication_role = replica')
  await refused()
  await session.run('BEGIN')
  for (const statement of suspend) await session.run(statement)
  await session.use(reindexRow(table), { ...row, fields: ['rewritten'] })
  for (const statement of resume) await session.run(statement)
  await session.run('COMMIT')
  await refused()
  expect(await session.run(`SELECT "a" FROM ${table.name}`)).toEqual([['rewritten']])
})

test('a floor that is high enough is not touched', async () => {
  await using session = await oddSession()
  const { objects, raiseFloor, readFloor } = ownTables(session.dialect, '')
  for (const object of objects) await session.run(object.create)
  const floors = session.dialect.qualify('_coffer_floors')
  const raise = (version: number) => session.use(raiseFloor, 'notes', 't', version)
  // `xmax` tells that a row was locked, `xmin` that it was written.
  const marks = () => session.run(`SELECT xmin::text, xmax::text, version FROM ${floors}`)
  await raise(5)
  const before = await marks()
  await raise(5)
  await raise(3)
  expect(await marks()).toEqual(before)
  await raise(9)
  expect(await session.use(readFloor, 'notes', 't')).toEqual([['9']])
})
