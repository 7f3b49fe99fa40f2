/** Does again what the lines of snapshots and logs say, on an engine. */

import type { Engine, RowChange } from '@coffer/memory/engine'
import { type ChangeEntry, type ParsedLine, rowOf } from './record.ts'
import { isChange, isCount, isObject, layouts, snapshotFloor } from './stored-line.ts'

/** A line with a right checksum that makes no sense where it stands. */
export class Nonsense extends Error {
  override readonly name = 'Nonsense'
}

/** What a line of a log turned out to be. */
export type LogLine =
  | { readonly type: 'commit'; readonly commit: number; readonly synced: number | undefined }
  | { readonly type: 'synced'; readonly synced: number }
  | { readonly type: 'next'; readonly next: number }

/** What a line of a log is, without doing anything; `undefined` when it is none. */
export function classify({ value }: ParsedLine): LogLine | undefined {
  if (!isObject(value)) return undefined
  const { commit, synced, next } = value
  if (isCount(commit) && (synced === undefined || isCount(synced))) return { type: 'commit', commit, synced }
  if (commit === undefined && isCount(synced)) return { type: 'synced', synced }
  return isCount(next) ? { type: 'next', next } : undefined
}

/** Does what a commit did. @throws Nonsense */
export function replayCommit(engine: Engine, { value, document }: ParsedLine): void {
  if (!isObject(value)) throw new Nonsense('it is no commit')
  if (value.layouts !== undefined) {
    const parsed = layouts.safeParse(value.layouts)
    if (!parsed.success) throw new Nonsense('it has no valid layouts')
    engine.open(parsed.data)
  } else if (typeof value.rewritten === 'string') {
    const { layout } = tableOf(engine, value.rewritten)
    engine.reindex(layout, [], true)
  } else if (Array.isArray(value.changes)) {
    for (const change of value.changes) replayChange(engine, change, undefined)
  } else {
    replayChange(engine, value, document)
  }
}

/** Does one change of a row. @throws Nonsense */
export function replayChange(engine: Engine, value: unknown, document: string | undefined): void {
  if (!isChange(value)) throw new Nonsense('it has no valid change')
  engine.replay([changeOf(engine, value, document)])
}

/** Sets a floor, as a snapshot has it. @throws Nonsense */
export function replayFloor(engine: Engine, value: unknown): void {
  const parsed = snapshotFloor.safeParse(value)
  if (!parsed.success) throw new Nonsense('it is no line of a snapshot')
  const { of, tenant, floor } = parsed.data
  tableOf(engine, of)
  const nothing = { previous: undefined, next: undefined }
  engine.replay([{ layout: of, tenant, id: '', ...nothing, floorBefore: 0, floor }])
}

function changeOf(engine: Engine, entry: ChangeEntry, document: string | undefined): RowChange {
  const { tenant, id, floor = 0 } = entry
  const layout = 'put' in entry ? entry.put : entry.remove
  const previous = tableOf(engine, layout).get(entry)
  const next = 'put' in entry ? rowOf(entry, document) : undefined
  return { layout, tenant, id, previous, next, floorBefore: 0, floor }
}

function tableOf(engine: Engine, layout: string) {
  try {
    return engine.table(layout)
  } catch {
    throw new Nonsense(`nothing is known of '${layout}'`)
  }
}
