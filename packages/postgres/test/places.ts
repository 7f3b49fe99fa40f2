/** The database of a test file, and places for stores in it: each a schema of its own. */

import type { Place } from '@coffer/conformance'
import type { PostgresOptions } from '@coffer/core/backend'
import { createDatabase, type TestDatabase } from '@coffer-tooling/postgres'
import { placeIn as placeOf } from '@coffer-tooling/postgres/place'
import { sharedServer } from '@coffer-tooling/postgres/vitest'
import { afterAll } from 'vitest'
import { postgres } from '../src/index.ts'

export { freshSchema } from '@coffer-tooling/postgres/place'

/** The database of this test file, made when it is first asked for. That nothing leaks is seen when it is dropped. */
export function fileDatabase(): () => Promise<TestDatabase> {
  let database: Promise<TestDatabase> | undefined
  afterAll(async () => {
    await (await database)?.drop()
  })
  return () => {
    database ??= createDatabase(sharedServer())
    return database
  }
}

/** A place in the database, as the conformance suite wants it. */
export function placeIn(database: TestDatabase, options: PostgresOptions = {}): Place {
  return placeOf(database, postgres, options)
}
