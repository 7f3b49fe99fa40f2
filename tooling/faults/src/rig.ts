/** What a rig is: a way of breaking a backend, again and again, and of telling whether a promise held. */

/** How much a rig does: `short` in the tests, in seconds; `long` by `pnpm faults`, for the promise's own counts. */
export type Effort = 'short' | 'long'

export interface RigOptions {
  readonly effort: Effort
  /** All that is left to chance follows from it, as far as the machine allows. */
  readonly seed: number
  /** Called now and then with what has been done of what is to be done. */
  readonly onProgress: (done: number, total: number) => void
}

/** What a rig found. */
export interface RigResult {
  /** What was done, by name, in the order to be printed: `{ kills: 100, acknowledged: 102334 }`. */
  readonly counts: Readonly<Record<string, number>>
  /** What was not as promised. Each says how to see it again. Empty when the promise held. */
  readonly violations: readonly string[]
  /**
   * The same treatment of a subject that is known not to hold the promise. A rig that finds nothing wrong with
   * it proves nothing, and fails.
   */
  readonly control: { readonly description: string; readonly trials: number; readonly violations: number }
}

export interface Rig {
  /** `<rig>.<backend>`: `kill.file`, `power-cut.sqlite`. */
  readonly name: string
  /** What it plays and what it proves, in a sentence. */
  readonly description: string
  /** Why it can't run on this machine, such as that it needs root; `undefined` when it can. */
  unavailable(): Promise<string | undefined>
  run(options: RigOptions): Promise<RigResult>
}
