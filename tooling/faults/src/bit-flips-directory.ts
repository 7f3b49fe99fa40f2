/** The files of a store, a snapshot and several logs, as the backend itself makes them. */

import { look, type Sight } from './crash-model-comparison.ts'
import { Trace } from './crash-model-trace.ts'
import { chooseUnits } from './crash-model-units.ts'
import { asLeftByTheDead, NOTHING, openWith, storeOn } from './crash-model-workload.ts'
import { randomFrom } from './random.ts'
import { SimulatedDisk } from './simulated-disk.ts'
import { Content } from './simulated-disk-content.ts'
import { DiskState, ROOT } from './simulated-disk-state.ts'

/** Makes snapshots all the time, or none any more. */
const COMPACTING = { minBytes: 4_000, deadShare: 0.2 } as const
const GROWING = { minBytes: 10_000_000, deadShare: 0.9 } as const

const STEPS = 12
/** Logs behind the one that the snapshot goes with. */
const MORE_LOGS = 2

/** The files of a directory by their names. */
export type Files = ReadonlyMap<string, Uint8Array>

/** The same records twice: as the store has left them that closed in order, and as the death of its process has. */
export interface StoredFiles {
  readonly closed: Files
  readonly killed: Files
  /** What a store shows of both. */
  readonly sight: Sight
}

/** @param seed decides what is in it */
export async function storedFiles(seed: number): Promise<StoredFiles> {
  const random = randomFrom(seed, 0)
  let disk = new SimulatedDisk({ random })
  const trace = new Trace(() => disk.operations.length, { ...NOTHING, form: 1 })
  const clock = { now: () => trace.now }
  const work = async (compaction: typeof COMPACTING | typeof GROWING) => {
    const store = storeOn(disk, clock, { compaction })
    await openWith(store, trace.form)
    for (let step = 0; step < STEPS; step++) {
      await trace.perform(store, chooseUnits(random, trace.ledger, trace.now))
    }
    return store
  }
  await (await work(COMPACTING)).close()
  trace.change({ form: 2 })
  for (let log = 0; log < MORE_LOGS; log++) {
    const abandoned = await work(GROWING)
    disk = new SimulatedDisk({ state: asLeftByTheDead(disk.state), random })
    // It goes on with a copy of the disk, as if its process had died; its own store can't reach that.
    await abandoned.close()
  }
  const last = await work(GROWING)
  const sight = await look(last, trace.form)
  const killed = filesOf(asLeftByTheDead(disk.state))
  await last.close()
  return { closed: filesOf(disk.state), killed, sight }
}

function filesOf(state: DiskState): Files {
  const directory = [...(state.directory(ROOT)?.names.values() ?? [])][0] ?? -1
  const names = [...(state.directory(directory)?.names ?? [])]
  return new Map(
    names.map(([name, node]) => [name, state.file(node)?.content.bytes.slice() ?? new Uint8Array()]),
  )
}

/** A disk on which a directory holds these files and nothing else. */
export async function diskWith(files: Files, directory: string): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk()
  await disk.makeDirectory(directory)
  for (const name of files.keys()) await (await disk.open(`${directory}/${name}`, 'create')).close()
  const state = disk.state
  const folder = state.directory(state.directory(ROOT)?.names.get(directory.slice(1)) ?? -1)
  for (const [name, number] of folder?.names ?? []) {
    const file = state.file(number)
    const content = new Content(files.get(name) ?? new Uint8Array())
    if (file !== undefined) state.replace(number, { ...file, content, durable: content })
  }
  return new SimulatedDisk({ state: new DiskState(state) })
}
