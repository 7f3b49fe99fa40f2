/** A place of its own for a test, on each backend. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StoreConfig } from '@coffer/core'
import { memory } from '@coffer/memory'
import { createDatabase } from '@coffer-tooling/postgres'
import { sharedServer } from '@coffer-tooling/postgres/vitest'

export const BACKENDS = ['memory', 'file', 'sqlite', 'postgresql'] as const
export type BackendName = (typeof BACKENDS)[number]

/** A place, and how to take it away. */
export interface TestPlace extends AsyncDisposable {
  /** The config of a store in it. A memory place has one store only. */
  readonly config: StoreConfig
}

/** A folder that goes with the test. */
export function testFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'coffer-backup-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

export async function placeOn(backend: BackendName): Promise<TestPlace> {
  if (backend === 'memory')
    return { config: { backend: memory() }, [Symbol.asyncDispose]: async () => undefined }
  if (backend === 'postgresql') {
    const database = await createDatabase(sharedServer())
    return {
      config: { type: 'postgresql', connectionString: database.url },
      [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
    }
  }
  const folder = testFolder()
  const config: StoreConfig =
    backend === 'sqlite'
      ? { type: 'sqlite', path: join(folder.path, 'store.db') }
      : { type: 'file', basePath: join(folder.path, 'store') }
  return { config, [Symbol.asyncDispose]: async () => folder[Symbol.dispose]() }
}
