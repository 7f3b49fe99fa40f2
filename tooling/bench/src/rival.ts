/** What is measured against Coffer where the other side is a store too. */

import type { Step } from './step.ts'

/** Another store of steps, opened. */
export interface Rival {
  put(step: Step): Promise<unknown>
  get(id: string): Promise<unknown>
  putMany(steps: readonly Step[]): Promise<unknown>
  close(): Promise<void>
}
