/** What opening would have to make or change, refused where `migrate: 'verify'` or `readOnly` does not allow it. */

import { dirname } from 'node:path'
import { type Layout, someNames } from '@coffer/core/backend'
import type { View } from '@coffer/memory/engine'
import { sortNames } from './directory-names.ts'
import { fileError } from './error-code.ts'
import type { FileSystem } from './file-system.ts'
import { layoutText } from './layout-text.ts'

/** Whether a store was ever made in a directory. What is no directory is told by whoever opens it. */
export async function isStoreIn(fileSystem: FileSystem, directory: string): Promise<boolean> {
  const status = await fileSystem.status(directory)
  if (status?.type !== 'directory') return status !== undefined
  const { logs, snapshots } = sortNames(await fileSystem.list(directory))
  return logs.length > 0 || snapshots.length > 0
}

/** Whether there is nothing yet where a store can be made. What can't be one is told by whoever opens it. */
export async function isNothingIn(fileSystem: FileSystem, directory: string): Promise<boolean> {
  if (directory.includes('\0')) return false
  const status = await fileSystem.status(directory)
  if (status === undefined) return (await fileSystem.status(dirname(directory))) !== undefined
  if (status.type !== 'directory') return false
  const { logs, snapshots, foreign } = sortNames(await fileSystem.list(directory))
  return logs.length === 0 && snapshots.length === 0 && foreign.length === 0
}

/** @throws StoreError `UNSUPPORTED` for layouts that are missing, other ones, or have rows of another form */
export function assertLayouts(view: View, layouts: readonly Layout[]): void {
  const right = new Set(
    [...view.tables()].filter(({ stale }) => !stale).map(({ layout }) => layoutText(layout)),
  )
  const changed = layouts.filter((layout) => !right.has(layoutText(layout)))
  if (changed.length === 0) return
  throw unsupported(
    `the directory holds nothing, or rows of another form, for ${someNames(changed.map(({ name }) => name))}`,
  )
}

/**
 * For a reader, which takes rows of another form as they are and brings them up by itself: a collection that is not
 * there would look like an empty one.
 *
 * @throws StoreError `UNSUPPORTED` for layouts that the directory does not hold
 */
export function assertHeld(view: View, layouts: readonly Layout[]): void {
  const held = new Set([...view.tables()].map(({ layout }) => layout.name))
  const missing = layouts.filter(({ name }) => !held.has(name))
  if (missing.length === 0) return
  throw fileError(
    'UNSUPPORTED',
    `the directory holds nothing for ${someNames(missing.map(({ name }) => name))}, and readOnly: true makes nothing: ` +
      'open the store once without readOnly',
  )
}

/** What there is to say where there is no store. */
export function absent(directory: string) {
  return unsupported(`there is no store in ${directory}`)
}

function unsupported(what: string) {
  const advice = "and migrate: 'verify' changes nothing: open the store once with migrate: 'auto'"
  return fileError('UNSUPPORTED', `${what}, ${advice}`)
}
