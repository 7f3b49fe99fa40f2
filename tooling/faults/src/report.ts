/** The reports of rigs, as they are printed. */

import type { Effort } from './rig.ts'
import type { RigReport } from './run-rig.ts'

/** What a run was started with. */
export interface RunOptions {
  readonly seed: number
  readonly effort: Effort
}

const COLUMNS = 100
const NAME_COLUMNS = 24
const OUTCOME_COLUMNS = 8
const MAX_VIOLATIONS = 10

/** One summary line, wrapped where a rig counts more than fits; below it what went wrong, and how to see it again. */
export function reportLines(report: RigReport, options: RunOptions): readonly string[] {
  const { name, outcome, result } = report
  const start = `${name.padEnd(NAME_COLUMNS)} ${shownOutcome(outcome).padEnd(OUTCOME_COLUMNS)} `
  const lines = wrapped(start, summaryOf(report))
  if (outcome !== 'failed') return lines
  const violations = result?.violations ?? []
  return [
    ...lines,
    ...(report.reason ?? '').split('\n').flatMap((line) => (line === '' ? [] : [`  ${line}`])),
    ...violations.slice(0, MAX_VIOLATIONS).map((violation) => `  - ${violation}`),
    ...(violations.length > MAX_VIOLATIONS ? [`  and ${violations.length - MAX_VIOLATIONS} more`] : []),
    `  again: ${replayOf(report, options)}`,
  ]
}

/** The command that does the same once more. */
export function replayOf({ name }: RigReport, { seed, effort }: RunOptions): string {
  return `pnpm faults ${name} --seed ${seed}${effort === 'long' ? '' : ` --effort ${effort}`}`
}

function shownOutcome(outcome: RigReport['outcome']): string {
  return outcome === 'failed' ? 'FAILED' : outcome
}

function summaryOf({ outcome, reason, result, durationMs }: RigReport): readonly string[] {
  if (outcome === 'left out') return [reason ?? '']
  const seconds = `${(durationMs / 1_000).toFixed(durationMs < 10_000 ? 1 : 0)} s`
  if (result === undefined) return ['it could not finish', seconds]
  const { counts, violations, control } = result
  return [
    ...Object.entries(counts).map(([what, count]) => `${grouped(count)} ${what}`),
    ...(violations.length === 0 ? [] : [`${grouped(violations.length)} violations`]),
    `control lost ${grouped(control.violations)} of ${grouped(control.trials)}`,
    seconds,
  ]
}

/** Parts in one line, or in as many as they need, those below indented as far as the first begins. */
function wrapped(start: string, parts: readonly string[]): readonly string[] {
  const lines = [start]
  for (const part of parts) {
    const last = lines.at(-1) ?? ''
    const isFirst = last.length === start.length
    const longer = isFirst ? last + part : `${last}, ${part}`
    if (isFirst || longer.length <= COLUMNS) lines[lines.length - 1] = longer
    else lines.splice(-1, 1, `${last},`, ' '.repeat(start.length) + part)
  }
  return lines
}

function grouped(count: number): string {
  return count.toLocaleString('en-US')
}
