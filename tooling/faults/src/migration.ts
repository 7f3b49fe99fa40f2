/**
 * The migration rig: processes open a populated store by a new definition, at once where it can be shared, and some
 * are killed. The rest succeed, every record is upgraded once, and who reads meanwhile is never refused.
 */

import { errorText } from './error-text.ts'
import { type GroundPlace, Grounds, inStore, packagesOf, SHARED } from './grounds.ts'
import { killedAtWork } from './killed-at-work.ts'
import { invalidIndexes } from './migration-reader.ts'
import { migratedProblems, writeOld } from './migration-records.ts'
import type { MigrationJob, MigrationResult } from './migration-worker.ts'
import { randomFrom } from './random.ts'
import type { Effort, Rig, RigOptions, RigResult } from './rig.ts'
import { type SubjectName, subjects } from './subjects.ts'
import { type Ending, WorkerProcess } from './worker-process.ts'

interface Extent {
  readonly rounds: number
  readonly processes: number
  /** How many of them are killed in each round. */
  readonly kills: number
  readonly records: number
  /** Records of the last round where it is shared, which shows how long others have to wait. */
  readonly recordsOfLast: number
  readonly controls: number
}

const EXTENTS: Readonly<Record<Effort, Extent>> = {
  short: { rounds: 2, processes: 4, kills: 2, records: 1_500, recordsOfLast: 1_500, controls: 1 },
  long: { rounds: 20, processes: 16, kills: 6, records: 3_000, recordsOfLast: 50_000, controls: 5 },
}
/** The longest that a reader may have to wait, also on a machine that has much else to do. */
const MAX_PAUSE_MS = 3_000
/** How many processes are started at once. */
const STARTS = 4

export const migrationRigs: readonly Rig[] = Object.values(subjects).map(({ name }) => ({
  name: `migration.${name}`,
  description: SHARED.includes(name)
    ? 'opens one store by a new definition from many processes and kills some: all is upgraded once, and nobody waits'
    : 'opens a store by a new definition and kills who does, again and again: all is upgraded once',
  unavailable: () => subjects[name].unavailable(),
  run: (options) => run(name, options),
}))

async function run(name: SubjectName, { effort, seed, onProgress }: RigOptions): Promise<RigResult> {
  const extent = EXTENTS[effort]
  const total = extent.rounds + extent.controls
  const tally: Tally = { openings: 0, killed: 0, reads: 0, writes: 0, readMs: 0, writeMs: 0 }
  const violations: string[] = []
  await using grounds = await Grounds.start([name])
  const playRound = async (where: string, records: number, moment: Moment | undefined) => {
    const round: Round = { name, extent, records, moment, tally }
    const played = await onPlace(grounds, name, (place) => play(place, round))
    violations.push(...played.problems.map((problem) => `${where}: ${problem}`))
    return played
  }
  const { durationMs } = await playRound('with nobody killed', extent.records, undefined)
  for (let round = 0; round < extent.rounds; round++) {
    const isLong = SHARED.includes(name) && round === extent.rounds - 1
    const records = isLong ? extent.recordsOfLast : extent.records
    await killedAtWork(randomFrom(seed, round), (durationMs * records) / extent.records, async (moment) => {
      const { killed, problems } = await playRound(`round ${round}`, records, moment)
      return killed > 0 ? 'killed' : problems.length > 0 ? 'failed' : 'done'
    })
    onProgress(round + 1, total)
  }
  let caught = 0
  for (let trial = 0; trial < extent.controls; trial++) {
    const problems = await onPlace(grounds, name, (place) => playNaively(place, name, extent.records))
    if (problems.length > 0) caught++
    onProgress(extent.rounds + trial + 1, total)
  }
  return {
    counts: {
      rounds: extent.rounds,
      openings: tally.openings,
      killed: tally.killed,
      ...(SHARED.includes(name) && {
        reads: tally.reads,
        'ms of the longest wait of a reader': tally.readMs,
        writes: tally.writes,
        'ms of that of a writer': tally.writeMs,
      }),
    },
    violations,
    control: {
      description: 'a backend that notes too early that rows are rewritten',
      trials: extent.controls,
      violations: caught,
    },
  }
}

interface Tally {
  openings: number
  killed: number
  reads: number
  writes: number
  readMs: number
  writeMs: number
}

type Worker = WorkerProcess<MigrationJob, MigrationResult>

async function onPlace<T>(
  grounds: Grounds,
  name: SubjectName,
  run: (place: GroundPlace) => Promise<T>,
): Promise<T> {
  const place = await grounds.newPlace(name)
  try {
    return await run(place)
  } finally {
    await place.settled()
    await place.remove()
  }
}

type Moment = () => number

interface Round {
  readonly name: SubjectName
  readonly extent: Extent
  readonly records: number
  /** Draws after how long a process is killed; `undefined` where none is. */
  readonly moment: Moment | undefined
  readonly tally: Tally
}

interface Played {
  readonly problems: readonly string[]
  readonly killed: number
  /** How long the processes took. */
  readonly durationMs: number
}

