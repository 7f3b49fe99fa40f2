/** Copies of a place in memory in a form of its own: JSON. So that faults in such copies can be planted without an engine. */

import { open, readFile, rm } from 'node:fs/promises'
import type { Contents, NativeRestore } from '@coffer/core/backend'
import { type HeldLayout, type NewRow, StoreError, type TenantFloor } from '@coffer/core/backend'

/** More rows than any case has. */
const ALL = 1_000_000

interface Table {
  readonly held: HeldLayout
  readonly rows: readonly NewRow[]
  readonly floors: readonly TenantFloor[]
}

/** The members of contents that make such copies and put them back. */
export function memoryCopies(contents: Contents): Required<Pick<Contents, 'nativeBackup' | 'nativeRestore'>> {
  return {
    nativeBackup: async (path, { signal } = {}) => {
      throwIfStopped(signal)
      const text = JSON.stringify(await tablesIn(contents))
      const file = await open(path, 'wx').catch((cause: unknown) => {
        throw new StoreError('ALREADY_EXISTS', `${path} can not be made`, { cause })
      })
      try {
        await file.writeFile(text)
        throwIfStopped(signal)
      } catch (error) {
        await rm(path)
        throw error
      } finally {
        await file.close()
      }
      return 'memory_json'
    },
    nativeRestore: async (path, { onlyIfEmpty, signal }: NativeRestore) => {
      throwIfStopped(signal)
      const tables = await readCopy(path)
      const layouts = tables.map(({ held }) => held)
      await contents.replace({ layouts, onlyIfEmpty }, async (loader) => {
        for (const { held, rows, floors } of tables) {
          await loader.rows(held.layout, rows)
          await loader.floors(held.layout, floors)
          throwIfStopped(signal)
        }
      })
    },
  }
}

function tablesIn(contents: Contents): Promise<readonly Table[]> {
  return contents.snapshot((snapshot) =>
    Promise.all(
      snapshot.layouts.map(async (held) => ({
        held,
        rows: await snapshot.rows(held.layout, undefined, ALL),
        floors: await snapshot.floors(held.layout, undefined, ALL),
      })),
    ),
  )
}

async function readCopy(path: string): Promise<readonly Table[]> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as readonly Table[]
  } catch (cause) {
    throw new StoreError('CORRUPT', `${path} is no copy`, { cause })
  }
}

function throwIfStopped(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new StoreError('ABORTED', 'stopped as asked')
}
