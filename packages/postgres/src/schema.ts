/** The schema of one store: its name, its dialect, and the tables that are Coffer's own. */

import { type Dialect, type OwnTables, ownTables, postgresDialect } from '@coffer/sql'

/** The schema in the database that holds everything of a store. */
export interface Schema {
  /** Not quoted. */
  readonly name: string
  readonly dialect: Dialect
  readonly own: OwnTables
  /** The table of floors, quoted. */
  readonly floors: string
}

/** The schema of this name. */
export function schema(name: string): Schema {
  const dialect = postgresDialect(name)
  return { name, dialect, own: ownTables(dialect, ''), floors: dialect.qualify('_coffer_floors') }
}
