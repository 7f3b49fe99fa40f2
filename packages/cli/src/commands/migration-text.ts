/** A migration's plan, as people read it. */

import type { MigrationPlan } from '@coffer/core'
import { Help } from 'commander'
import type { Output } from '../output/terminal.ts'

const INDENT = '  '

/** Tables that are made are named together from this number on. */
const MANY_MADE = 4

/** What would be done to each collection, the new ones together. */
export function planLines({ steps }: MigrationPlan, out: Output): string[] {
  const made = steps.filter(({ change }) => change === 'create').map(({ collection }) => collection)
  const areTogether = made.length >= MANY_MADE
  const lines = areTogether ? block(`${made.length} new tables`, [made.join(', ')], out) : []
  const told = steps.filter(({ change }) => !areTogether || change !== 'create')
  for (const collection of new Set(told.map((step) => step.collection))) {
    const own = told.filter((step) => step.collection === collection)
    lines.push(
      ...block(
        collection,
        own.map(({ says }) => says),
        out,
      ),
    )
  }
  return lines
}

/** The statements of a plan, to be read; each ends with a semicolon. */
export function statementLines({ steps, statements }: MigrationPlan): string[] {
  if (steps.length > 0 && statements.length === 0) {
    return ['-- there are no statements for this: coffer migrate --dry-run shows the steps']
  }
  return statements.flatMap(({ collection, statements: own }) => [
    `-- ${collection}`,
    ...own.map((statement) => `${statement.replace(/;\s*$/, '')};`),
  ])
}

function block(title: string, texts: readonly string[], out: Output): string[] {
  const room = out.width - INDENT.length
  return [
    out.styled('bold', title),
    ...texts.flatMap((text) => new Help().boxWrap(text, room).split('\n')).map((line) => `${INDENT}${line}`),
  ]
}
