/** Backends and connections that are closed when a test is over. */

import type { Backend, Layout, PostgresOptions } from '@coffer/core/backend'
import pg from 'pg'
import { onTestFinished } from 'vitest'
import { postgres } from '../src/index.ts'
import { NOTES } from './layouts.ts'

/** A backend that is closed when the test is over. */
export function backendFor(options: PostgresOptions): Backend {
  const backend = postgres(options.pool === undefined ? { max: 2, ...options } : options)
  onTestFinished(() => backend.close())
  return backend
}

/** An open backend that is closed when the test is over. */
export async function opened(
  options: PostgresOptions,
  layouts: readonly Layout[] = [NOTES],
): Promise<Backend> {
  const backend = backendFor(options)
  await backend.open(layouts)
  return backend
}

/** A connection around the backend that is closed when the test is over. */
export async function rawConnection(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  onTestFinished(() => client.end())
  return client
}
