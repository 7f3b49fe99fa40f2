/** Proves files that are said to be backups. */

import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { contentHash, listBackups, listLeftovers, proveBackup, readManifest, recognize } from '@coffer/backup'
import { createStore } from '@coffer/core'
import { errorText } from './error-text.ts'

const OTHERS = 0o077

/**
 * Proves every bit of a backup.
 *
 * @returns the hash of its contents; `undefined` for a dump, which only PostgreSQL reads
 */
export async function provenHash(path: string): Promise<string | undefined> {
  await proveBackup(path)
  const form = await recognize(path)
  if (form === 'pg_dump') return undefined
  if (form === 'archive') return (await readManifest(path)).contentHash
  await using source = createStore({ type: 'sqlite', path, readOnly: true })
  return await contentHash(source)
}

/**
 * What is wrong with a folder of backups: whatever has the name of one must be one, all else is told as what somebody
 * left who was killed, and everything is its owner's alone.
 */
export async function folderProblems(out: string, hash: string): Promise<readonly string[]> {
  const problems: string[] = []
  const files = readdirSync(out)
  const listed = await listBackups(out)
  for (const { name, path } of listed) {
    const found = await provenHash(path).catch((error: unknown) => errorText(error))
    if (found !== undefined && found !== hash) problems.push(`${name} is not what the place holds: ${found}`)
  }
  const leftovers = await listLeftovers(out, Date.now())
  const known = new Set([
    ...listed.flatMap(({ name }) => [name, `${name}.json`]),
    ...leftovers.map(({ name }) => name),
  ])
  for (const file of files) {
    if ((statSync(join(out, file)).mode & OTHERS) !== 0) problems.push(`${file} is open to others`)
    if (!known.has(file)) problems.push(`nobody tells what ${file} is`)
  }
  return problems
}
