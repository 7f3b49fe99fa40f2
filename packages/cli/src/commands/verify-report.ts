/** What `coffer verify` found, in lines. */

import { Help } from 'commander'
import { counted, grouped } from '../output/numbers.ts'
import { some } from '../output/some.ts'
import { cut, oneLine } from '../output/table.ts'
import type { Output } from '../output/terminal.ts'
import type { Finding, FoundProblem } from '../verify/verify-listed.ts'

/** Bad places of one log or collection that are told one by one; all of them are counted. */
const MAX_TOLD = 20

/** The columns that the name of a bad place may have. */
const PLACE_COLUMNS = 40

/** Entries or records that were seen. */
export function sizeChecked({ checked }: Finding): number {
  return checked.kind === 'log' ? checked.entries : checked.records
}

/** One line for what has something in it, and one for each of the first problems. */
export async function tellFinding(out: Output, finding: Finding): Promise<void> {
  const { checked, problems } = finding
  if (isEmpty(finding)) return
  const amount =
    checked.kind === 'log'
      ? `${counted(checked.entries, 'entry', 'entries')} in ${counted(checked.streams, 'stream')}`
      : counted(checked.records, 'record')
  await out.line(`${nameOf(checked)}: ${amount}, ${stateOf(checked.bad, 'in order', out)}`)
  for (const problem of problems.slice(0, MAX_TOLD)) await out.line(lineOf(problem, out))
  const untold = checked.bad - Math.min(problems.length, MAX_TOLD)
  if (untold > 0) await out.line(`… and ${grouped(untold)} more`)
}

/** With the tenant where there is more than one. */
function nameOf({ name, tenant }: { readonly name: string; readonly tenant?: string | undefined }): string {
  return tenant === undefined ? name : `${cut(oneLine(tenant), PLACE_COLUMNS)}/${name}`
}

function isEmpty(finding: Finding): boolean {
  const { checked } = finding
  return sizeChecked(finding) === 0 && checked.bad === 0 && (checked.kind !== 'log' || checked.streams === 0)
}

function lineOf(found: FoundProblem, out: Output): string {
  const { stream, sequence, key, problem } = found
  const place = cut(oneLine(stream ?? key ?? ''), PLACE_COLUMNS)
  const at = sequence === undefined ? '' : ` at ${sequence}`
  return new Help().boxWrap(
    `${out.styled('red', 'bad')}  ${nameOf(found)} ${place}${at}: ${problem}`,
    out.width,
  )
}

/** The last line; those that have no table are named where nothing else can be told. */
export function summaryOf(findings: readonly Finding[], absent: readonly string[], out: Output): string {
  const found = findings.filter((finding) => !isEmpty(finding))
  if (found.length === 0) {
    return findings.length === 0
      ? new Help().boxWrap(`there is nothing to check: no table of ${some(absent)}`, out.width)
      : 'there is nothing to check: the logs and collections are empty'
  }
  const logs = found.filter(({ checked }) => checked.kind === 'log').length
  const kinds = [
    ...(logs > 0 ? [counted(logs, 'log')] : []),
    ...(found.length > logs ? [counted(found.length - logs, 'collection')] : []),
  ]
  const size = found.reduce((sum, finding) => sum + sizeChecked(finding), 0)
  const bad = found.reduce((sum, { checked }) => sum + checked.bad, 0)
  return `${kinds.join(' and ')}, ${counted(size, 'record')}: ${stateOf(bad, 'all in order', out)}`
}

/** How many are bad, in its colour. */
export function stateOf(bad: number, good: string, out: Output): string {
  return bad === 0 ? out.styled('green', good) : out.styled('red', `${grouped(bad)} bad`)
}
