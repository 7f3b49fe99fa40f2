/** The ways in which somebody who reaches around the store can tamper with a log. Pure functions on its rows. */

import { entryHash, GENESIS_HASH, type JsonObject, type LogDefinition, type LogHead } from '@coffer/core'

/** One row of a log's table. */
export interface EntryRow {
  readonly tenant: string
  readonly id: string
  readonly document: JsonObject
  /** All that the engine keeps beside, as it keeps it; the place brings it in line with the rest. */
  readonly kept: unknown
}

/** What a log's table holds after somebody was there. */
export interface Tampered {
  readonly rows: readonly EntryRow[]
  /** The end of the chain as the store keeps it, where that was changed too. */
  readonly head?: LogHead
}

/** A log, and where it is looked at. */
export interface ChainPlace {
  readonly log: LogDefinition
  readonly stream: string
  /** A member of every entry that is plain text. */
  readonly edited: string
}

/** One way of tampering, at a position of the rows, from 0. */
export interface Tampering {
  readonly name: string
  /** Whether nothing in the store can show it: only a head that was kept elsewhere does. */
  readonly needsKeptHead: boolean
  readonly apply: (rows: readonly EntryRow[], position: number, place: ChainPlace) => Tampered
}

const ANOTHER_TENANT = 'another tenant'

export const tamperings: readonly Tampering[] = [
  shown('edit', (rows, at, place) => ({ rows: replaced(rows, at, edited(rowAt(rows, at), place)) })),
  shown('edit with its hash', (rows, at, place) => ({
    rows: replaced(rows, at, rehashed(edited(rowAt(rows, at), place), place)),
  })),
  shown('delete', (rows, at) => ({ rows: rows.toSpliced(at, 1) })),
  shown('insert', (rows, at, place) => ({
    rows: rows.toSpliced(at + 1, 0, follower(rowAt(rows, at), place, 1)),
  })),
  shown('swap', (rows, at, place) => ({ rows: swapped(rows, at, place, (row) => row) })),
  shown('swap with the hashes', (rows, at, place) => ({
    rows: swapped(rows, at, place, (row) => rehashed(row, place)),
  })),
  shown('duplicate', (rows, at) => {
    const row = rowAt(rows, at)
    return { rows: rows.toSpliced(at, 0, { ...row, id: `${row.id} again` }) }
  }),
  shown('fork', (rows, at, place) => ({
    rows: rows.toSpliced(at, 0, follower(rowAt(rows, at), place, 0)),
  })),
  shown('move to another tenant', (rows, at) => ({
    rows: replaced(rows, at, { ...rowAt(rows, at), tenant: ANOTHER_TENANT }),
  })),
  shown('cut', (rows, at) => ({ rows: rows.slice(0, at) })),
  hidden('cut with the head', (rows, at, place) => ({
    rows: rows.slice(0, at),
    head: headOf(rows[at - 1], place),
  })),
  hidden('write anew with the head', (rows, at, place) => {
    const anew: EntryRow[] = rows.slice(0, at)
    for (const row of rows.slice(at)) anew.push(chained(edited(row, place), anew.at(-1), place))
    return { rows: anew, head: headOf(anew.at(-1), place) }
  }),
]

function shown(name: string, apply: Tampering['apply']): Tampering {
  return { name, needsKeptHead: false, apply }
}

function hidden(name: string, apply: Tampering['apply']): Tampering {
  return { name, needsKeptHead: true, apply }
}

/** Whether a row fits its own hash, whatever stands around it: what a table with a hash a row can tell. */
export function fitsItself(row: EntryRow, place: ChainPlace): boolean {
  return row.document[place.log.chain.hash] === rehashed(row, place).document[place.log.chain.hash]
}

function rowAt(rows: readonly EntryRow[], position: number): EntryRow {
  const row = rows[position]
  if (row === undefined) throw new Error(`there is no row ${position}`)
  return row
}

function replaced(rows: readonly EntryRow[], position: number, row: EntryRow): readonly EntryRow[] {
  return rows.with(position, row)
}

function edited(row: EntryRow, { edited: member }: ChainPlace): EntryRow {
  return changed(row, { [member]: `${row.document[member]}, or not` })
}

function changed(row: EntryRow, members: JsonObject): EntryRow {
  return { ...row, document: { ...row.document, ...members } }
}

/** The row with the hash of what it says now. */
function rehashed(row: EntryRow, { log, stream }: ChainPlace): EntryRow {
  const { chain } = log
  const { [chain.hash]: _old, ...entry } = row.document
  const hash = entryHash({
    log: log.name,
    tenant: row.tenant,
    stream,
    sequence: Number(entry[chain.sequence]),
    previous: String(entry[chain.previous]),
    entry,
  })
  return changed(row, { [chain.hash]: hash })
}

/** The row as it would be behind another. */
function chained(row: EntryRow, before: EntryRow | undefined, place: ChainPlace): EntryRow {
  const { sequence, hash, previous } = place.log.chain
  const links =
    before === undefined
      ? {}
      : { [sequence]: Number(before.document[sequence]) + 1, [previous]: String(before.document[hash]) }
  return rehashed(changed(row, links), place)
}

/** Another entry, in itself in order: in the place behind a row, or in that of the row itself. */
function follower(row: EntryRow, place: ChainPlace, offset: 0 | 1): EntryRow {
  const { log } = place
  const id = `${row.id} forged`
  const other = edited(
    { ...row, id, document: { ...row.document, ...(log.key && { [log.key]: id }) } },
    place,
  )
  return offset === 1 ? chained(other, row, place) : rehashed(other, place)
}

/** Two neighbours that have changed places, and say so. */
function swapped(
  rows: readonly EntryRow[],
  position: number,
  { log: { chain } }: ChainPlace,
  finish: (row: EntryRow) => EntryRow,
): readonly EntryRow[] {
  const first = position === rows.length - 1 ? position - 1 : position
  const [left, right] = [rowAt(rows, first), rowAt(rows, first + 1)]
  const at = (row: EntryRow, other: EntryRow) =>
    finish(
      changed(row, {
        [chain.sequence]: other.document[chain.sequence] ?? null,
        [chain.previous]: other.document[chain.previous] ?? null,
      }),
    )
  return rows.with(first, at(right, left)).with(first + 1, at(left, right))
}

function headOf(row: EntryRow | undefined, { log: { chain } }: ChainPlace): LogHead {
  if (row === undefined) return { sequence: 0, hash: GENESIS_HASH }
  return { sequence: Number(row.document[chain.sequence]), hash: String(row.document[chain.hash]) }
}
