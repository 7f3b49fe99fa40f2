/** One disk, round after round: processes work there, the power is cut, and then all that is stored is looked at. */

import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { StoreConfig } from '@coffer/core'
import { errorText } from './error-text.ts'
import type { Nursery } from './kill-child.ts'
import { compare } from './kill-comparison.ts'
import { openKillSubject } from './kill-control.ts'
import { KillModel } from './kill-model.ts'
import { observe } from './kill-observation.ts'
import type { Failure, LastWords } from './kill-protocol.ts'
import { accounts, journal, thingsOf } from './kill-records.ts'
import type { Round } from './kill-rounds.ts'
import { MountedImage } from './mounted-image.ts'
import type { FolderSubject } from './private-mounts.ts'

/** What an acknowledgement is said to outlive. */
export type Durability = 'power' | 'process' | 'none'

export interface CutResult {
  readonly cuts: number
  readonly acknowledged: number
  /** What went wrong before the cut. */
  readonly complaints: readonly string[]
  /** What was acknowledged and is not there, and what is there in part. */
  readonly losses: readonly string[]
  /** What must not be at any durability: a store that can't be opened, or finds something wrong with itself. */
  readonly damages: readonly string[]
}

type Looked = Pick<CutResult, 'losses' | 'damages'>

export interface PowerCutPlace {
  /** Belongs to a process with mounts of its own. */
  readonly folder: string
  readonly subject: FolderSubject
  readonly durability: Durability
}

export class PowerCutScene implements AsyncDisposable {
  readonly #place: PowerCutPlace
  readonly #disk: MountedImage
  readonly #model: KillModel
  /** What was there when the power came back, before anybody opened it. */
  readonly #before: string
  #generation = 1

  private constructor(place: PowerCutPlace, disk: MountedImage, seed: number) {
    this.#place = place
    this.#disk = disk
    this.#before = join(place.folder, 'before')
    this.#model = new KillModel(seed)
  }

  /** Begins with an empty disk. */
  static async begin(place: PowerCutPlace, seed: number): Promise<PowerCutScene> {
    return new PowerCutScene(place, await MountedImage.make(place.folder, 'disk'), seed)
  }

  /** Lets a process work and cuts the power, then again while others only open, and looks at what is left. */
  async play(children: Nursery, round: Round): Promise<CutResult> {
    if (round.mode === 'schema') this.#generation++
    const words = await this.#cut(children, round, true, round.afterMs)
    for (const { caller, number } of words.acknowledged) this.#model.advance(caller, number)
    const complaints = [
      ...words.complaints,
      ...words.failures.filter((failure) => !isExpected(failure, round)).map(shown),
    ]
    for (const afterMs of round.openingsMs) {
      complaints.push(...(await this.#cut(children, round, false, afterMs)).complaints)
    }
    rmSync(this.#before, { recursive: true, force: true })
    cpSync(this.#disk.folder, this.#before, { recursive: true })
    const { losses, damages } = await this.#look(round, words.failures)
    return {
      cuts: 1 + round.openingsMs.length,
      acknowledged: words.acknowledged.length,
      complaints,
      losses,
      damages,
    }
  }

  /** Keeps what the last round began to look at. @returns where */
  keepEvidence(): string {
    const kept = mkdtempSync(join(tmpdir(), `coffer-power-cut-${this.#place.subject}-`))
    cpSync(this.#before, kept, { recursive: true })
    return kept
  }

  /** Takes the disk away. */
  async [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.#before, { recursive: true, force: true })
    await this.#disk.remove()
  }

  async #cut(children: Nursery, round: Round, calls: boolean, afterMs: number): Promise<LastWords> {
    const child = await children.next()
    const job = {
      config: this.#config(round),
      seed: this.#model.seed,
      generation: this.#generation,
      done: this.#model.done,
      cleansUp: calls && round.mode === 'cleanup',
      calls,
    }
    const end = async () => {
      if (calls && round.mode === 'closing') {
        child.close()
        await pause(round.closingMs)
      }
      await this.#disk.cut()
    }
    const words = await child.workAndDie(job, calls ? round.from : 'opening', afterMs, end)
    await this.#disk.restart()
    return words
  }

  #config({ opening }: Round): StoreConfig {
    const { subject, durability } = this.#place
    const { folder } = this.#disk
    if (subject === 'sqlite') return { type: 'sqlite', path: join(folder, 'store.db'), durability }
    return { type: 'file', basePath: join(folder, 'store'), durability, compaction: opening.compaction }
  }

  async #look(round: Round, refusals: readonly Failure[]): Promise<Looked> {
    const refused = new Map(refusals.map(({ caller, code }) => [caller, code]))
    try {
      await using store = await openKillSubject(this.#config(round))
      const definition = thingsOf(this.#generation)
      store.collection(definition)
      store.collection(accounts)
      store.log(journal)
      const { problems, ...stored } = await observe(store, definition)
      const sum = [...stored.balances.values()].reduce((total, balance) => total + balance, 0)
      return {
        losses: compare(this.#model, { ...stored, problems: [] }, refused),
        damages: sum === 0 ? problems : [`all accounts make ${sum}, where transfers leave 0`, ...problems],
      }
    } catch (error) {
      return { losses: [], damages: [`it can't be opened and read: ${errorText(error)}`] }
    }
  }
}

/** Whoever calls a store that is closed is told so. */
function isExpected({ code }: Failure, { mode }: Round): boolean {
  return mode === 'closing' && code === 'CLOSED'
}

function shown({ caller, message }: Failure): string {
  return `a call of caller ${caller} failed before the cut: ${message}`
}
