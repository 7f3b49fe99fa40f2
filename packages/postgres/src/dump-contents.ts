/** What a dump of pg_dump holds, as `pg_restore --list` tells it without any server. */

import { StoreError } from '@coffer/core/backend'
import {
  type ClientProgram,
  type FoundProgram,
  findProgram,
  requireVersion,
  runProgram,
  stopped,
} from './client-program.ts'

const PROGRAM: ClientProgram = { name: 'pg_restore', variable: 'PG_RESTORE' }

/** A dump that can be restored, and the program that does it. */
export interface ReadableDump {
  readonly program: FoundProgram
  /** The names of its tables. */
  readonly tables: ReadonlySet<string>
}

/**
 * Reads what a dump holds.
 *
 * @param schema what it has to be of, and of nothing else
 * @throws `UNSUPPORTED` where there is no program that knows it, `CORRUPT` for what can't be read,
 *   `INVALID_ARGUMENT` for a dump of something else
 */
export async function readDump(
  path: string,
  schema: string,
  signal: AbortSignal | undefined,
): Promise<ReadableDump> {
  const program = await findProgram(PROGRAM)
  // Its own messages are told apart by their words.
  const run = { environment: { ...process.env, LC_ALL: 'C' }, signal }
  const { hasFailed, wasStopped, printed, said } = await runProgram(
    program,
    ['--format=custom', '--list', path],
    run,
  )
  if (wasStopped) throw stopped()
  if (hasFailed) throw unreadable(said)
  const lines = printed.split('\n')
  for (const line of lines) requireVersion(program, Number(DUMPED_BY.exec(line)?.[1] ?? 0))
  const entries = lines.filter((line) => ENTRY.test(line)).map((line) => line.replace(ENTRY, ''))
  requireSchema(entries, schema)
  const inTable = new RegExp(`^TABLE ${schema} (\\S+) `)
  const tables = new Set(entries.flatMap((entry) => inTable.exec(entry)?.[1] ?? []))
  if (!OWN_TABLES.every((table) => tables.has(table))) {
    throw refusal('INVALID_ARGUMENT', 'the dump holds no store of Coffer: take one that coffer backup made')
  }
  return { program, tables }
}

const DUMPED_BY = /^; +Dumped by pg_dump version: (\d+)/
/** The numbers in front of an entry: `217; 1259 16401 TABLE coffer notes owner`. */
const ENTRY = /^\d+; \d+ \d+ /
const OWN_TABLES = ['_coffer_meta', '_coffer_layouts', '_coffer_floors']

function requireSchema(entries: readonly string[], schema: string): void {
  // The kinds of entries are in capitals, and the names of schemas are not.
  const own = new RegExp(
    `^(?:[A-Z ]+ ${schema} |(?:(?:ACL|COMMENT|SECURITY LABEL) - )?SCHEMA (?:- )?${schema} )`,
  )
  const other = entries.find((entry) => !own.test(entry))
  if (other === undefined) return
  const named = /^(?:SCHEMA -|[A-Z ]+) ([a-z_][a-z0-9_]*) /.exec(other)?.[1]
  const holds = named === undefined ? 'more than the schema of one store' : `the schema ${named}`
  throw refusal(
    'INVALID_ARGUMENT',
    `the dump holds ${holds}, and this store is in the schema ${schema}: ` +
      'a dump is restored under the name that it was made of, by a store with that schema',
  )
}

function unreadable(said: string): StoreError {
  const version = /unsupported version \([\d.]+\) in file header/.exec(said)?.[0]
  if (version !== undefined) {
    const message = `pg_restore says ${version}: install a newer postgresql-client, or name one with ${PROGRAM.variable}`
    return refusal('UNSUPPORTED', message)
  }
  const cause = new Error(said.trim().split('\n')[0] || 'it said nothing')
  const message = 'pg_restore can not read the file: it is cut off, damaged, or no dump in the custom format'
  return new StoreError('CORRUPT', message, { backend: 'postgresql', cause })
}

function refusal(code: 'INVALID_ARGUMENT' | 'UNSUPPORTED', message: string): StoreError {
  return new StoreError(code, message, { backend: 'postgresql' })
}
