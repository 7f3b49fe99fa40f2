import { expect, test } from 'vitest'
import { historyLayout, type Layout, refuseOlderDefinitions } from '../src/backend.ts'

const held: Layout = {
  name: 'notes',
  fields: [],
  indexes: [],
  documentColumns: [],
  appendOnly: false,
  history: undefined,
  schemaVersion: 2,
}
const place = new Map([held, historyLayout('notes', 2)].map((layout) => [layout.name, layout]))
const open = (...wanted: readonly Layout[]) =>
  refuseOlderDefinitions('rocks', wanted, (name) => place.get(name))

test('a lower version than the held one is refused, with both and what to do', () => {
  expect(() => open({ ...held, schemaVersion: 1 })).toThrow(
    expect.objectContaining({
      code: 'UNSUPPORTED',
      backend: 'rocks',
      collection: 'notes',
      message:
        'notes was written by version 2 of its definition, and this program has version 1: use the newer release',
    }),
  )
})

test('a history is refused in the name of its collection', () => {
  const history = historyLayout('notes', 1)
  expect(() => open({ ...held, schemaVersion: 1, history }, history)).toThrow(/^notes was/)
})

test.each<[string, Layout]>([
  ['the held version', held],
  ['the held version in another form', { ...held, documentColumns: ['title'] }],
  ['a higher version', { ...held, schemaVersion: 3 }],
  ['what is not held', { ...held, name: 'others', schemaVersion: 1 }],
])('%s is let in', (_title, wanted) => {
  expect(() => open(wanted)).not.toThrow()
})
