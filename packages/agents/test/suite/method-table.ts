/** The table of the README: which methods there are, and that each is proven on every backend. */

import { fileURLToPath } from 'node:url'

export const README = fileURLToPath(new URL('../../README.md', import.meta.url))
/** The table stands between these two lines. */
const START = '<!-- methods: begin -->'
const END = '<!-- methods: end -->'

const BACKENDS = ['memory', 'file', 'SQLite', 'PostgreSQL']

/** One row for each method, with the number of cases that every backend has to pass. */
function methodTable(casesByMethod: ReadonlyMap<string, number>): string {
  const rows = [...casesByMethod].map(([method, cases]) => [
    `\`${method}\``,
    ...BACKENDS.map(() => `${cases}`),
  ])
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(['method', ...BACKENDS]), line(['---', ...BACKENDS.map(() => '--:')]), ...rows.map(line)].join(
    '\n',
  )
}

/** The README with the table as it has to be. */
export function withMethodTable(readme: string, casesByMethod: ReadonlyMap<string, number>): string {
  const [before, rest] = readme.split(START)
  const after = rest?.split(END)[1]
  if (before === undefined || after === undefined)
    throw new Error(`the README has no lines ${START} and ${END}`)
  return `${before}${START}\n\n${methodTable(casesByMethod)}\n\n${END}${after}`
}
