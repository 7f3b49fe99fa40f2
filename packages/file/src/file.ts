/** The file backend: an engine in memory, and a directory that has all of it. */

import { resolve } from 'node:path'

import {
  type Aggregation,
  type Backend,
  type BackendTransaction,
  type Capabilities,
  type Contents,
  type Counting,
  type CountQuestion,
  type FileOptions,
  fileOptions,
  type Group,
  type Inspection,
  type Key,
  type Layout,
  type Outcome,
  parseOptions,
  type Query,
  type Reindexed,
  refuseOlderDefinitions,
  type StoreError,
  type Sweep,
} from '@coffer/core/backend'
import { Engine, EngineTransaction, type View } from '@coffer/memory/engine'
import { errorCode, fileError } from './error-code.ts'
import { contentsOf } from './file-contents.ts'
import type { FileSystem } from './file-system.ts'
import { inspectDirectory } from './inspection.ts'
import { layoutText } from './layout-text.ts'
import { nodeFileSystem } from './node-file-system.ts'
import { openForWriting } from './opening.ts'
import { openForReading } from './reading.ts'
import { layoutsBody, rewrittenBody } from './record.ts'
import { checkStructure } from './structure-check.ts'
import { absent, assertHeld, assertLayouts, isNothingIn, isStoreIn } from './verification.ts'
import { changesSince, Writer } from './writer.ts'

/** What a backend stands on, to be replaced in tests. */
export interface Surroundings {
  /** Default: that of the machine. */
  readonly fileSystem?: FileSystem
}

/**
 * A backend that keeps everything in memory, and in a directory that a person can read and a power cut can't
 * hurt. All data has to fit in memory. One store at a time may write to a directory; others may open it for
 * reading. Nothing is touched before the store is opened.
 *
 * @throws StoreError `INVALID_ARGUMENT` for options that are unknown or not valid
 */
export function file(options: FileOptions, surroundings: Surroundings = {}): Backend {
  const resolved = parseOptions(fileOptions, options, 'file')
  return new FileBackend(resolved, surroundings.fileSystem ?? nodeFileSystem)
}

type ResolvedOptions = ReturnType<typeof fileOptions.parse>

class FileBackend implements Backend {
  readonly name = 'file'
  readonly readOnly: boolean
  readonly capabilities: Capabilities
  readonly errorCode = errorCode
  readonly contents: Contents
  readonly #options: ResolvedOptions
  readonly #fileSystem: FileSystem
  /** Layouts as they were last written to the log, or made by this backend, by name. */
  #known = new Map<string, string>()
  #writer: Writer | undefined
  /** What a reader has loaded; and the nothing that is there where a store is not to be made. */
  #loaded: Engine | undefined

  constructor(options: ResolvedOptions, fileSystem: FileSystem) {
    this.#options = options
    this.readOnly = options.readOnly
    this.#fileSystem = fileSystem
    this.capabilities = Object.freeze({
      durability: options.durability,
      persistent: true,
      sharing: 'none',
      readsBesideTransaction: true,
      joinReads: false,
      savepoints: true,
      lanes: 1,
      contents: true,
    })
    this.contents = contentsOf({
      view: () => this.#view(),
      writer: () => this.#writing(),
      onReplaced: () => this.#learnLayouts(),
    })
  }

