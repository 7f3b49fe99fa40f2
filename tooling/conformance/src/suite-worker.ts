/** A worker thread that runs cases of the suite, one after the other, in places of its own. */

import { parentPort, workerData } from 'node:worker_threads'
import { allCases, type CaseResult, runCase } from '@coffer/conformance'
import type { ServerAddress } from '@coffer-tooling/postgres'
import { type HarnessName, harnesses } from './harnesses.ts'

/** What a worker is started with. */
export interface Start {
  readonly name: HarnessName
  readonly seed: number
  readonly server: ServerAddress | undefined
}

/** What a worker says: that it is ready for its first case, or what became of one. */
export type Answer = 'ready' | CaseResult

/** What a worker is told: the position of its next case among all, or that there is none. */
type Order = number | 'end'

const { name, seed, server }: Start = workerData

const harness = harnesses(async () => {
  if (server === undefined) throw new Error('this run has no PostgreSQL')
  return server
})[name]

const port = parentPort
if (port === null) throw new Error('this is the script of a worker thread')
port.on('message', async (order: Order) => {
  if (order === 'end') {
    await end()
    port.close()
    return
  }
  const each = allCases[order]
  if (each === undefined) throw new Error(`there is no case ${order}`)
  answer(await runCase(harness, each, { seed }))
})
answer('ready')

function answer(what: Answer): void {
  port?.postMessage(typeof what === 'string' ? what : sendable(what))
}

/** Errors of any kind may hold what can't be sent to another thread. */
function sendable(result: CaseResult): CaseResult {
  const { error } = result
  if (error === undefined) return result
  return { ...result, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
}

/** Whatever the places have left behind is a failure of its own. */
async function end(): Promise<void> {
  try {
    await harness.end?.()
  } catch (error) {
    answer(
      sendable({
        id: 'L1-end-of-run',
        clause: 'L1',
        title: 'nothing is left behind when all stores are closed',
        status: 'failed',
        durationMs: 0,
        error,
      }),
    )
  }
}
