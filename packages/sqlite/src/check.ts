/** SQLite's own check of a database: https://www.sqlite.org/pragma.html#pragma_integrity_check */

import type { Connection } from './connection.ts'
import { errorCode } from './error-code.ts'

/** How many problems are told. */
const MAX_PROBLEMS = 100

/** What is wrong with the structure of the database, in SQLite's words; empty when nothing is. */
export function checkStructure(connection: Connection): readonly string[] {
  try {
    const problems = connection.column(`PRAGMA integrity_check(${MAX_PROBLEMS})`, []).map(String)
    return problems.length === 1 && problems[0] === 'ok' ? [] : problems
  } catch (error) {
    if (errorCode(error) !== 'CORRUPT') throw error
    return [String(error)]
  }
}
