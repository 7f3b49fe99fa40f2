import { describe, expect, it } from 'vitest'
import { compare, type Sight } from '../src/crash-model-comparison.ts'
import { type Effect, type Expectation, Ledger, NO_RECEIPT, type Write } from '../src/crash-model-ledger.ts'

const NOW = 1_000

const note = (text: string) => ({ content: { author: 'ada', text } })

/** A store that shows the notes with their versions, and the events of a stream in their order. */
function sightOf(
  notes: Record<string, [text: string, version: number]>,
  days: readonly string[] = [],
): Sight {
  const places: Sight['places'] = new Map(
    Object.entries(notes).map(([id, [text, version]]) => [
      `notes/${id}`,
      { record: { id, author: 'ada', text, form: 1 }, version },
    ]),
  )
  const told = new Map([['days', new Map(days.map((event, index) => [index + 1, event]))]])
  return { places, told, flaws: [] }
}

/** One acknowledged note, and one acknowledged entry. */
function expectation(open: readonly Write[] = []): Expectation {
  const certain = new Ledger()
  certain.add({
    effect: { places: new Map([['notes/a', note('one')]]), told: [{ stream: 'days', event: 'dawn' }] },
    receipt: { versions: new Map([['notes/a', 3]]), sequences: new Map([['dawn', 1]]) },
  })
  return { certain, open, now: NOW, form: 1 }
}

function writeOf(effect: Effect): Write {
  const answer = { begunAt: 0, answeredAt: Number.POSITIVE_INFINITY, outcome: 'unknown' } as const
  return { label: 'a write', effect, ...answer, receipt: NO_RECEIPT }
}

/** Two notes and an entry, in flight. */
const both = writeOf({
  places: new Map([
    ['notes/a', note('two')],
    ['notes/b', note('new')],
  ]),
  told: [{ stream: 'days', event: 'noon' }],
})

describe('the comparison of a recovered store with what was promised', () => {
  it('accepts what was acknowledged', () => {
    expect(compare(sightOf({ a: ['one', 3] }, ['dawn']), expectation())).toEqual([])
  })

  it.each<[flaw: string, sight: Sight]>([
    ['notes/a is lost', sightOf({}, ['dawn'])],
    ['notes/a has another value', sightOf({ a: ['other', 3] }, ['dawn'])],
    ['notes/a has version 4 instead of 3', sightOf({ a: ['one', 4] }, ['dawn'])],
    ['notes/b is there and has to be gone', sightOf({ a: ['one', 3], b: ['new', 1] }, ['dawn'])],
    ['entry 1 of days is lost', sightOf({ a: ['one', 3] })],
    [
      'entry 2 of days was never acknowledged, and refused or not written',
      sightOf({ a: ['one', 3] }, ['dawn', 'noon']),
    ],
  ])('tells that %s', (flaw, sight) => {
    expect(compare(sight, expectation())).toEqual([flaw])
  })

  it('accepts a write in flight whole or not at all', () => {
    expect(compare(sightOf({ a: ['one', 3] }, ['dawn']), expectation([both]))).toEqual([])
    expect(compare(sightOf({ a: ['two', 4], b: ['new', 1] }, ['dawn', 'noon']), expectation([both]))).toEqual(
      [],
    )
  })

  it.each<[what: string, sight: Sight]>([
    ['one record of two', sightOf({ a: ['two', 4] }, ['dawn', 'noon'])],
    ['records without the entry', sightOf({ a: ['two', 4], b: ['new', 1] }, ['dawn'])],
    ['the entry alone', sightOf({ a: ['one', 3] }, ['dawn', 'noon'])],
    ['a version that was there before', sightOf({ a: ['two', 3], b: ['new', 1] }, ['dawn', 'noon'])],
  ])('tells a write in flight that left %s', (_, sight) => {
    expect(compare(sight, expectation([both]))).toEqual([
      'the write that was not acknowledged is there in part, or wrongly: a write',
    ])
  })

  it('takes a record for gone from its deadline on', () => {
    const { certain, ...rest } = expectation()
    certain.held.set('notes/a', { ...note('one'), version: 3, expiresAt: NOW })
    expect(compare(sightOf({}, ['dawn']), { certain, ...rest })).toEqual([])
    expect(compare(sightOf({}, ['dawn']), { certain, ...rest, now: NOW - 1 })).toEqual(['notes/a is lost'])
  })
})