  async isThere(): Promise<boolean> {
    const isOpen = this.#writer !== undefined || this.#loaded !== undefined
    return isOpen || !(await isNothingIn(this.#fileSystem, this.#directory))
  }

  async open(layouts: readonly Layout[]): Promise<readonly string[]> {
    await this.#openDirectory()
    const engine = this.#engine()
    const changed = layouts.filter((layout) => this.#known.get(layout.name) !== layoutText(layout))
    refuseOlderDefinitions(this.name, changed, (name) => engine.layout(name))
    const { migrate, readOnly } = this.#options
    if (readOnly) assertHeld(this.#view(), changed)
    else if (migrate === 'verify') assertLayouts(this.#view(), layouts)
    engine.open(changed)
    if (changed.length > 0) await this.#writer?.commitBody(layoutsBody(changed))
    for (const layout of changed) this.#known.set(layout.name, layoutText(layout))
    return engine.open(layouts)
  }

  async #openDirectory(): Promise<void> {
    if (this.#writer !== undefined || this.#loaded !== undefined) return
    const { basePath, readOnly, migrate } = this.#options
    if (readOnly) {
      this.#loaded = await openForReading(this.#fileSystem, basePath)
      return
    }
    if (migrate === 'verify' && !(await isStoreIn(this.#fileSystem, this.#directory))) {
      this.#loaded = new Engine()
      return
    }
    const opened = await openForWriting(this.#fileSystem, this.#options)
    const writer = new Writer(this.#fileSystem, opened, this.#options)
    await writer.start()
    this.#writer = writer
    this.#learnLayouts()
  }

  /** What the directory holds is what was written to its log, or to its snapshot. */
  #learnLayouts(): void {
    this.#known = new Map([...this.#engine().tables()].map(({ layout }) => [layout.name, layoutText(layout)]))
  }

  async close(): Promise<void> {
    await this.#writer?.close()
    this.#writer = undefined
    this.#loaded = undefined
  }

  async read(layout: Layout, keys: readonly Key[]) {
    return this.#state().read(layout, keys)
  }

  async query(layout: Layout, query: Query, at: number) {
    return this.#state().query(layout, query, at)
  }

  async count(layout: Layout, question: CountQuestion, at: number) {
    return this.#state().count(layout, question, at)
  }

  async aggregate(layout: Layout, aggregation: Aggregation, at: number) {
    return this.#state().aggregate(layout, aggregation, at)
  }

  async tenants(layout: Layout) {
    return this.#state().tenants(layout)
  }

  async write(groups: readonly Group[], at: number): Promise<readonly Outcome[]> {
    const writer = this.#writing()
    const fork = writer.engine.fork()
    const commits = []
    const outcomes: Outcome[] = []
    for (const group of groups) {
      const mark = fork.mark()
      outcomes.push(fork.write(group, at))
      if (fork.mark() > mark) commits.push(changesSince(fork, mark))
    }
    await writer.commit(fork, commits)
    return outcomes
  }

  async transaction<T>(run: (transaction: BackendTransaction) => Promise<T>): Promise<T> {
    const writer = this.#writer
    if (writer === undefined) return run(this.#readingTransaction())
    writer.assertSound()
    const transaction = new EngineTransaction(writer.engine, this.name)
    let result: T
    try {
      result = await run(transaction)
    } catch (error) {
      await settleOrConflict(writer)
      throw error
    }
    const fork = transaction.conclude(writer.engine)
    if (fork.changes.length === 0) await settleOrConflict(writer)
    else await writer.commit(fork, [changesSince(fork, 0)])
    return result
  }

  async sweep(layout: Layout, sweep: Sweep, limit: number, at: number) {
    const writer = this.#writing()
    const fork = writer.engine.fork()
    const result = fork.sweep(layout, sweep, limit, at)
    const changes = changesSince(fork, 0)
    await writer.commit(fork, changes.length === 0 ? [] : [changes])
    return result
  }

  /** A reader, too, brings its rows up to a newer definition: in memory alone. */
  async reindex(layout: Layout, rows: readonly Reindexed[], finished: boolean): Promise<void> {
    const writer = this.#writer
    if (writer === undefined) return this.#engine().reindex(layout, rows, finished)
    const fork = writer.engine.fork()
    fork.reindex(layout, rows)
    const changes = changesSince(fork, 0)
    await writer.commit(fork, changes.length === 0 ? [] : [changes])
    if (!finished) return
    writer.engine.reindex(layout, [], true)
    await writer.commitBody(rewrittenBody(layout.name))
  }

  async inspect(counting?: Counting): Promise<Inspection> {
    this.#assertPresent()
    const { basePath, durability, compaction } = this.#options
    return inspectDirectory({
      fileSystem: this.#fileSystem,
      directory: this.#directory,
      basePath,
      durability,
      compaction,
      view: this.#view(),
      counting,
      writer: this.#writer?.state,
    })
  }

  async check(): Promise<readonly string[]> {
    this.#assertPresent()
    return checkStructure(this.#fileSystem, this.#directory, () => this.#writer?.logEnd)
  }

  get #directory(): string {
    return resolve(this.#options.basePath)
  }

  #assertPresent(): void {
    if (!this.#options.readOnly && this.#loaded !== undefined) throw absent(this.#directory)
  }

  #engine(): Engine {
    const engine = this.#writer?.engine ?? this.#loaded
    if (engine === undefined) throw fileError('CLOSED', 'the directory is not open')
    return engine
  }

  /** What may be answered: all that is durable. */
  #state(): View | Engine {
    return this.#writer?.durable ?? this.#engine()
  }

  /** As `#state`, whatever is written afterwards. */
  #view(): View {
    return this.#writer?.durable ?? this.#engine().view()
  }

  #writing(): Writer {
    if (this.#writer === undefined) throw this.#refusal()
    return this.#writer
  }

  #refusal(): StoreError {
    if (this.#options.readOnly) return fileError('READ_ONLY', 'the store is open for reading only')
    if (this.#loaded !== undefined) return absent(this.#directory)
    return fileError('CLOSED', 'the directory is not open')
  }

  #readingTransaction(): BackendTransaction {
    const transaction = new EngineTransaction(this.#engine(), this.name)
    return {
      read: (layout, keys) => transaction.read(layout, keys),
      query: (layout, query, at) => transaction.query(layout, query, at),
      count: (layout, question, at) => transaction.count(layout, question, at),
      aggregate: (layout, aggregation, at) => transaction.aggregate(layout, aggregation, at),
      savepoint: (run) => transaction.savepoint(run),
      write: async () => {
        throw this.#refusal()
      },
    }
  }
}

/** What a transaction has read may have been on its way to the disk; if it did not arrive, it was never there. */
async function settleOrConflict(writer: Writer): Promise<void> {
  try {
    await writer.settle()
  } catch (cause) {
    writer.assertSound()
    throw fileError('CONFLICT', 'what the transaction read could not be written', cause)
  }
}
