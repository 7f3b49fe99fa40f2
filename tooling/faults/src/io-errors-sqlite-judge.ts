/** Holds what a process on a failing disk has said against the promises, and against what is there afterwards. */

import type { FaultyCall, FaultyRecord, FaultyWord } from './io-errors-sqlite-protocol.ts'
import { isRecordOf } from './io-errors-sqlite-protocol.ts'

/** What a failing disk may make of a call. All but the first say that nothing was changed. */
const UNKNOWN = 'OUTCOME_UNKNOWN'
const REFUSALS: readonly string[] = ['UNAVAILABLE', 'NO_SPACE']

/** What came of one process. */
export interface FaultyCourse {
  readonly acknowledged: number
  readonly refused: number
  readonly unknown: number
  readonly problems: readonly string[]
}

/** Judges what was said, call by call. */
export function judgeWords(words: readonly FaultyWord[]): FaultyCourse {
  const course = { acknowledged: 0, refused: 0, unknown: 0, problems: [] as string[] }
  /** Whether a call has failed after which nothing may succeed until the store is opened again. */
  let isOver = false
  for (const [index, word] of words.entries()) {
    if (word.type === 'closed') isOver = false
    if (word.type === 'done') {
      course.acknowledged++
      if (isOver) course.problems.push(`went on after a failure that is final: ${described(word.call)}`)
    }
    if (word.type === 'not opened') course.problems.push(...wrongCode('opening', word))
    if (word.type !== 'failed') continue
    const isUnknown = word.code === UNKNOWN
    // Those who shared a batch share its outcome, and are told one after the other.
    if (isOver && isUnknown && !isUnknownWord(words[index - 1])) {
      course.problems.push(`tried to write after a failure that is final: ${described(word.call)}`)
    }
    if (isUnknown) {
      course.unknown++
      isOver = true
    } else {
      course.refused++
      course.problems.push(...wrongCode(described(word.call), word))
    }
  }
  return course
}

function isUnknownWord(word: FaultyWord | undefined): boolean {
  return word?.type === 'failed' && word.code === UNKNOWN
}

function wrongCode(what: string, { code, message }: { code: string; message: string }): readonly string[] {
  return REFUSALS.includes(code) ? [] : [`${what} failed with the wrong error: ${message}`]
}

/** Judges what is there when all is over. */
export function judgeRecords(
  words: readonly FaultyWord[],
  found: readonly FaultyRecord[],
): readonly string[] {
  const there = new Map(found.map((record) => [record.id, record]))
  const problems = found.flatMap((record) =>
    isRecordOf(record.id, record) ? [] : [`${record.id} is not what was stored`],
  )
  const last = new Map<string, { readonly exists: boolean; readonly call: FaultyCall }>()
  for (const word of words) {
    if (word.type === 'done') {
      for (const id of word.call.puts) last.set(id, { exists: true, call: word.call })
      for (const id of word.call.deletes) last.set(id, { exists: false, call: word.call })
    } else if (word.type === 'failed' && word.code !== UNKNOWN) {
      for (const id of word.call.puts) last.set(id, { exists: false, call: word.call })
    } else if (word.type === 'failed') {
      for (const id of [...word.call.puts, ...word.call.deletes]) last.delete(id)
      const count = word.call.puts.filter((id) => there.has(id)).length
      if (count !== 0 && count !== word.call.puts.length) {
        problems.push(`there in part: ${described(word.call)}`)
      }
    }
  }
  for (const [id, { exists, call }] of last) {
    if (there.has(id) === exists) continue
    problems.push(
      exists
        ? `lost, of an acknowledged ${described(call)}: ${id}`
        : `there, after ${described(call)}: ${id}`,
    )
  }
  return problems
}

function described({ puts, deletes }: FaultyCall): string {
  if (puts.length > 0) return `put of ${puts.join(' and ')}`
  return deletes.length > 0 ? `removal of ${deletes.join(' and ')}` : 'read'
}
