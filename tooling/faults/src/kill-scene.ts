/** One place, round after round: processes work there and are killed, and then all that is stored is looked at. */

import { setTimeout as pause } from 'node:timers/promises'
import { errorText } from './error-text.ts'
import type { KillChild, Nursery } from './kill-child.ts'
import { compare } from './kill-comparison.ts'
import { type KillSubjectConfig, openKillSubject } from './kill-control.ts'
import { KillModel } from './kill-model.ts'
import { type Observation, observe } from './kill-observation.ts'
import type { Failure, Job, LastWords } from './kill-protocol.ts'
import { accounts, journal, thingsOf } from './kill-records.ts'
import type { Round } from './kill-rounds.ts'
import type { Opening, SubjectPlace } from './subjects.ts'

/** A place as the rig opens it, be it of a subject or of the control. */
export interface KillPlace extends Omit<SubjectPlace, 'config'> {
  config(opening?: Opening): KillSubjectConfig
}

export interface RoundResult {
  readonly kills: number
  readonly acknowledged: number
  readonly violations: readonly string[]
}

/** The end of a call that says nothing of what became of it. */
const UNKNOWN = 'OUTCOME_UNKNOWN'

export class Scene {
  readonly place: KillPlace
  readonly #model: KillModel
  #generation = 1

  constructor(place: KillPlace, seed: number) {
    this.place = place
    this.#model = new KillModel(seed)
  }

  /** Lets a process work and kills it, then as many as only open, and looks at what they left. */
  async play(children: Nursery, round: Round): Promise<RoundResult> {
    if (round.mode === 'schema') this.#generation++
    const words = await this.#kill(children, round)
    for (const { caller, number } of words.acknowledged) this.#model.advance(caller, number)
    const complaints = [...words.complaints]
    for (const afterMs of round.openingsMs) {
      const child = await children.next()
      const said = await child.workAndDie(this.#job(round, false), 'opening', afterMs)
      complaints.push(...said.complaints)
    }
    await this.place.settled()
    complaints.push(...words.failures.filter((failure) => !isExpected(failure, round)).map(shown))
    const violations = await this.#look(round, words.failures)
    return {
      kills: 1 + round.openingsMs.length,
      acknowledged: words.acknowledged.length,
      violations: [...complaints, ...violations],
    }
  }

  /** Removes the place. */
  end(): Promise<void> {
    return this.place.remove()
  }

  async #kill(children: Nursery, round: Round): Promise<LastWords> {
    const child = await children.next()
    const { from, afterMs } = round
    return child.workAndDie(this.#job(round, true), from, afterMs, () => this.#beforeTheKill(child, round))
  }

  async #beforeTheKill(child: KillChild, { mode, closingMs }: Round): Promise<void> {
    if (mode === 'crash') await this.place.crash?.()
    if (mode !== 'closing') return
    child.close()
    await pause(closingMs)
  }

  #job({ mode, opening }: Round, calls: boolean): Job {
    return {
      config: this.place.config(opening),
      seed: this.#model.seed,
      generation: this.#generation,
      done: this.#model.done,
      cleansUp: mode === 'cleanup',
      calls,
    }
  }

  async #look({ opening }: Round, failures: readonly Failure[]): Promise<readonly string[]> {
    let observation: Observation
    try {
      observation = await this.#observe(opening)
    } catch (error) {
      return [`it can't be opened and read: ${errorText(error)}`]
    }
    const refused = failures.filter(({ code }) => code !== UNKNOWN)
    return compare(this.#model, observation, new Map(refused.map(({ caller, code }) => [caller, code])))
  }

  async #observe(opening: Opening): Promise<Observation> {
    await using store = await openKillSubject(this.place.config(opening))
    const definition = thingsOf(this.#generation)
    store.collection(definition)
    store.collection(accounts)
    store.log(journal)
    return await observe(store, definition)
  }
}

/** Whoever calls a server that crashes, or a store that is closed, is told so. */
function isExpected({ code }: Failure, { mode }: Round): boolean {
  return mode === 'crash' || (mode === 'closing' && code === 'CLOSED')
}

function shown({ caller, message }: Failure): string {
  return `a call of caller ${caller} failed: ${message}`
}
