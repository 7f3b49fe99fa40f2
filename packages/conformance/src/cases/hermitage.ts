/**
 * X1: the anomalies of Hermitage (https://github.com/ept/hermitage), each as two or three transactions that
 * are interleaved as far as the engine lets them be. What is asserted is what some serial order explains, so
 * the cases hold for engines that let one writer in at a time, that make one wait, or that run one again.
 * One file because it is one published list, read from top to bottom.
 */

import assert from 'node:assert/strict'
import type { Case } from '../case.ts'
import {
  assertOneOf,
  count,
  find,
  giveUp,
  interleave,
  type Rows,
  raiseAll,
  read,
  type Seen,
  write,
} from './interleaving.ts'

/** X1: no anomaly that serializability excludes. */
export const hermitageCases: readonly Case[] = [
  {
    id: 'X1-g0',
    clause: 'X1',
    title: 'G0: two transactions that write the same two records do not mix',
    run: async (context) => {
      const { stored } = await interleave(context, [
        [0, write('1', 11)],
        [1, write('1', 12)],
        [0, write('2', 21)],
        [0],
        [1, write('2', 22)],
        [1],
      ])
      assertOneOf(stored, [
        { 1: 11, 2: 21 },
        { 1: 12, 2: 22 },
      ])
    },
  },
  {
    id: 'X1-g1a',
    clause: 'X1',
    title: 'G1a: what a transaction wrote that is undone is never read',
    run: async (context) => {
      const { seen, stored } = await interleave(context, [
        [0, write('1', 101)],
        [1, read('1', 'before')],
        [0, giveUp],
        [1, read('1', 'after')],
        [1],
      ])
      assert.deepEqual(seen, [undefined, { before: 10, after: 10 }])
      assert.deepEqual(stored, { 1: 10, 2: 20 })
    },
  },
  {
    id: 'X1-g1b',
    clause: 'X1',
    title: 'G1b: what a transaction wrote on the way is never read',
    run: async (context) => {
      const { seen } = await interleave(context, [
        [0, write('1', 101)],
        [1, read('1', 'before')],
        [0, write('1', 11)],
        [0],
        [1, read('1', 'after')],
        [1],
      ])
      assertOneOf(seen[1], [
        { before: 10, after: 10 },
        { before: 11, after: 11 },
      ])
    },
  },
  {
    id: 'X1-g1c',
    clause: 'X1',
    title: 'G1c: two transactions never both read what the other wrote, nor both what was there before',
    run: async (context) => {
      const { seen, stored } = await interleave(context, [
        [0, write('1', 11)],
        [1, write('2', 22)],
        [0, read('2')],
        [1, read('1')],
        [0],
        [1],
      ])
      assertOneOf(seen, [
        [{ 2: 20 }, { 1: 11 }],
        [{ 2: 22 }, { 1: 10 }],
      ])
      assert.deepEqual(stored, { 1: 11, 2: 22 })
    },
  },
  {
    id: 'X1-otv',
    clause: 'X1',
    title: 'OTV: what a transaction wrote does not vanish for one that has seen part of it',
    run: async (context) => {
      const { seen } = await interleave(context, [
        [0, write('1', 11)],
        [0, write('2', 19)],
        [1, write('1', 12)],
        [0],
        [2, read('1')],
        [1, write('2', 18)],
        [2, read('2')],
        [1],
        [2, read('2', 'again2')],
        [2, read('1', 'again1')],
        [2],
      ])
      assertOneOf(seen[2], [
        { 1: 10, 2: 20, again1: 10, again2: 20 },
        { 1: 11, 2: 19, again1: 11, again2: 19 },
        { 1: 12, 2: 18, again1: 12, again2: 18 },
      ])
    },
  },
  {
    id: 'X1-pmp',
    clause: 'X1',
    title: 'PMP: a query asked twice in one transaction finds the same',
    run: async (context) => {
      const { seen } = await interleave(context, [
        [0, find('before', 15)],
        [1, write('3', 30)],
        [1],
        [0, find('after', 15)],
        [0],
      ])
      assertOneOf(seen[0], [
        { before: ['2'], after: ['2'] },
        { before: ['2', '3'], after: ['2', '3'] },
      ])
    },
  },
  {
    id: 'X1-pmp-write',
    clause: 'X1',
    title: 'PMP: a deletion by a filter takes what the filter means when it commits',
    run: async (context) => {
      const { stored } = await interleave(context, [
        [0, raiseAll],
        [1, (rows) => rows.deleteMany({ value: 20 })],
        [0],
        [1],
      ])
      assertOneOf(stored, [{ 2: 30 }, { 1: 20 }])
    },
  },
  {
    id: 'X1-p4',
    clause: 'X1',
    title: 'P4: two transactions that read and then write one record lose no update',
    run: async (context) => {
      const increment = async (rows: Rows, seen: Seen) =>
        rows.put({ id: '1', value: (seen[1] as number) + 1 })
      const { stored } = await interleave(context, [
        [0, read('1')],
        [1, read('1')],
        [0, increment],
        [1, increment],
        [0],
        [1],
      ])
      assert.equal(stored[1], 12)
    },
  },
  {
    id: 'X1-p4-bare-write',
    clause: 'X1',
    title: 'P4: nor do they when the write is blind to the version',
    run: async (context) => {
      const { seen, stored } = await interleave(context, [
        [0, read('1')],
        [1, read('1')],
        [0, write('1', 11)],
        [0],
        [1, write('1', 12)],
        [1],
      ])
      assertOneOf(
        [seen, stored[1]],
        [
          [[{ 1: 10 }, { 1: 11 }], 12],
          [[{ 1: 12 }, { 1: 10 }], 11],
        ],
      )
    },
  },
  {
    id: 'X1-g-single',
    clause: 'X1',
    title: 'G-single: a transaction sees another wholly or not at all',
    run: async (context) => {
      const { seen } = await interleave(context, [
        [0, read('1')],
        [1, write('1', 12)],
        [1, write('2', 18)],
        [1],
        [0, read('2')],
        [0],
      ])
      assertOneOf(seen[0], [
        { 1: 10, 2: 20 },
        { 1: 12, 2: 18 },
      ])
    },
  },
  {
    id: 'X1-g-single-predicate',
    clause: 'X1',
    title: 'G-single: nor partly when it asks a query first and a key later',
    run: async (context) => {
      const { seen } = await interleave(context, [
        [0, find('low', 12)],
        [1, write('1', 12)],
        [1, write('2', 18)],
        [1],
        [0, read('2')],
        [0],
      ])
      assertOneOf(seen[0], [
        { low: ['2'], 2: 20 },
        { low: ['1', '2'], 2: 18 },
      ])
    },
  },
  {
    id: 'X1-g2-item',
    clause: 'X1',
    title:
      'G2-item: two transactions that read both records and write one each do not both see the old state',
    run: async (context) => {
      const { seen, stored } = await interleave(context, [
        [0, read('1')],
        [0, read('2')],
        [1, read('1')],
        [1, read('2')],
        [0, write('1', 11)],
        [1, write('2', 21)],
        [0],
        [1],
      ])
      assertOneOf(seen, [
        [
          { 1: 10, 2: 20 },
          { 1: 11, 2: 20 },
        ],
        [
          { 1: 10, 2: 21 },
          { 1: 10, 2: 20 },
        ],
      ])
      assert.deepEqual(stored, { 1: 11, 2: 21 })
    },
  },
  ...(
    [
      ['find', find, [], ['3']],
      ['count', count, 0, 1],
    ] as const
  ).map(
    ([word, ask, none, one]): Case => ({
      id: `X1-g2-${word}`,
      clause: 'X1',
      title: `G2: two transactions that ask ${word} for the same records and then add one do not both find none`,
      run: async (context) => {
        const { seen, stored } = await interleave(context, [
          [0, ask('found', 25)],
          [1, ask('found', 25)],
          [0, write('3', 30)],
          [1, write('4', 42)],
          [0],
          [1],
        ])
        const other = word === 'find' ? ['4'] : one
        assertOneOf(seen, [
          [{ found: none }, { found: one }],
          [{ found: other }, { found: none }],
        ])
        assert.deepEqual(stored, { 1: 10, 2: 20, 3: 30, 4: 42 })
      },
    }),
  ),
  {
    id: 'X1-g2-missing-key',
    clause: 'X1',
    title: 'G2: two transactions that look for a key and insert another do not both miss the other’s',
    run: async (context) => {
      const { seen } = await interleave(context, [
        [0, read('4')],
        [1, read('3')],
        [0, write('3', 30)],
        [1, write('4', 42)],
        [0],
        [1],
      ])
      assertOneOf(seen, [
        [{ 4: undefined }, { 3: 30 }],
        [{ 4: 42 }, { 3: undefined }],
      ])
    },
  },
  {
    id: 'X1-g2-two-edges',
    clause: 'X1',
    title: 'G2: one that only reads does not see the second of two while the first still reads the old state',
    run: async (context) => {
      const { seen } = await interleave(context, [
        [0, read('1')],
        [0, read('2')],
        [1, (rows) => rows.update('2', (row) => ({ ...row, value: row.value + 5 }))],
        [1],
        [2, read('1')],
        [2, read('2')],
        [2],
        [0, write('1', 0)],
        [0],
      ])
      const [first, , reader] = seen
      const sawOld = (first as Seen)[2] === 20
      const readerBetween = (reader as Seen)[1] === 10 && (reader as Seen)[2] === 25
      assert.equal(sawOld && readerBetween, false, JSON.stringify(seen))
    },
  },
]
