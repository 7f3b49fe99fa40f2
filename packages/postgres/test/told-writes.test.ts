/** Every way to write, and what another backend on the same schema hears of it. */

import {
  type Backend,
  type Condition,
  historyLayout,
  type Layout,
  type Operation,
  type PostgresOptions,
} from '@coffer/core/backend'
import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { again, nameOf, note, pairOn, write } from './ear.ts'
import { AT, AUDIT, entry, group, NOTES, put } from './layouts.ts'
import { fileDatabase } from './places.ts'

const database = fileDatabase()

const PAST = historyLayout('kept', 1)
const KEPT: Layout = { ...NOTES, name: 'kept', history: PAST }

const remove = (
  id: string,
  mode: 'soft' | 'hard' | 'erase',
  condition: Condition = { type: 'none' },
): Operation => ({ type: 'delete', layout: NOTES, tenant: 't', id, mode, condition })
const insert = (id: string) => put(id, { condition: { type: 'absent' } })
const update = (id: string) => put(id, { condition: { type: 'present' } })
const restore = (id: string): Operation => ({ type: 'restore', layout: NOTES, tenant: 't', id })

interface Way {
  readonly title: string
  readonly before?: readonly Operation[]
  readonly run: (writer: Backend) => Promise<unknown>
  readonly heard: readonly string[]
}

const WAYS: readonly Way[] = [
  { title: 'a put', run: (to) => write(to, group(put('a'))), heard: [note('a')] },
  { title: 'an insert', run: (to) => write(to, group(insert('a'))), heard: [note('a')] },
  {
    title: 'an insert that is refused',
    before: [put('a')],
    run: (to) => write(to, group(insert('a'))),
    heard: [],
  },
  { title: 'an update', before: [put('a')], run: (to) => write(to, group(update('a'))), heard: [note('a')] },
  { title: 'an update that is refused', run: (to) => write(to, group(update('a'))), heard: [] },
  {
    title: 'a put with a history',
    run: (to) => write(to, group(put('a', { layout: KEPT }))),
    heard: [nameOf({ layout: 'kept', tenant: 't', id: 'a' })],
  },
  {
    title: 'a put that keeps the deadline',
    run: (to) => write(to, group(put('a', { expiresAt: 'keep' }))),
    heard: [note('a')],
  },
  {
    title: 'puts of several layouts and tenants at once',
    run: (to) => write(to, group(put('a')), group(put('b', { tenant: 'u' })), group(entry('c'))),
    heard: [note('a'), note('b', 'u'), nameOf({ layout: 'audit', tenant: 't', id: 'c' })],
  },
  {
    title: 'a group that is refused, beside one that is not',
    before: [put('there')],
    run: (to) => write(to, group(put('a'), insert('there')), group(put('b'), insert('c'))),
    heard: [note('b'), note('c')],
  },
  {
    title: 'a group that a check refuses',
    run: (to) =>
      write(to, {
        operations: [put('a')],
        checks: [{ type: 'live', layout: NOTES, tenant: 't', id: 'nobody' }],
      }),
    heard: [],
  },
  ...(['soft', 'hard', 'erase'] as const).map(
    (mode): Way => ({
      title: `a removal, ${mode}`,
      before: [put('a')],
      run: (to) => write(to, group(remove('a', mode))),
      heard: [note('a')],
    }),
  ),
  {
    title: 'a removal of what must not be there',
    run: (to) => write(to, group(remove('a', 'hard', { type: 'absent' }))),
    heard: [note('a')],
  },
  {
    title: 'a restoration',
    before: [put('a'), remove('a', 'soft')],
    run: (to) => write(to, group(restore('a'))),
    heard: [note('a')],
  },
  {
    title: 'a transaction',
    run: (to) =>
      again(() =>
        to.transaction(async (inside) => {
          await inside.write(group(put('a')), AT)
          await inside.write(group(put('b', { tenant: 'u' }), entry('c')), AT)
        }),
      ),
    heard: [note('a'), note('b', 'u'), nameOf({ layout: 'audit', tenant: 't', id: 'c' })],
  },
  {
    title: 'a transaction with a part that is undone',
    run: (to) =>
      again(() =>
        to.transaction(async (inside) => {
          await inside.write(group(put('a')), AT)
          const undone = inside.savepoint(async () => {
            await inside.write(group(put('b')), AT)
            throw new Error('undone')
          })
          await undone.catch(() => undefined)
          await inside.savepoint(() => inside.write(group(put('c')), AT))
          await inside.write(group(put('d'), update('nobody')), AT)
        }),
      ),
    heard: [note('a'), note('c')],
  },
  {
    title: 'a transaction that is undone',
    run: (to) =>
      to
        .transaction(async (inside) => {
          await inside.write(group(put('a')), AT)
          throw new Error('undone')
        })
        .catch(() => undefined),
    heard: [],
  },
  {
    title: 'a transaction that only reads',
    run: (to) => to.transaction((inside) => inside.read(NOTES, [{ tenant: 't', id: 'a' }])),
    heard: [],
  },
  {
    title: 'a sweep of what is past its deadline',
    before: [put('a', { expiresAt: AT - 1 }), put('b', { expiresAt: AT - 1, tenant: 'u' }), put('c')],
    run: (to) => to.sweep(NOTES, { type: 'expired', tenant: undefined }, 10, AT),
    heard: [note('a'), note('b', 'u')],
  },
  {
    title: 'a sweep of what was deleted',
    before: [put('a'), put('b'), remove('a', 'soft')],
    run: (to) => to.sweep(NOTES, { type: 'deleted', deletedBefore: AT, tenant: 't' }, 10, AT),
    heard: [note('a')],
  },
  {
    title: 'a sweep that finds nothing',
    run: (to) => to.sweep(NOTES, { type: 'expired', tenant: 't' }, 10, AT),
    heard: [],
  },
  {
    title: 'rows that are written anew',
    before: [put('a')],
    run: (to) => {
      const row = { tenant: 't', id: 'a', version: 1, document: '{}', fields: ['b', null, []], hash: null }
      return to.reindex(NOTES, [row], true)
    },
    heard: [note('a')],
  },
]

const STORES: Readonly<Record<string, () => Promise<PostgresOptions>>> = {
  'a pool of its own': async () => ({}),
  'one connection': async () => ({ max: 1 }),
  'row-level security': async () => ({ rowLevelSecurity: true }),
  'a pooler': async () => ({ pooler: 'transaction' }),
  'a lent pool': async () => {
    const pool = new pg.Pool({ connectionString: (await database()).url, max: 2 })
    onTestFinished(() => pool.end())
    return { pool }
  },
}

describe.each(Object.entries(STORES))(
  'a store with %s tells the keys that it changed, and no others',
  (_, options) => {
    test.each(WAYS)('$title', async ({ before = [], run, heard }) => {
      const { writer, ear } = await pairOn(await database(), [NOTES, AUDIT, KEPT, PAST], await options())
      for (const operation of before) await write(writer, group(operation))
      await ear.heard(writer)
      await run(writer)
      const told = await ear.heard(writer)
      expect([...new Set(told)].sort()).toEqual([...heard].sort())
      expect(told).toHaveLength(heard.length)
    })
  },
)
