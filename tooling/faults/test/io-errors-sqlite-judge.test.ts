/** What the judge of I/O errors on SQLite finds wrong, and what it lets pass. */

import { expect, test } from 'vitest'
import { judgeRecords, judgeWords } from '../src/io-errors-sqlite-judge.ts'
import {
  type FaultyCall,
  type FaultyWord,
  faultyRecord,
  largeRecord,
} from '../src/io-errors-sqlite-protocol.ts'

const puts = (...ids: readonly string[]): FaultyCall => ({ puts: ids, deletes: [] })
const deletes = (...ids: readonly string[]): FaultyCall => ({ puts: [], deletes: ids })
const done = (call: FaultyCall): FaultyWord => ({ type: 'done', call })
const failed = (call: FaultyCall, code: string): FaultyWord => ({
  type: 'failed',
  call,
  code,
  message: `${code}: a message`,
})
const closed: FaultyWord = { type: 'closed' }

test('a course in order has no problems', () => {
  const words = [
    done(puts('a')),
    failed(puts('b'), 'OUTCOME_UNKNOWN'),
    failed(puts('c'), 'OUTCOME_UNKNOWN'),
    failed(puts(), 'UNAVAILABLE'),
    closed,
    done(puts('d')),
    failed(puts('e'), 'NO_SPACE'),
    done(puts('f')),
  ]
  expect(judgeWords(words)).toEqual({ acknowledged: 3, refused: 2, unknown: 2, problems: [] })
})

test('who goes on after an unknown outcome is caught', () => {
  const unknown = failed(puts('b'), 'OUTCOME_UNKNOWN')
  expect(judgeWords([unknown, done(puts())]).problems).toEqual([
    'went on after a failure that is final: read',
  ])
  expect(judgeWords([unknown, failed(puts('c'), 'UNAVAILABLE'), unknown]).problems).toEqual([
    'tried to write after a failure that is final: put of b',
  ])
})

test('an error of the wrong kind is caught', () => {
  expect(judgeWords([failed(deletes('a'), 'INTERNAL')]).problems).toEqual([
    'removal of a failed with the wrong error: INTERNAL: a message',
  ])
  expect(judgeWords([{ type: 'not opened', code: 'CORRUPT', message: 'a message' }]).problems).toHaveLength(1)
})

test('records that are as they were told have no problems', () => {
  const words = [
    done(puts('r1', 'r2')),
    done(deletes('r1')),
    failed(puts('r4', 'r5'), 'OUTCOME_UNKNOWN'),
    failed(puts('r7'), 'NO_SPACE'),
  ]
  expect(judgeRecords(words, [faultyRecord('r2')])).toEqual([])
  expect(judgeRecords(words, ['r2', 'r4', 'r5'].map(faultyRecord))).toEqual([])
  expect(judgeRecords([done(puts('r3'))], [largeRecord('r3')])).toEqual([])
})

test('what is lost, there in part, there though refused or changed is caught', () => {
  expect(judgeRecords([done(puts('r1'))], [])).toEqual(['lost, of an acknowledged put of r1: r1'])
  expect(judgeRecords([done(puts('r1')), done(deletes('r1'))], [faultyRecord('r1')])).toHaveLength(1)
  expect(judgeRecords([failed(puts('r1', 'r2'), 'OUTCOME_UNKNOWN')], [faultyRecord('r2')])).toEqual([
    'there in part: put of r1 and r2',
  ])
  expect(judgeRecords([failed(puts('r1'), 'UNAVAILABLE')], [faultyRecord('r1')])).toHaveLength(1)
  expect(judgeRecords([done(puts('r1'))], [{ id: 'r1', text: 'another' }])).toEqual([
    'r1 is not what was stored',
  ])
})
