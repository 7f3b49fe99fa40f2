/** For copies in PostgreSQL's own form: false programs, folders, and a server that comes with the real ones. */

import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDatabase, NoPostgresError, startPostgres } from '@coffer-tooling/postgres'
import { afterAll, onTestFinished, vi } from 'vitest'

export async function temporaryFolder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'native-copy-'))
  onTestFinished(() => rm(made, { recursive: true, force: true }))
  return made
}

/** How a program was called. */
interface Call {
  readonly words: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/**
 * Puts a program in the place of a real one; it writes down how it was called, but for its version.
 *
 * @param body JavaScript; `words` are what it was called with
 */
export async function falseProgram(
  variable: 'PG_DUMP' | 'PG_RESTORE',
  body: string,
  version = 99,
): Promise<{ call(): Promise<Call> }> {
  const path = await temporaryFolder()
  const program = join(path, 'program')
  const note = JSON.stringify(join(path, 'call'))
  await writeFile(
    program,
    `#!${process.execPath}\nconst fs = require('node:fs')\nconst words = process.argv.slice(2)\n` +
      `if (words[0] === '--version') { console.log('program (PostgreSQL) ${version}.1'); process.exit(0) }\n` +
      `fs.writeFileSync(${note}, JSON.stringify({ words, env: process.env }))\n${body}`,
  )
  await chmod(program, 0o700)
  vi.stubEnv(variable, program)
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
  return { call: async () => JSON.parse(await readFile(join(path, 'call'), 'utf8')) }
}

/**
 * The server that is installed on this machine, if any, shared by a file; for the one of the tests comes without
 * programs.
 */
export function systemServer() {
  let starting: Promise<Awaited<ReturnType<typeof startPostgres>> | undefined> | undefined
  afterAll(async () => {
    await (await starting)?.[Symbol.asyncDispose]()
  })
  return async () => {
    starting ??= startPostgres({ kind: 'system' }).catch((error: unknown) => {
      if (error instanceof NoPostgresError) return undefined
      throw error
    })
    const server = await starting
    if (server === undefined) return undefined
    const database = await createDatabase(server)
    onTestFinished(() => database[Symbol.asyncDispose]())
    return database
  }
}
