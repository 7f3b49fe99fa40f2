import { expect, test } from 'vitest'
import type { FieldLayout, HeldLayout, Layout } from '../src/backend.ts'
import { historyLayout } from '../src/history.ts'
import { layoutChanges, type RowCount, stepsOf, touchesRows, unknownLayouts } from '../src/migration-plan.ts'

const author: FieldLayout = { name: 'author', type: 'text', nullable: false }
const at: FieldLayout = { name: 'at', type: 'timestamp', nullable: true }
const notes: Layout = {
  name: 'notes',
  fields: [author, at],
  indexes: [[0], [0, 1]],
  documentColumns: ['body'],
  appendOnly: false,
  history: undefined,
  schemaVersion: 2,
}
const without = (field: FieldLayout, changed: Partial<FieldLayout>): FieldLayout => ({ ...field, ...changed })

const NO_ROWS: RowCount = { rows: 0, isEstimate: false }

/** What is said of the way from one form to another. */
function said(held: Layout | undefined, wanted: Layout, count = NO_ROWS, stale = false): string[] {
  const [change] = layoutChanges(held === undefined ? [] : [{ layout: held, stale }], [wanted])
  if (change === undefined) throw new Error('a layout that is wanted was passed over')
  return stepsOf(change, count).map(({ change, says }) => `${change}: ${says}`)
}

test.each<[string, Layout | undefined, Layout, string[]]>([
  ['the same form', notes, notes, []],
  ['nothing there', undefined, notes, ['create: makes the collection with 2 fields and 2 indexes']],
  [
    'an append-only one that is not there',
    undefined,
    { ...notes, fields: [author], indexes: [[0]], appendOnly: true },
    ['create: makes the append-only collection with 1 field and 1 index'],
  ],
  [
    'a field more',
    notes,
    { ...notes, fields: [author, at, { name: 'status', type: 'text', nullable: true }] },
    ['add-field: adds the field status (text)'],
  ],
  [
    'a field that is taken from elsewhere',
    notes,
    {
      ...notes,
      fields: [author, at, { name: 'task', type: 'text', nullable: true, source: ['source.task_id'] }],
    },
    ['add-field: adds the field task (text), taken from source.task_id'],
  ],
  [
    'a field of words',
    notes,
    {
      ...notes,
      fields: [
        author,
        at,
        { name: 'found', type: 'texts', nullable: true, source: ['words 1', 'title', 'body'] },
      ],
    },
    ['add-field: adds the field found, the words of title and body'],
  ],
  [
    'a field less, with its indexes',
    notes,
    { ...notes, fields: [at], indexes: [] },
    [
      'drop-field: drops the field author',
      'drop-index: drops the index (author)',
      'drop-index: drops the index (author, at)',
    ],
  ],
  [
    'fields in another order',
    notes,
    { ...notes, fields: [at, author], indexes: [[1], [1, 0]] },
    ['change-field: puts the fields into another order'],
  ],
  [
    'a field of another type',
    notes,
    { ...notes, fields: [author, without(at, { type: 'integer' })] },
    ['change-field: changes the field at: from timestamp to integer'],
  ],
  [
    'a field that may be absent',
    notes,
    { ...notes, fields: [without(author, { nullable: true }), at] },
    ['change-field: changes the field author: it may be absent from now on'],
  ],
  [
    'a field that every record must have',
    notes,
    { ...notes, fields: [author, without(at, { nullable: false })] },
    ['change-field: changes the field at: every record must have it from now on'],
  ],
  [
    'a field that is taken from another place',
    notes,
    { ...notes, fields: [without(author, { source: ['by.name'] }), at] },
    ['change-field: changes the field author: now by.name instead of author'],
  ],
  [
    'another edition of the rules for words',
    { ...notes, fields: [author, without(at, { source: ['words 1', 'body'] })] },
    { ...notes, fields: [author, without(at, { source: ['words 2', 'body'] })] },
    ['change-field: changes the field at: the words of body by newer rules'],
  ],
  ['an index more', { ...notes, indexes: [[0]] }, notes, ['add-index: builds the index (author, at)']],
  [
    'indexes in another order',
    notes,
    { ...notes, indexes: [[0, 1], [0]] },
    ['change-columns: notes its indexes in another order'],
  ],
  [
    'other columns',
    notes,
    { ...notes, documentColumns: ['title', 'text'] },
    ['change-columns: shows title and text in SQL and no longer shows body in SQL'],
  ],
  [
    'append-only from now on',
    notes,
    { ...notes, appendOnly: true },
    ['append-only: refuses changes and removals of its records from now on'],
  ],
  [
    'append-only no more',
    { ...notes, appendOnly: true },
    notes,
    ['append-only: allows changes and removals of its records from now on'],
  ],
  [
    'a newer version',
    notes,
    { ...notes, schemaVersion: 4 },
    ['raise-version: raises the version from 2 to 4'],
  ],
  [
    'an older version, whatever else is different',
    notes,
    { ...notes, schemaVersion: 1, fields: [] },
    [
      'refused: was written by version 2 of its definition, and this program has version 1: use the newer release',
    ],
  ],
])('the steps to %s', (_name, held, wanted, steps) => {
  expect(said(held, wanted)).toEqual(steps)
})

