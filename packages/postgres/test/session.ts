/** A connection with settings that nobody would choose, and tables made in a schema with a quote in its name. */

import type { Layout, Query } from '@coffer/core/backend'
import {
  type Dialect,
  type PagePart,
  type Parameter,
  postgresDialect,
  type RawRow,
  schemaOf,
  type Table,
  type Template,
  tableOf,
} from '@coffer/sql'
import { createDatabase } from '@coffer-tooling/postgres'
import { sharedServer } from '@coffer-tooling/postgres/vitest'
import pg from 'pg'

const SCHEMA = 'odd"name'

/** Settings that change how values are written, read or rounded. */
const SETTINGS = [
  `TimeZone = 'Asia/Kathmandu'`,
  `DateStyle = 'German'`,
  `IntervalStyle = 'sql_standard'`,
  `bytea_output = 'escape'`,
  'extra_float_digits = -10',
]

/** Statements run one by one on one connection, in a database of their own. */
export interface OddSession extends AsyncDisposable {
  readonly dialect: Dialect
  run(text: string, parameters?: readonly Parameter[]): Promise<readonly RawRow[]>
  use<Input extends readonly unknown[]>(
    template: Template<Input>,
    ...input: Input
  ): Promise<readonly RawRow[]>
  /** Runs statements as one transaction. */
  transact(statements: readonly string[]): Promise<void>
  create(layout: Layout): Promise<Table>
  /** The rows of a page and one more. */
  page(parts: readonly PagePart[], query: Query): Promise<readonly RawRow[]>
}

/** @param role who is connected: the owner of all that is made, or somebody who may do anything */
export async function oddSession(role: 'owner' | 'superuser' = 'owner'): Promise<OddSession> {
  const database = await createDatabase(sharedServer())
  const client = new pg.Client({
    connectionString: role === 'owner' ? database.url : database.superuserUrl,
  })
  await client.connect()
  const dialect = postgresDialect(SCHEMA)
  const types = { getTypeParser: () => (value: string) => value }
  const run: OddSession['run'] = async (text, values = []) =>
    (await client.query<unknown[]>({ text, values: [...values], rowMode: 'array', types })).rows
  for (const setting of SETTINGS) await run(`SET ${setting}`)
  await run(`CREATE SCHEMA ${dialect.quote(SCHEMA)}`)
  return {
    dialect,
    run,
    use: (template, ...input) => run(template.text, template.parameters(...input)),
    transact: async (statements) => {
      for (const statement of ['BEGIN', ...statements, 'COMMIT']) await run(statement)
    },
    create: async (layout) => {
      const table = tableOf(dialect, layout)
      const { table: own, around, guards } = schemaOf(table)
      for (const object of [own, ...around]) await run(object.create)
      for (const statement of guards.create) await run(statement)
      return table
    },
    page: async (parts, { limit }) => {
      const rows: RawRow[] = []
      for (const part of parts) {
        const { text, parameters } = part(limit + 1 - rows.length)
        rows.push(...(await run(text, parameters)))
        if (rows.length > limit) break
      }
      return rows
    },
    [Symbol.asyncDispose]: async () => {
      await client.end()
      await database.drop()
    },
  }
}
