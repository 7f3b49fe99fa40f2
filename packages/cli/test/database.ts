/** A database of its own for a test file, how the command is pointed to it, and what it must never print. */

import { createDatabase, type TestDatabase } from '@coffer-tooling/postgres'
import { sharedServer } from '@coffer-tooling/postgres/vitest'
import { afterAll, beforeAll, expect } from 'vitest'
import type { Result } from './command.ts'

/** The database of the test file that runs. */
export let database: TestDatabase

beforeAll(async () => {
  database = await createDatabase(sharedServer())
})

// Throws where a command has left a connection open.
afterAll(() => database.drop())

/** The options that name a store in a schema, with what else stands in the address. */
export function at(schema: string, more = ''): string[] {
  return ['--store', `${database.url}?schema=${schema}${more}`]
}

export function expectNoSecret({ out, err }: Result): void {
  const { password } = new URL(database.url)
  expect(password.length).toBeGreaterThan(3)
  expect(out + err).not.toContain(password)
}
