/** Statements that are run as often as it takes PostgreSQL to keep one plan of them for all values. */

import pg from 'pg'
import type { Sent } from './recorder.ts'

/** The names of statements whose plans stay, by connection and text. */
const routines = new WeakMap<pg.Client, Map<string, string>>()
let names = 0

/** Answers how to run a statement. Where the backend keeps it prepared, its plan is the one that stays. */
export async function routine(connection: pg.Client, { text, values, name }: Sent): Promise<string> {
  const known = routines.get(connection) ?? new Map<string, string>()
  routines.set(connection, known)
  const found = known.get(text)
  const own = found ?? `statement_${names++}`
  const execute = `EXECUTE ${own} (${values.map(literal).join(', ')})`
  if (found !== undefined) return execute
  await connection.query(`PREPARE ${own} AS ${text}`)
  if (name === undefined) return execute
  known.set(text, own)
  await connection.query('BEGIN')
  for (let run = 0; run < 6; run++) {
    await connection.query('SAVEPOINT run')
    // One that is strict fails while the table is empty.
    await connection.query(execute).catch(() => undefined)
    await connection.query('ROLLBACK TO run')
  }
  await connection.query('ROLLBACK')
  return execute
}

function literal(value: unknown): string {
  if (value === null || value === undefined) return 'NULL'
  if (!Array.isArray(value)) return pg.escapeLiteral(String(value))
  return pg.escapeLiteral(`{${value.map((one) => JSON.stringify(String(one))).join()}}`)
}

/** A step of a plan, as PostgreSQL explains it. */
export interface Plan {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly Plan[]
}

/** All steps of a plan. */
export function nodesOf(plan: Plan): readonly Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]
}
