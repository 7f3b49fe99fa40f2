/** SPEC.md: the clauses of the suite as a page, so that the page can't say what the suite does not prove. */

import { allClauses as clauses } from '@coffer/conformance'

const GROUPS: readonly (readonly [prefix: string, title: string])[] = [
  ['K', 'Keys and order'],
  ['V', 'Values'],
  ['R', 'Reading'],
  ['W', 'Writing'],
  ['T', 'Expiry and deletion'],
  ['X', 'Transactions'],
  ['L', 'Life'],
  ['H', 'History'],
  ['I', 'Integrity'],
  ['U', 'Upgrades'],
  ['N', 'Tenants'],
  ['G', 'Logs'],
  ['B', 'Batching'],
  ['M', 'Modules'],
  ['C', 'Cache'],
  ['O', 'Operating a place'],
  ['D', 'Diagnostics'],
  ['E', 'Errors'],
  ['S', 'The suite itself'],
]

const INTRODUCTION = `# Specification

What holds on every backend. Each clause has an id that stays as it is, and cases in \`@coffer/conformance\` that
prove it; \`pnpm conformance\` prints which backend passes which. A backend that does not declare a capability
refuses what needs it with \`UNSUPPORTED\`; nothing is silently weakened.
`

/** The whole page. */
export function specification(): string {
  const sections = GROUPS.map(([prefix, title]) => {
    const rows = Object.entries(clauses).filter(([id]) => id.startsWith(prefix))
    return `## ${title}\n\n| id | clause |\n|---|---|\n${rows.map(([id, text]) => `| ${id} | ${text} |`).join('\n')}\n`
  })
  return [INTRODUCTION, ...sections].join('\n')
}