async function play(place: GroundPlace, round: Round): Promise<Played> {
  const { name, extent, records, tally } = round
  const isShared = SHARED.includes(name)
  const wanted = await inStore(place, (store) => writeOld(store, records))
  await using crew = new Crew(name)
  const workers = await crew.startMany(isShared || round.moment !== undefined ? extent.processes : 1)
  const witnesses = isShared ? await startWitnesses(crew, place) : undefined
  const startedAt = performance.now()
  const endings = await openAll(workers, { type: 'open', config: place.config() }, round)
  const durationMs = performance.now() - startedAt
  const killed = endings.filter(({ outcome }) => outcome === 'killed').length
  tally.openings += endings.filter(({ outcome }) => outcome === 'done').length
  tally.killed += killed
  const problems = endings.flatMap((ending) => (ending.outcome === 'failed' ? [ending.error] : []))
  const late = (await witnesses?.end(tally, problems)) ?? 0
  await place.settled()
  return { problems: [...problems, ...(await judged(place, wanted, late))], killed, durationMs }
}

/** At once where they can share the place, else one after the other; the last is never killed. */
async function openAll(
  workers: readonly Worker[],
  job: MigrationJob,
  { name, extent, moment }: Round,
): Promise<readonly Ending<MigrationResult>[]> {
  const isShared = SHARED.includes(name)
  const kills = isShared ? extent.kills : workers.length - 1
  const open = (worker: Worker, number: number) => {
    worker.begin(job)
    return moment === undefined || number >= kills ? worker.ending() : worker.killAfter(moment())
  }
  if (isShared) return Promise.all(workers.map(open))
  const endings: Ending<MigrationResult>[] = []
  for (const [number, worker] of workers.entries()) endings.push(await open(worker, number))
  return endings
}

async function judged(
  place: GroundPlace,
  wanted: ReadonlyMap<string, string>,
  late: number,
): Promise<readonly string[]> {
  try {
    const config = place.config()
    const invalid =
      'connectionString' in config && typeof config.connectionString === 'string'
        ? await invalidIndexes(config.connectionString)
        : []
    const problems = await inStore(place, (store) => migratedProblems(store, wanted, late))
    return [...problems, ...invalid.map((index) => `the index ${index} is not used`)]
  } catch (error) {
    return [`it can't be opened and read: ${errorText(error)}`]
  }
}

/** Processes of one round. None outlives it, however it ends. */
class Crew implements AsyncDisposable {
  readonly #packageNames: readonly string[]
  readonly #starting: Promise<Worker>[] = []

  constructor(name: SubjectName) {
    this.#packageNames = packagesOf(name)
  }

  start(): Promise<Worker> {
    const starting = WorkerProcess.start<MigrationJob, MigrationResult>(
      './migration-worker.ts',
      this.#packageNames,
    )
    this.#starting.push(starting)
    return starting
  }

  async startMany(count: number): Promise<readonly Worker[]> {
    const workers: Worker[] = []
    while (workers.length < count) {
      const size = Math.min(STARTS, count - workers.length)
      workers.push(...(await Promise.all(Array.from({ length: size }, () => this.start()))))
    }
    return workers
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const started of await Promise.allSettled(this.#starting)) {
      if (started.status === 'fulfilled') await started.value.killAfter(0)
    }
  }
}

interface Witnesses {
  /** @returns how many records the writer was told are written */
  end(tally: Tally, problems: string[]): Promise<number>
}

/** One who reads and one who writes all the while; they are there before anybody migrates. */
async function startWitnesses(crew: Crew, place: GroundPlace): Promise<Witnesses> {
  const [reader, writer] = (await crew.startMany(2)) as [Worker, Worker]
  reader.begin({ type: 'read', config: place.config() })
  writer.begin({ type: 'write', config: place.config() })
  await Promise.all([reader.noted(), writer.noted()])
  return {
    async end(tally, problems) {
      reader.stop()
      writer.stop()
      const [read, wrote] = await Promise.all([reader.ending(), writer.ending()])
      if (read.outcome === 'done') {
        const { done, longestMs } = read.result
        tally.reads += done
        tally.readMs = Math.max(tally.readMs, longestMs)
        if (longestMs > MAX_PAUSE_MS) problems.push(`a reader had to wait for ${longestMs} ms`)
      } else problems.push(`the reader ended: ${JSON.stringify(read)}`)
      if (wrote.outcome !== 'done') {
        problems.push(`the writer ended: ${JSON.stringify(wrote)}`)
        return 0
      }
      tally.writes += wrote.result.done
      tally.writeMs = Math.max(tally.writeMs, wrote.result.longestMs)
      return wrote.result.done
    },
  }
}

/** One process of the control is killed at work; whoever comes next thinks that all is done. */
async function playNaively(
  place: GroundPlace,
  name: SubjectName,
  records: number,
): Promise<readonly string[]> {
  const wanted = await inStore(place, (store) => writeOld(store, records))
  await using crew = new Crew(name)
  const worker = await crew.start()
  worker.begin({ type: 'open naively', config: place.config() })
  await worker.noted()
  const ending = await worker.killAfter(0)
  await place.settled()
  // That it could not work at all would be no proof.
  if (ending.outcome !== 'killed') return []
  return judged(place, wanted, 0)
}
