/** Tells what a run found: as a table for people, as JSON for programs. */

import { allClauses, type CaseResult } from '@coffer/conformance'
import type { RunResult } from './run-all.ts'

/** What became of a clause on one backend. */
export type ClauseStatus = 'passed' | 'failed' | 'refused'

/** Whether nothing failed, no fault survived and no backend differed. */
export function isSound({ backends, faults, differential, documents }: RunResult): boolean {
  return (
    backends.every((each) => each.failed === 0) &&
    (faults?.survivors.length ?? 0) === 0 &&
    differential?.difference === undefined &&
    (documents === undefined || !('difference' in documents))
  )
}

/** The report as it is written to a file. */
export function jsonReport(result: RunResult) {
  const { seed, backends, faults, differential, documents } = result
  return {
    seed,
    backends: backends.map(({ name, passed, failed, refused }) => ({ name, passed, failed, refused })),
    clauses: Object.keys(allClauses).map((id) => ({
      id,
      results: Object.fromEntries(backends.map(({ name, results }) => [name, statusOf(results, id)])),
    })),
    faults: {
      planted: faults?.planted ?? 0,
      caught: faults?.caught ?? 0,
      survivors: faults?.survivors ?? [],
    },
    ...(differential && { differential }),
    ...(documents && { documents }),
  }
}

/** One failed case is a failed clause; a clause of which nothing could be run was refused. */
export function statusOf(results: readonly CaseResult[], clause: string): ClauseStatus {
  const own = results.filter((each) => each.clause === clause)
  if (own.some((each) => each.status === 'failed')) return 'failed'
  return own.some((each) => each.status === 'passed') ? 'passed' : 'refused'
}

const MARKS: Readonly<Record<ClauseStatus, string>> = { passed: 'ok', failed: 'FAILED', refused: '-' }
const WIDTH = 80
/** The column of clause ids, and what stands between two columns. */
const ID = 6
const GAP = 2

/** Prints the table, the score and every failure, in lines of at most 80 columns but for errors. */
export function printReport(result: RunResult, print: (line: string) => void): void {
  const { backends, faults, differential, documents } = result
  const widths = backends.map(({ name }) => Math.max(name.length, MARKS.failed.length) + GAP)
  const width = Math.max(20, WIDTH - ID - widths.reduce((sum, each) => sum + each, 0))
  const cells = (texts: readonly string[]) => texts.map((each, at) => each.padStart(widths[at] ?? 0)).join('')
  print(`${'clause'.padEnd(ID + width)}${cells(backends.map(({ name }) => name))}`)
  for (const [id, title] of Object.entries(allClauses)) {
    const marks = backends.map(({ results }) => MARKS[statusOf(results, id)])
    print(`${id.padEnd(ID)}${cut(title, width - 1).padEnd(width)}${cells(marks)}`)
  }
  print('')
  for (const { name, passed, failed, refused, durationMs } of backends) {
    print(`${name}: ${passed} passed, ${failed} failed, ${refused} refused, ${seconds(durationMs)}`)
    for (const each of new Set(reasons(backends.find((other) => other.name === name)?.results ?? []))) {
      print(`  refused, ${each}`)
    }
  }
  if (faults) print(`planted faults: ${faults.caught} of ${faults.planted} caught`)
  if (differential) print(`differential: ${differential.programs} programs, ${differential.steps} steps`)
  if (documents && 'digest' in documents) {
    print(`documents: ${documents.documents} round trips, one export from every backend`)
    print(`  sha256 ${documents.digest}`)
  }
  print(`seed ${result.seed}`)
  printFailures(result, print)
}

function printFailures(result: RunResult, print: (line: string) => void): void {
  const { backends, faults, differential, documents } = result
  for (const { name, results } of backends) {
    for (const { id, title, error } of results.filter((each) => each.status === 'failed')) {
      print(`\nFAILED ${name} ${id}: ${title}`)
      print(error instanceof Error ? (error.stack ?? error.message) : String(error))
    }
  }
  for (const survivor of faults?.survivors ?? []) print(`\nSURVIVED ${survivor}: no case noticed this fault`)
  if (differential?.difference !== undefined) print(`\nDIFFERENT programs\n${differential.difference}`)
  if (documents && 'difference' in documents) print(`\nDIFFERENT documents\n${documents.difference}`)
}

function reasons(results: readonly CaseResult[]): string[] {
  return results.flatMap((each) => (each.reason === undefined ? [] : [each.reason]))
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(1)} s`
}