test.each<[string, Layout, number | undefined, boolean, string]>([
  ['a newer version', { ...notes, schemaVersion: 3 }, 1_234, false, 'rewrites 1,234 records for version 3'],
  [
    'other fields',
    { ...notes, fields: [author], indexes: [[0]] },
    1,
    false,
    'rewrites 1 record for the changed fields',
  ],
  [
    'rows that nobody has counted',
    { ...notes, schemaVersion: 3 },
    undefined,
    false,
    'rewrites its records for version 3',
  ],
  [
    'a rewriting that did not end',
    notes,
    5,
    true,
    'goes on rewriting 5 records, which was begun and not finished',
  ],
])('records are rewritten for %s', (_name, wanted, rows, stale, says) => {
  expect(said(notes, wanted, { rows, isEstimate: false }, stale).at(-1)).toBe(`rewrite: ${says}`)
})

test('an estimate is told as one, and the number stands beside it', () => {
  const [change] = layoutChanges([{ layout: notes, stale: true }], [notes])
  const steps = change && stepsOf(change, { rows: 1_000_000, isEstimate: true })
  expect(steps).toEqual([
    {
      collection: 'notes',
      change: 'rewrite',
      says: 'goes on rewriting about 1,000,000 records, which was begun and not finished',
      rows: 1_000_000,
    },
  ])
})

test('records stay as they are for another index, and where there are none', () => {
  expect(said(notes, { ...notes, indexes: [[0]] }, { rows: 5, isEstimate: false })).toEqual([
    'drop-index: drops the index (author, at)',
  ])
  expect(said(notes, { ...notes, fields: [author], indexes: [[0]] }, NO_ROWS)).not.toContainEqual(
    expect.stringMatching(/^rewrite/),
  )
})

test('a history follows its collection, and its rows are never rewritten', () => {
  const held: HeldLayout[] = [
    { layout: notes, stale: false },
    { layout: historyLayout('notes', 2), stale: false },
  ]
  const history = historyLayout('notes', 3)
  const [, newer] = layoutChanges(held, [{ ...notes, schemaVersion: 3, history }, history])
  expect(newer && touchesRows(newer)).toBe(false)
  expect(newer && stepsOf(newer, { rows: 9, isEstimate: false }).map(({ change }) => change)).toEqual([
    'raise-version',
  ])
  const older = historyLayout('notes', 1)
  const [, refused] = layoutChanges(held, [{ ...notes, schemaVersion: 1, history: older }, older])
  expect(refused && stepsOf(refused, { rows: 9, isEstimate: false })).toEqual([])
  const [, made] = layoutChanges([], [{ ...notes, history }, history])
  expect(made && stepsOf(made, { rows: 0, isEstimate: false })[0]?.says).toBe('makes the history of notes')
})

test('what no definition names is unknown, but for what Coffer keeps for itself', () => {
  const held = ['coffer_idempotency_keys', 'notes', 'old', 'old__history'].map((name) => ({
    layout: { ...notes, name },
    stale: false,
  }))
  expect(unknownLayouts(held, [notes])).toEqual(['old', 'old__history'])
})
