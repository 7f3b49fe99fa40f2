/**
 * Snapshots: all rows of one state, a line each, so that the logs before it can go. A snapshot gets its name when
 * it is whole and durable; one that is cut or changed is damaged.
 */

import { setTimeout as pause } from 'node:timers/promises'
import type { Layout } from '@coffer/core/backend'
import type { View } from '@coffer/memory/engine'
import type { OpenFile } from './file-system.ts'
import { LineBuffer } from './line-buffer.ts'
import { FORMAT_VERSION, rowMembers, type SnapshotHeader } from './record.ts'
import { writeAll } from './write-all.ts'

/** So many bytes are gathered before they are written. */
const PIECE_BYTES = 128 * 1_024

/** The JSON texts of all that a snapshot says, in the order of its lines. */
function* snapshotLines(view: View, header: SnapshotHeader): Generator<string> {
  yield JSON.stringify(header)
  const tables = [...view.tables()]
  const layouts: readonly Layout[] = tables.map(({ layout }) => layout)
  const stale = tables.filter((table) => table.stale).map(({ layout }) => layout.name)
  yield JSON.stringify({ layouts, stale })
  let rows = 0
  let floors = 0
  for (const table of tables) {
    const { name } = table.layout
    for (const row of table.all()) {
      rows += 1
      yield `{${rowMembers(name, row)}`
    }
    for (const { tenant, floor } of table.floors.values()) {
      floors += 1
      yield JSON.stringify({ floor, of: name, tenant })
    }
  }
  yield JSON.stringify({ end: true, rows, floors })
}

export interface SnapshotOptions {
  readonly number: number
  /** The last commit of the state. */
  readonly commit: number
  /** As in the header. */
  readonly replaces?: number
  /** Asked after each piece: whether others are at work, so that they get as much time as the piece took. */
  readonly isBusy: () => boolean
  /** Asked after each piece: whether to give up. */
  readonly isAborted: () => boolean
}

/**
 * Writes a state to an empty file, a piece at a time.
 *
 * @returns its length in bytes, or `undefined` when it was given up
 */
export async function writeSnapshot(
  file: OpenFile,
  view: View,
  { number, commit, replaces, isBusy, isAborted }: SnapshotOptions,
): Promise<number | undefined> {
  let position = 0
  const lines = new LineBuffer()
  let startedAt = performance.now()
  const write = async () => {
    const { bytes } = lines
    await writeAll(file, bytes, position)
    position += bytes.length
    lines.clear()
  }
  const header: SnapshotHeader = { coffer: 'snapshot', format: FORMAT_VERSION, number, commit, replaces }
  for (const json of snapshotLines(view, header)) {
    lines.add(json)
    if (lines.length < PIECE_BYTES) continue
    const workedMs = performance.now() - startedAt
    await write()
    if (isAborted()) return undefined
    if (isBusy()) await pause(workedMs)
    startedAt = performance.now()
  }
  await write()
  return position
}
