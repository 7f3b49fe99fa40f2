/** Faults in copies in the engine's own form. */

import { rm, writeFile } from 'node:fs/promises'
import { type Contents, type NativeRestore, StoreError } from '@coffer/core/backend'
import { allFloorsIn, allRowsIn, contentsFault, isSameKey } from './contents-fault.ts'
import type { Fault } from './fault.ts'

type Backup = NonNullable<Contents['nativeBackup']>
type Restore = NonNullable<Contents['nativeRestore']>

/** A fault in the making of copies, where there are any. */
function backupFault(
  id: string,
  title: string,
  wrong: (backup: Backup, contents: Contents) => Backup,
): Fault {
  return contentsFault(id, 'O13', title, (contents) =>
    contents.nativeBackup === undefined ? {} : { nativeBackup: wrong(contents.nativeBackup, contents) },
  )
}

/** A fault in putting them back, where that can be done. */
function restoreFault(
  id: string,
  title: string,
  wrong: (restore: Restore, contents: Contents) => Restore,
): Fault {
  return contentsFault(id, 'O13', title, (contents) =>
    contents.nativeRestore === undefined ? {} : { nativeRestore: wrong(contents.nativeRestore, contents) },
  )
}

/** Fills a place anew with what it holds, but for what is left out. */
async function refill(contents: Contents, left: { readonly floors?: true; readonly past?: true }) {
  const { layouts, tables } = await contents.snapshot(async (snapshot) => ({
    layouts: snapshot.layouts,
    tables: await Promise.all(
      snapshot.layouts.map(async ({ layout }) => ({
        layout,
        rows: left.past && layout.name.endsWith('__history') ? [] : await allRowsIn(snapshot, layout),
        floors: left.floors ? [] : await allFloorsIn(snapshot, layout),
      })),
    ),
  }))
  await contents.replace({ layouts, onlyIfEmpty: false }, async (loader) => {
    for (const { layout, rows, floors } of tables) {
      await loader.rows(layout, rows)
      await loader.floors(layout, floors)
    }
  })
}

/** Every row that a place holds, by layout. */
function tablesIn(contents: Contents) {
  return contents.snapshot((snapshot) =>
    Promise.all(
      snapshot.layouts.map(async ({ layout }) => ({ layout, rows: await allRowsIn(snapshot, layout) })),
    ),
  )
}

const making: readonly Fault[] = [
  backupFault(
    'native-over-file',
    'a copy goes over the file that is there',
    (backup) => async (path, options) => {
      await rm(path, { force: true })
      return backup(path, options)
    },
  ),
  backupFault(
    'native-not-stopped',
    'a copy goes on when it is to be stopped',
    (backup) => (path) => backup(path),
  ),
  backupFault(
    'native-part-left',
    'a copy that is stopped leaves a part of it',
    (backup) => async (path, options) => {
      if (options?.signal?.aborted) await writeFile(path, 'part')
      return backup(path, options)
    },
  ),
  backupFault('native-empty', 'a copy is an empty file', (backup) => async (path, options) => {
    const form = await backup(path, options)
    await writeFile(path, '')
    return form
  }),
  backupFault(
    'native-purges',
    'making a copy removes the past',
    (backup, contents) => async (path, options) => {
      const form = await backup(path, options)
      await refill(contents, { past: true })
      return form
    },
  ),
  contentsFault('native-refusal-leaves-file', 'O13', 'what has no form of its own leaves a file', () => ({
    nativeBackup: async (path) => {
      await writeFile(path, '')
      throw new StoreError('UNSUPPORTED', 'there is no such form')
    },
  })),
]

const puttingBack: readonly Fault[] = [
  restoreFault(
    'native-restore-over-rows',
    'a place with rows is taken for an empty one',
    (restore) => (path, options) => restore(path, { ...options, onlyIfEmpty: false }),
  ),
  restoreFault(
    'native-restore-not-stopped',
    'a restore goes on when it is to be stopped',
    (restore) =>
      (path, { onlyIfEmpty }: NativeRestore) =>
        restore(path, { onlyIfEmpty }),
  ),
  restoreFault(
    'native-restore-floors-lost',
    'versions begin again after a restore',
    (restore, contents) => async (path, options) => {
      await restore(path, options)
      await refill(contents, { floors: true })
    },
  ),
  restoreFault(
    'native-restore-past-lost',
    'the past is not restored',
    (restore, contents) => async (path, options) => {
      await restore(path, options)
      await refill(contents, { past: true })
    },
  ),
  restoreFault(
    'native-restore-adds',
    'rows that the copy lacks stay',
    (restore, contents) => async (path, options) => {
      const before = await tablesIn(contents)
      await restore(path, options)
      const now = await tablesIn(contents)
      for (const { layout, rows } of before) {
        const there = now.find((table) => table.layout.name === layout.name)?.rows
        if (there === undefined) continue
        const put = rows.filter((row) => !there.some((each) => isSameKey(each, row)))
        await contents.merge(layout, { put, remove: [], floors: [] })
      }
    },
  ),
  restoreFault(
    'native-restore-empties-first',
    'what can not be read empties the place',
    (restore, contents) => async (path, options) => {
      if (!options.onlyIfEmpty)
        await contents.replace({ layouts: [], onlyIfEmpty: false }, async () => undefined)
      return restore(path, options)
    },
  ),
  restoreFault(
    'native-restore-damage-passed-over',
    'what can not be read is passed over',
    (restore) => async (path, options) => {
      await restore(path, options).catch((error: unknown) => {
        if (!(error instanceof StoreError) || error.code !== 'CORRUPT') throw error
      })
    },
  ),
]

/** O13: copies in the engine's own form. */
export const nativeCopyFaults: readonly Fault[] = [...making, ...puttingBack]
