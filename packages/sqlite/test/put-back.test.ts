/** What somebody has dropped around a table is there again after the next opening. */

import { expect, test } from 'vitest'
import { AT, group, HISTORY_OF_NOTES, NOTES, put } from './layouts.ts'
import { opened, rawConnection, temporaryPath } from './places.ts'

const LAYOUTS = [NOTES, { ...HISTORY_OF_NOTES, name: 'entries', appendOnly: true }]
const SCHEMA = 'SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2'

test.each([
  'DROP INDEX "notes$$author"',
  'DROP INDEX "notes$$_expires_at"',
  'DROP TRIGGER "entries$$$append$delete"',
  'DROP TRIGGER "entries$$$append$insert"; DROP TRIGGER "entries$$$append$update"',
  'DROP TABLE "notes$tags"',
  'DROP TRIGGER "notes$$$texts$tags$update"; DELETE FROM "notes$tags"',
])('after %s', async (statements) => {
  const path = temporaryPath()
  const before = await opened({ path }, LAYOUTS)
  await before.write([group(put('a', { fields: ['ann', null, ['x', 'y']] }))], AT)
  await before.close()
  const database = rawConnection(path)
  const schema = database.prepare(SCHEMA).all()
  database.exec(statements)
  const backend = await opened({ path }, LAYOUTS)
  expect(database.prepare(SCHEMA).all()).toEqual(schema)
  expect(database.prepare('SELECT value FROM "notes$tags"').pluck().all()).toEqual(['x', 'y'])
  expect(await backend.check?.()).toEqual([])
})

test.each([{ readOnly: true }, { migrate: 'verify' }] as const)('it stays away with %j', async (options) => {
  const path = temporaryPath()
  await (await opened({ path }, LAYOUTS)).close()
  const database = rawConnection(path)
  database.exec('DROP INDEX "notes$$author"')
  const schema = database.prepare(SCHEMA).all()
  await opened({ path, ...options }, LAYOUTS)
  expect(database.prepare(SCHEMA).all()).toEqual(schema)
})
