/**
 * Reads all files of a directory again and checks every line: against its checksum, and its place against those
 * before it. Nothing is loaded; a writer may go on meanwhile.
 */

import { join } from 'node:path'
import { nativeCode } from '@coffer/core/backend'
import { baseOf } from './base.ts'
import { logName, type Names, snapshotName, sortNames } from './directory-names.ts'
import { errorCode, fileError } from './error-code.ts'
import type { FileSystem } from './file-system.ts'
import { type Line, readLines } from './line-reader.ts'
import { readLogHeader } from './load-log.ts'
import type { LogHeader } from './record.ts'

/** No more problems are told than this. */
const MAX_PROBLEMS = 100
/** How often it begins again because files were removed under it. */
const MAX_READS = 5

/** Where the log that is written to ends, in bytes. */
export interface LogEnd {
  readonly number: number
  readonly end: number
}

/**
 * @param present answers the end of the present log; `undefined` where this store does not write, and the last
 *   lines may be half written
 * @returns what is wrong, with file and offset
 */
export async function checkStructure(
  fileSystem: FileSystem,
  directory: string,
  present: () => LogEnd | undefined,
): Promise<readonly string[]> {
  for (let read = 1; ; read++) {
    // Asked first, so that the log that it names is in the list, or was removed.
    const end = present()
    const names = sortNames(await fileSystem.list(directory))
    try {
      return await new StructureCheck(fileSystem, directory, end).run(names)
    } catch (error) {
      if (errorCode(error) === 'CORRUPT' && error instanceof Error) return [error.message]
      if (nativeCode(error) !== 'ENOENT') throw error
      if (read === MAX_READS) throw changing(directory, error)
    }
  }
}

class StructureCheck {
  readonly #fileSystem: FileSystem
  readonly #directory: string
  readonly #present: LogEnd | undefined
  readonly #problems: string[] = []

  constructor(fileSystem: FileSystem, directory: string, present: LogEnd | undefined) {
    this.#fileSystem = fileSystem
    this.#directory = directory
    this.#present = present
  }

  async run(names: Names): Promise<readonly string[]> {
    const base = await baseOf(this.#fileSystem, this.#directory, names)
    const last = Math.max(this.#present?.number ?? 0, names.logs.at(-1) ?? 0, base ?? 0)
    if (base !== undefined) await this.#checkSnapshot(base)
    for (let number = base ?? 1; number <= last; number++) {
      if (names.logs.includes(number)) await this.#noting(() => this.#checkLog(number, number === last))
      else this.#note(logName(number), 0, 'the file is missing')
    }
    return this.#problems
  }

  /** Headers tell of their damage by throwing. */
  async #noting(check: () => Promise<void>): Promise<void> {
    try {
      await check()
    } catch (error) {
      if (errorCode(error) !== 'CORRUPT' || !(error instanceof Error)) throw error
      if (this.#problems.length < MAX_PROBLEMS) this.#problems.push(error.message)
    }
  }

  async #checkSnapshot(number: number): Promise<void> {
    const name = snapshotName(number)
    const counts = { rows: 0, floors: 0 }
    let isWhole = false
    let isDamaged = false
    await this.#read(name, undefined, (line) => {
      if (line.text === undefined) {
        isDamaged = true
        this.#note(name, line.from, MISMATCH)
        return
      }
      const head = headOf(line)
      if (isWhole) this.#note(name, line.from, 'something stands behind the end')
      if (head.startsWith('{"put":')) counts.rows += 1
      else if (head.startsWith('{"floor":')) counts.floors += 1
      else if (head.startsWith('{"end":')) {
        const says = `{"end":true,"rows":${counts.rows},"floors":${counts.floors}}`
        isWhole = true
        if (head !== says && !isDamaged) this.#note(name, line.from, 'it counts other rows than are there')
      }
    })
    if (!isWhole && !isDamaged) this.#note(name, 0, 'the end is missing')
  }

  async #checkLog(number: number, isLast: boolean): Promise<void> {
    const name = logName(number)
    const end = isLast ? this.#endOf(number) : (await this.#headerOf(number + 1)).follows?.end
    /** The last commit; unknown behind a damaged line, which may have been one. */
    let commit: number | undefined = (await this.#headerOf(number)).follows?.commit ?? 0
    /** Damage that nothing stands behind may be a line that is being written. */
    let damagedAt: number | undefined
    const next = isLast ? undefined : (await this.#headerOf(number + 1)).follows?.commit
    const length = await this.#read(name, end, (line) => {
      if (damagedAt !== undefined) this.#note(name, damagedAt, MISMATCH)
      damagedAt = line.text === undefined ? line.from : undefined
      if (damagedAt !== undefined) commit = undefined
      const said = COMMIT.exec(headOf(line))?.[1]
      if (said === undefined) return
      if (commit !== undefined && Number(said) !== commit + 1) {
        this.#note(name, line.from, `commit ${said} stands where ${commit + 1} has to`)
      }
      commit = Number(said)
    })
    if (next !== undefined && commit !== undefined && damagedAt === undefined && next !== commit) {
      this.#note(logName(number + 1), 0, `it goes on from commit ${next}, not from ${commit}`)
    }
    if (end === undefined) return
    if (damagedAt !== undefined) this.#note(name, damagedAt, MISMATCH)
    else if (length < end) this.#note(name, length, 'it ends too early')
  }

  #endOf(number: number): number | undefined {
    return this.#present?.number === number ? this.#present.end : undefined
  }

  #headerOf(number: number): Promise<LogHeader> {
    return readLogHeader(this.#fileSystem, this.#directory, number)
  }

  /** @returns where the last line ends that was visited */
  async #read(name: string, end: number | undefined, visit: (line: Line) => void): Promise<number> {
    const file = await this.#fileSystem.open(join(this.#directory, name), 'read')
    let length = 0
    try {
      await readLines(file, end, (line) => {
        visit(line)
        length = line.to
        return this.#problems.length < MAX_PROBLEMS
      })
    } finally {
      await file.close()
    }
    return length
  }

  #note(name: string, offset: number, what: string): void {
    if (this.#problems.length === MAX_PROBLEMS) return
    this.#problems.push(`${join(this.#directory, name)} is damaged at byte ${offset}: ${what}`)
  }
}

const MISMATCH = 'the line does not match its checksum'
const COMMIT = /^\{"commit":(\d+),/
/** The longest line of which all is looked at: the end of a snapshot. */
const HEAD_BYTES = 80

function headOf({ buffer, text }: Line): string {
  if (text === undefined) return ''
  return buffer.toString('latin1', text.from, Math.min(text.to, text.from + HEAD_BYTES))
}

function changing(directory: string, cause: unknown) {
  return fileError('BUSY', `a writer changes ${directory} faster than it can be read; try again`, cause)
}
