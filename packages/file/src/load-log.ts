/**
 * Loads a log into an engine, and finds out where it ends.
 *
 * A log that another one continues has to be whole. The end of the last one may be torn by a power cut, or by
 * the death of its writer: a damaged line is where the log ends, unless a line behind it, or the writer on its
 * way out, says that it was durable. Then it is damage.
 */

import { join } from 'node:path'
import type { Engine } from '@coffer/memory/engine'
import { logName } from './directory-names.ts'
import { corrupt } from './error-code.ts'
import type { FileSystem } from './file-system.ts'
import { readFirstLine } from './first-line.ts'
import { checkFormat } from './format.ts'
import { type Line, readLines } from './line-reader.ts'
import type { LogPosition } from './log-writer.ts'
import { type LogHeader, type ParsedLine, parseLine } from './record.ts'
import { classify, type LogLine, Nonsense, replayCommit } from './replay.ts'
import { logHeader } from './stored-line.ts'

/** How far a log is known to be valid, from elsewhere. */
export interface KnownEnd {
  /** Its length in bytes, and its last commit. */
  readonly end: number
  readonly commit: number
  /** Whether anything may stand behind: what a later log has left out, and never what belongs to it. */
  readonly isFinal: boolean
}

export interface LogToLoad {
  readonly number: number
  /** The last commit before its first. */
  readonly after: number
  readonly known: KnownEnd | undefined
}

/** What a log was found to be. */
export interface LoadedLog extends LogPosition {
  /**
   * Where the last commit ends that is known to be durable. A line behind it that says so may itself be lost
   * with the power, even if it can be read now.
   */
  readonly durableEnd: number
}

/** The header of a log. @throws StoreError `CORRUPT`, or `UNSUPPORTED` when a newer release wrote it */
export function readLogHeader(fileSystem: FileSystem, directory: string, number: number): Promise<LogHeader> {
  const name = join(directory, logName(number))
  return readFirstLine(fileSystem, name, (line) => headerOf(name, number, line))
}

function headerOf(name: string, number: number, { buffer, text }: Line): LogHeader {
  if (text === undefined) throw corrupt(name, 0, 'its header does not match its checksum')
  const value: unknown = JSON.parse(buffer.toString('utf8', text.from, text.to))
  checkFormat(name, value)
  const header = logHeader.safeParse(value)
  if (header.success && header.data.number === number) return header.data
  throw corrupt(name, 0, 'it does not begin with the header of this log')
}

/**
 * Does the commits of a log on an engine.
 *
 * @throws StoreError `CORRUPT` for damage, with file and offset
 */
export async function loadLog(
  fileSystem: FileSystem,
  directory: string,
  log: LogToLoad,
  engine: Engine,
): Promise<LoadedLog> {
  const loader = new Loader(log, directory, engine)
  const file = await fileSystem.open(join(directory, logName(log.number)), 'read')
  try {
    await readLines(file, log.known?.isFinal ? log.known.end : undefined, (line) => {
      loader.add(line)
      return true
    })
  } finally {
    await file.close()
  }
  return loader.finish()
}

/** A line that is not whole, or is whole and has no place in the log. */
interface Tear {
  readonly at: number
  readonly what: string
  readonly isWhole: boolean
}

class Loader {
  readonly #log: LogToLoad
  readonly #name: string
  readonly #engine: Engine
  /** Where commits end, from the last one on that is known to be durable; at first, where the header does. */
  #ends: number[] = []
  #commit: number
  #synced: number
  #end = 0
  #isEnded = false
  /** The first line that does not belong to the log, if there is one. */
  #tear: Tear | undefined

  constructor(log: LogToLoad, directory: string, engine: Engine) {
    this.#log = log
    this.#name = join(directory, logName(log.number))
    this.#engine = engine
    this.#commit = log.after
    this.#synced = log.after
  }

  add(line: Line): void {
    if (this.#isEnded) return
    const parsed = line.text && parseWhole(line.buffer, line.text.from, line.text.to)
    const what = parsed && classify(parsed)
    if (parsed === undefined) this.#tear ??= tearAt(line, 'the line does not match its checksum', false)
    else if (line.from === 0) this.#begin(line.to)
    else if (what !== undefined && this.#continues(what)) this.#take(line, parsed, what)
    else if (this.#tear === undefined) this.#tear = tearAt(line, this.#misfit(what), true)
    else this.#lookBehindTear(what)
  }

  #begin(headerEnd: number): void {
    this.#end = headerEnd
    this.#ends = [headerEnd]
  }

  finish(): LoadedLog {
    const { known, number } = this.#log
    const tear = this.#tear ?? { at: this.#end, what: 'it ends too early' }
    const isShort = known !== undefined && (this.#end < known.end || this.#commit < known.commit)
    if (this.#end === 0 || isShort) throw corrupt(this.#name, tear.at, tear.what)
    if (known?.isFinal && this.#commit !== known.commit) {
      throw corrupt(this.#name, this.#end, `commit ${this.#commit} stands where ${known.commit} has to`)
    }
    if (this.#isEnded) {
      throw corrupt(this.#name, this.#end, `${logName(number + 1)}, which it is continued in, is missing`)
    }
    this.#sync(known?.commit ?? 0)
    return {
      number,
      end: this.#end,
      commit: this.#commit,
      synced: this.#synced,
      durableEnd: this.#ends[0] ?? this.#end,
    }
  }

  /**
   * Whether a line is the next one. Behind a line that is not whole, the next commit is: nothing is missing before
   * it, so that what is damaged only said how far the log was durable.
   */
  #continues(what: LogLine): boolean {
    const isNext = what.type === 'commit' ? what.commit === this.#commit + 1 : this.#tear === undefined
    return isNext && !this.#tear?.isWhole && !(what.type === 'synced' && what.synced > this.#commit)
  }

  #take(line: Line, parsed: ParsedLine, what: LogLine): void {
    if (what.type === 'next') {
      this.#isEnded = true
      return
    }
    if (what.type === 'commit') {
      try {
        replayCommit(this.#engine, parsed)
      } catch (error) {
        if (!(error instanceof Nonsense)) throw error
        throw corrupt(this.#name, line.from, error.message)
      }
      this.#commit = what.commit
      this.#ends.push(line.to)
    }
    this.#tear = undefined
    this.#sync(what.synced ?? 0)
    this.#end = line.to
  }

  #misfit(what: LogLine | undefined): string {
    if (what?.type !== 'commit') return 'it is no line of this log'
    return `commit ${what.commit} stands where ${this.#commit + 1} has to`
  }

  /**
   * A whole line can prove that what is torn was durable. It has to be a line of this log: some file systems
   * leave in a torn end what its blocks held before, such as lines of a log that was removed.
   */
  #lookBehindTear(what: LogLine | undefined): void {
    const isEnd = what?.type === 'next' && what.next === this.#log.number + 1
    const isSynced = what !== undefined && what.type !== 'next' && (what.synced ?? 0) > this.#commit
    if (this.#tear !== undefined && (isEnd || isSynced))
      throw corrupt(this.#name, this.#tear.at, this.#tear.what)
  }

  #sync(commit: number): void {
    if (commit <= this.#synced) return
    const known = Math.min(commit, this.#commit)
    this.#ends.splice(0, known - this.#synced)
    this.#synced = known
  }
}

function tearAt({ from }: Line, what: string, isWhole: boolean): Tear {
  return { at: from, what, isWhole }
}

/** @returns `undefined` for what is no JSON */
function parseWhole(buffer: Buffer, from: number, to: number): ParsedLine | undefined {
  try {
    return parseLine(buffer, from, to)
  } catch {
    return undefined
  }
}
