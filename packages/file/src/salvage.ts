/** Loads all that can be read of a damaged directory, and notes what can't. */

import { join } from 'node:path'
import {
  collectionNameOf,
  fieldlessLayout,
  historyLayout,
  isHistoryName,
  type Layout,
} from '@coffer/core/backend'
import type { Engine } from '@coffer/memory/engine'
import { baseOf } from './base.ts'
import { logName, type Names, snapshotName } from './directory-names.ts'
import type { FileSystem } from './file-system.ts'
import { type Line, readLines } from './line-reader.ts'
import { readLogHeader } from './load-log.ts'
import { type ParsedLine, parseLine } from './record.ts'
import { classify, Nonsense, replayChange, replayCommit, replayFloor } from './replay.ts'
import { isObject, snapshotHeader, snapshotLayouts } from './stored-line.ts'

/** A line that could not be read, or a file that is not there. */
export interface Damage {
  readonly file: string
  /** In bytes. */
  readonly offset: number
  readonly what: string
}

/** What could be saved. The rows are in the engine. */
export interface Salvage {
  /** The last commit that was found. */
  readonly commit: number
  readonly damage: readonly Damage[]
}

/**
 * Loads the newest snapshot and the logs from there on, passing over every line that is damaged. What a lost
 * commit has changed is as it was before it, or as a later one says.
 */
export async function salvage(
  fileSystem: FileSystem,
  directory: string,
  names: Names,
  engine: Engine,
): Promise<Salvage> {
  const salvager = new Salvager(fileSystem, directory, engine)
  // Of a snapshot whose header is damaged, the rest can still be read.
  const base = await baseOf(fileSystem, directory, names).catch(() => names.snapshots.at(-1))
  if (base !== undefined) await salvager.readSnapshot(base)
  const last = Math.max(base ?? 1, names.logs.at(-1) ?? 1)
  for (let number = base ?? 1; number <= last; number++) {
    if (names.logs.includes(number)) await salvager.readLog(number, names.logs.includes(number + 1))
    else salvager.note(logName(number), 0, 'the file is missing')
  }
  return salvager.result()
}

class Salvager {
  readonly #fileSystem: FileSystem
  readonly #directory: string
  readonly #engine: Engine
  readonly #damage: Damage[] = []
  #commit = 0

  constructor(fileSystem: FileSystem, directory: string, engine: Engine) {
    this.#fileSystem = fileSystem
    this.#directory = directory
    this.#engine = engine
  }

  note(file: string, offset: number, what: string): void {
    this.#damage.push({ file, offset, what })
  }

  result(): Salvage {
    return { commit: this.#commit, damage: this.#damage }
  }

  async readSnapshot(number: number): Promise<void> {
    await this.#readFile(snapshotName(number), undefined, ({ value, document }) => {
      if (!isObject(value)) throw new Nonsense('it is no line of a snapshot')
      const header = snapshotHeader.safeParse(value)
      const layouts = snapshotLayouts.safeParse(value)
      if (header.success) this.#commit = header.data.commit
      else if (layouts.success) {
        this.#engine.open(layouts.data.layouts)
        for (const name of layouts.data.stale) this.#engine.markStale(name)
      } else if (value.put !== undefined)
        this.#replaying(value, () => replayChange(this.#engine, value, document))
      else if (value.floor !== undefined) this.#replaying(value, () => replayFloor(this.#engine, value))
      else if (value.end === undefined) throw new Nonsense('it is no line of a snapshot')
    })
  }

  async readLog(number: number, isContinued: boolean): Promise<void> {
    const end = isContinued ? await this.#endOfLog(number) : undefined
    await this.#readFile(logName(number), end, (parsed, from) => {
      if (from === 0) return
      const line = classify(parsed)
      if (line === undefined) throw new Nonsense('it is no line of a log')
      if (line.type !== 'commit' || line.commit <= this.#commit) return
      this.#replaying(parsed.value, () => replayCommit(this.#engine, parsed))
      this.#commit = line.commit
    })
  }

  /** Where the next log says that it ends, if that can be read; what stands behind was never acknowledged. */
  async #endOfLog(number: number): Promise<number | undefined> {
    try {
      return (await readLogHeader(this.#fileSystem, this.#directory, number + 1)).follows?.end
    } catch {
      return undefined
    }
  }

  async #readFile(
    name: string,
    end: number | undefined,
    take: (parsed: ParsedLine, from: number) => void,
  ): Promise<void> {
    const file = await this.#fileSystem.open(join(this.#directory, name), 'read')
    try {
      await readLines(file, end, (line) => {
        this.#takeLine(name, line, take)
        return true
      })
    } finally {
      await file.close()
    }
  }

  #takeLine(name: string, line: Line, take: (parsed: ParsedLine, from: number) => void): void {
    const { buffer, text, from } = line
    if (text === undefined) {
      this.note(name, from, 'the line does not match its checksum')
      return
    }
    try {
      take(parseLine(buffer, text.from, text.to), from)
    } catch (error) {
      if (!(error instanceof Nonsense) && !(error instanceof SyntaxError)) throw error
      this.note(name, from, error.message)
    }
  }

  /**
   * Does what a line says. Where its layout was lost, one without fields takes its place: the next program that
   * opens the collection finds another form than its own, and takes the fields out of the records again.
   */
  #replaying(value: unknown, replay: () => void): void {
    for (const name of layoutsIn(value)) {
      if ([...this.#engine.tables()].some(({ layout }) => layout.name === name)) continue
      this.#engine.open([standIn(name)])
    }
    replay()
  }
}

/** Names of the layouts that a line is about. */
function layoutsIn(value: unknown): readonly string[] {
  if (!isObject(value)) return []
  const names = [value.put, value.remove, value.of].filter((name) => typeof name === 'string')
  return Array.isArray(value.changes) ? [...names, ...value.changes.flatMap(layoutsIn)] : names
}

function standIn(name: string): Layout {
  return isHistoryName(name) ? historyLayout(collectionNameOf(name), 1) : fieldlessLayout(name)
}
