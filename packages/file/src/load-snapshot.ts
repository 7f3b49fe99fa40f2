/** Loads a snapshot into an engine. */

import { join } from 'node:path'
import type { Engine } from '@coffer/memory/engine'
import { snapshotName } from './directory-names.ts'
import { corrupt } from './error-code.ts'
import type { FileSystem } from './file-system.ts'
import { readFirstLine } from './first-line.ts'
import { checkFormat } from './format.ts'
import type { LineText } from './line.ts'
import { type Line, readLines } from './line-reader.ts'
import { type ParsedLine, parseLine, type SnapshotHeader } from './record.ts'
import { Nonsense, replayChange, replayFloor } from './replay.ts'
import { isObject, snapshotEnd, snapshotHeader, snapshotLayouts } from './stored-line.ts'

/** What a snapshot was found to be. */
export interface LoadedSnapshot {
  /** The last commit of its state. */
  readonly commit: number
  /** Its length in bytes. */
  readonly bytes: number
}

/**
 * Loads all of a snapshot.
 *
 * @throws StoreError `CORRUPT` for any damage, `UNSUPPORTED` when a newer release wrote it
 */
export async function loadSnapshot(
  fileSystem: FileSystem,
  directory: string,
  number: number,
  engine: Engine,
): Promise<LoadedSnapshot> {
  const name = join(directory, snapshotName(number))
  const loader = new Loader(name, number, engine)
  const file = await fileSystem.open(name, 'read')
  try {
    await readLines(file, undefined, (line) => {
      loader.add(line)
      return true
    })
  } finally {
    await file.close()
  }
  return loader.finish()
}

/** The header of a snapshot. @throws StoreError `CORRUPT`, or `UNSUPPORTED` when a newer release wrote it */
export function readSnapshotHeader(
  fileSystem: FileSystem,
  directory: string,
  number: number,
): Promise<SnapshotHeader> {
  const name = join(directory, snapshotName(number))
  return readFirstLine(fileSystem, name, (line) => headerOf(name, number, line))
}

function headerOf(name: string, number: number, { buffer, text }: Line): SnapshotHeader {
  if (text === undefined) throw corrupt(name, 0, 'the line does not match its checksum')
  const value = parsed(buffer, text)
  checkFormat(name, value)
  const header = snapshotHeader.safeParse(value)
  if (header.success && header.data.number === number) return header.data
  throw corrupt(name, 0, 'it is not the header of this snapshot')
}

/** @returns `undefined` for what is no JSON */
function parsed(buffer: Buffer, { from, to }: LineText): unknown {
  try {
    return JSON.parse(buffer.toString('utf8', from, to))
  } catch {
    return undefined
  }
}

class Loader {
  readonly #name: string
  readonly #number: number
  readonly #engine: Engine
  #expects: 'header' | 'layouts' | 'rows' | 'nothing' = 'header'
  #commit = 0
  #rows = 0
  #floors = 0
  #bytes = 0

  constructor(name: string, number: number, engine: Engine) {
    this.#name = name
    this.#number = number
    this.#engine = engine
  }

  add(line: Line): void {
    if (line.text === undefined) throw this.#damage(line.from, 'the line does not match its checksum')
    try {
      this.#take(parseLine(line.buffer, line.text.from, line.text.to))
    } catch (error) {
      if (!(error instanceof Nonsense) && !(error instanceof SyntaxError)) throw error
      throw this.#damage(line.from, error instanceof Nonsense ? error.message : 'it is not JSON')
    }
    this.#bytes = line.to
  }

  finish(): LoadedSnapshot {
    if (this.#expects !== 'nothing') throw this.#damage(this.#bytes, 'the end is missing')
    return { commit: this.#commit, bytes: this.#bytes }
  }

  #take(line: ParsedLine): void {
    if (this.#expects === 'header') this.#takeHeader(line.value)
    else if (this.#expects === 'layouts') this.#takeLayouts(line.value)
    else if (this.#expects === 'rows') this.#takeRow(line)
    else throw new Nonsense('something stands behind the end')
  }

  #takeHeader(value: unknown): void {
    checkFormat(this.#name, value)
    const header = snapshotHeader.safeParse(value)
    if (!header.success || header.data.number !== this.#number) {
      throw new Nonsense('it is not the header of this snapshot')
    }
    this.#commit = header.data.commit
    this.#expects = 'layouts'
  }

  #takeLayouts(value: unknown): void {
    const parsed = snapshotLayouts.safeParse(value)
    if (!parsed.success) throw new Nonsense('it has no valid layouts')
    this.#engine.open(parsed.data.layouts)
    for (const name of parsed.data.stale) this.#engine.markStale(name)
    this.#expects = 'rows'
  }

  #takeRow({ value, document }: ParsedLine): void {
    if (isObject(value) && value.put !== undefined) {
      replayChange(this.#engine, value, document)
      this.#rows += 1
    } else if (isObject(value) && value.floor !== undefined) {
      replayFloor(this.#engine, value)
      this.#floors += 1
    } else {
      const end = snapshotEnd.safeParse(value)
      if (!end.success) throw new Nonsense('it is no line of a snapshot')
      if (end.data.rows !== this.#rows || end.data.floors !== this.#floors) {
        throw new Nonsense(`it counts ${end.data.rows} rows, and ${this.#rows} are there`)
      }
      this.#expects = 'nothing'
    }
  }

  #damage(offset: number, what: string) {
    return corrupt(this.#name, offset, what)
  }
}
