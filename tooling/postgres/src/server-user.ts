/** PostgreSQL refuses to run as root: as whom its processes run instead. */

import { execFileSync } from 'node:child_process'

/** A user by number, as `spawn` takes it. */
export interface ServerUser {
  readonly uid: number
  readonly gid: number
}

/** The first that exists is taken. `nobody` is everywhere, so that no user has to be made. */
const CANDIDATES = ['postgres', 'nobody']

/**
 * The user for PostgreSQL's processes, or `undefined` when that is the one who runs this process.
 *
 * @throws Error when root has no user to hand over to.
 */
export function serverUser(candidates: readonly string[] = CANDIDATES): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined
  for (const name of candidates) {
    const uid = numberOf('-u', name)
    const gid = numberOf('-g', name)
    if (uid !== undefined && gid !== undefined) return { uid, gid }
  }
  throw new Error(`PostgreSQL cannot run as root, and there is no user ${candidates.join(' or ')}`)
}

function numberOf(which: '-u' | '-g', name: string): number | undefined {
  try {
    const output = execFileSync('id', [which, name], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return Number.parseInt(output, 10)
  } catch {
    return undefined
  }
}
