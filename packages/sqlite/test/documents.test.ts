/** Pages of documents: the same answer as pages of rows, with less to read. */

import type { Query } from '@coffer/core/backend'
import { expect, test } from 'vitest'
import { AT, group, NOTES, put } from './layouts.ts'
import { opened, rawConnection, temporaryPath } from './places.ts'

const query: Query = {
  tenant: put('a').tenant,
  where: undefined,
  order: [{ field: -1, direction: 'desc' }],
  after: undefined,
  offset: 0,
  limit: 2,
  visibility: 'live',
  withFields: false,
}

test('documents come in the order of the rows, and say whether there are more', async () => {
  const backend = await opened({ path: temporaryPath() })
  await backend.write([group(put('a'), put('b'), put('c'))], AT)
  const rows = await backend.query(NOTES, query, AT)
  expect(await backend.documents?.(NOTES, query, AT)).toEqual({
    documents: rows.rows.map(({ document, schemaVersion }) => ({ document, schemaVersion })),
    more: true,
  })
  expect(await backend.documents?.(NOTES, { ...query, limit: 3 }, AT)).toMatchObject({ more: false })
})

test('a document of another version of the schema comes with that version', async () => {
  const path = temporaryPath()
  const backend = await opened({ path })
  await backend.write([group(put('a', { document: '{"id":"a"}' }), put('b', { document: '{"id":"b"}' }))], AT)
  rawConnection(path).exec(`UPDATE notes SET _schema_version = 12 WHERE _id = 'b'`)
  expect(await backend.documents?.(NOTES, query, AT)).toEqual({
    documents: [
      { document: '{"id":"b"}', schemaVersion: 12 },
      { document: '{"id":"a"}', schemaVersion: NOTES.schemaVersion },
    ],
    more: false,
  })
})
