/**
 * Runs the suite on one backend in worker threads. The cases are independent of each other, and most of their
 * time is waiting: for a disk, or for a server that is busy making tables.
 */

import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { allCases, allClauses, type CaseResult, type ConformanceReport } from '@coffer/conformance'
import type { ServerAddress } from '@coffer-tooling/postgres'
import type { HarnessName } from './harnesses.ts'
import type { Answer, Start } from './suite-worker.ts'

/** More of them are not faster: a server, too, has its cores. */
const MAX_WORKERS = 8

export interface SuiteOptions {
  readonly seed: number
  /** Where PostgreSQL is; needed by its harness alone. */
  readonly server: ServerAddress | undefined
  /** Called after each case. */
  readonly onResult: () => void
}

/** Runs every case. What fails is told in the report; only a worker that ends by itself throws. */
export async function runSuite(name: HarnessName, options: SuiteOptions): Promise<ConformanceReport> {
  const { seed, server, onResult } = options
  const results: CaseResult[] = []
  const add = (result: CaseResult) => {
    results.push(result)
    onResult()
  }
  const waiting = allCases.keys()
  const workers = Math.min(availableParallelism(), MAX_WORKERS)
  const start: Start = { name, seed, server }
  await Promise.all(Array.from({ length: workers }, () => runWorker(start, waiting, add)))
  const told = results.filter(({ status }) => status !== 'absent').sort(bySuite)
  const all = [...told, ...uncovered(told)]
  const count = (status: CaseResult['status']) => all.filter((each) => each.status === status).length
  return {
    name,
    seed,
    passed: count('passed'),
    failed: count('failed'),
    refused: count('refused'),
    results: all,
  }
}

/** Hands cases to one worker, by their positions, until none is waiting. */
async function runWorker(
  start: Start,
  waiting: Iterator<number>,
  add: (result: CaseResult) => void,
): Promise<void> {
  const worker = new Worker(new URL('./suite-worker.ts', import.meta.url), { workerData: start })
  worker.on('message', (answer: Answer) => {
    if (answer !== 'ready') add(answer)
    const next = waiting.next()
    worker.postMessage(next.done ? 'end' : next.value)
  })
  // An error of the worker itself, that no case has caught, rejects here.
  const [exitCode] = await once(worker, 'exit')
  if (exitCode !== 0) throw new Error(`a worker of the suite on ${start.name} ended with ${exitCode}`)
}

const positions = new Map(allCases.map(({ id }, position) => [id, position]))

/** What belongs to no case comes last. */
function bySuite(one: CaseResult, other: CaseResult): number {
  return (positions.get(one.id) ?? allCases.length) - (positions.get(other.id) ?? allCases.length)
}

/** A clause that nothing has been run for, or refused, is proven by nothing. */
function uncovered(results: readonly CaseResult[]): readonly CaseResult[] {
  const covered = new Set(results.map(({ clause }) => clause))
  return Object.keys(allClauses)
    .filter((clause) => !covered.has(clause))
    .map((clause) => ({
      id: `${clause}-uncovered`,
      clause,
      title: 'every clause has an executed case',
      status: 'failed',
      durationMs: 0,
      error: new Error(`clause ${clause} has no case`),
    }))
}
