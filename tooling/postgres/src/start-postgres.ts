/**
 * A PostgreSQL server for tests, benchmarks and fault rigs, by the first road that is open: a URL that is
 * given, a container, the programs that the registry carries. It is always a real server, and when there is
 * none the error says what to do.
 */

import { randomBytes } from 'node:crypto'
import { administrationOf, endAdministration } from './administration.ts'
import { canRun, copyPrograms, embeddedBinaries, systemBinaries } from './binaries.ts'
import { CLUSTER_PID_FILE, startCluster } from './cluster.ts'
import { startContainer } from './container.ts'
import { dockerAnswers } from './docker-engine.ts'
import {
  NoPostgresError,
  type PostgresServer,
  type ServerAddress,
  type ServerKind,
  type ServerProcess,
} from './postgres-server.ts'
import { fastFolder, privateFolder } from './private-folder.ts'
import { dropRemains } from './remains.ts'
import { serverUser } from './server-user.ts'
import { type Settings, settingsFor } from './settings.ts'

/** The superuser's URL of a server to use instead of starting one. */
export const URL_VARIABLE = 'COFFER_TEST_POSTGRES_URL'

/** The oldest version that the tests are written for. */
const MIN_VERSION = 140_000

/** What is wanted of a server. */
export interface StartOptions {
  /** The road to take. Without it the roads are tried in turn; `system` is never tried unasked. */
  readonly kind?: ServerKind
  /**
   * PostgreSQL's own settings, `fsync` on, and files on a disk: for benchmarks and faults. Without it a power
   * cut may destroy the data, which is in memory where there is plenty, and everything is faster. A server
   * that is given stays as it is.
   */
  readonly durable?: boolean
  /** Settings by name, over all others. Refused by a server that is given. */
  readonly settings?: Settings
}

/**
 * Starts a server, or connects to the one that is given. It accepts connections when the promise resolves,
 * and ends with `stop()`, with its `await using` block, or at the latest with this process.
 *
 * @throws NoPostgresError when no road is open, or the one that was asked for is not.
 */
export async function startPostgres(options: StartOptions = {}): Promise<PostgresServer> {
  const { kind } = options
  if (kind !== undefined) return startByKind(kind, options)
  if ((process.env[URL_VARIABLE] ?? '') !== '') return startByKind('given', options)
  const failures: unknown[] = []
  if (await dockerAnswers()) {
    try {
      return await startByKind('container', options)
    } catch (cause) {
      failures.push(cause)
      console.warn(
        `No PostgreSQL in a container, though Docker answers (${messageOf(cause)}): trying without.`,
      )
    }
  }
  try {
    return await startByKind('embedded', options)
  } catch (cause) {
    failures.push(cause)
  }
  throw new NoPostgresError(
    `There is no PostgreSQL for the tests. Set ${URL_VARIABLE} to a superuser's URL of a server, or start ` +
      `Docker, or install the optional dependencies of tooling/postgres.\n${failures.map(messageOf).join('\n')}`,
    { cause: new AggregateError(failures) },
  )
}

function startByKind(kind: ServerKind, options: StartOptions): Promise<PostgresServer> {
  switch (kind) {
    case 'given':
      return useGiven(options)
    case 'container':
      return startInContainer(options)
    case 'embedded':
    case 'system':
      return startHere(kind, options)
  }
}

async function useGiven({ settings }: StartOptions): Promise<PostgresServer> {
  const url = process.env[URL_VARIABLE] ?? ''
  if (!URL.canParse(url) || new URL(url).hostname === '') {
    throw new NoPostgresError(`${URL_VARIABLE} is not set to a URL with a host`)
  }
  if (settings !== undefined) {
    throw new NoPostgresError(`The server of ${URL_VARIABLE} cannot be given settings: unset the variable`)
  }
  return serverOf('given', url, undefined, dropRemains)
}

async function startInContainer({ durable, settings }: StartOptions): Promise<PostgresServer> {
  const container = await startContainer(settingsFor(durable ?? false, settings))
  return serverOf('container', container.url, undefined, () => container.stop())
}

async function startHere(
  kind: 'embedded' | 'system',
  { durable = false, settings }: StartOptions,
): Promise<PostgresServer> {
  const installed = kind === 'system' ? systemBinaries() : embeddedBinaries()
  if (installed === undefined) throw new NoPostgresError(MISSING[kind])
  const user = serverUser()
  const mayRun = canRun(installed, user)
  // Programs cannot run from memory: it is mounted so on most machines.
  const folder = privateFolder(user, CLUSTER_PID_FILE, durable || !mayRun ? undefined : fastFolder())
  try {
    const binDirectory = mayRun ? installed : copyPrograms(installed, folder.path)
    const cluster = await startCluster({
      binDirectory,
      folder: folder.path,
      user,
      settings: { ...(kind === 'embedded' ? NEWER : {}), ...settingsFor(durable, settings) },
    })
    return await serverOf(kind, cluster.url, cluster.process, async () => {
      if (cluster.process.isRunning()) {
        // What stands still cannot end.
        cluster.process.thaw()
        await cluster.process.stop('immediate')
      }
      folder.remove()
    })
  } catch (cause) {
    folder.remove()
    throw cause
  }
}

/**
 * What only newer versions know: the kernel copies the files of a template, and passwords are as random as a
 * key, so that hashing them thousands of times protects nothing and only slows every connection.
 */
const NEWER: Settings = { file_copy_method: 'clone', scram_iterations: '1' }

const MISSING = {
  embedded: `The registry has no PostgreSQL for ${process.platform} on ${process.arch}, or it was not installed.`,
  system: `No PostgreSQL is installed here: 'pg_config --bindir' names no folder with initdb in it, nor does COFFER_TEST_POSTGRES_BIN.`,
}

/** Asks the server who it is; what does not fit is told here, and not by some test later. */
async function serverOf(
  kind: ServerKind,
  url: string,
  process: ServerProcess | undefined,
  end: (address: ServerAddress) => Promise<void>,
): Promise<PostgresServer> {
  let address: ServerAddress
  try {
    address = await addressOf(url)
  } catch (cause) {
    await endAdministration(url)
    throw cause
  }
  let ended: Promise<void> | undefined
  const stop = () => {
    ended ??= end(address).finally(() => endAdministration(url))
    return ended
  }
  return { ...address, kind, process, stop, [Symbol.asyncDispose]: stop }
}

interface Facts {
  readonly version: number
  readonly superuser: boolean
  readonly fsync: string
}

async function addressOf(url: string): Promise<ServerAddress> {
  const { rows } = await administrationOf(url)
    .query<Facts>(
      `SELECT current_setting('server_version_num')::int AS version, rolsuper AS superuser,
              current_setting('fsync') AS fsync
         FROM pg_roles WHERE rolname = current_user`,
    )
    .catch((cause: unknown) => {
      throw new NoPostgresError(`The PostgreSQL for the tests does not answer: ${messageOf(cause)}`, {
        cause,
      })
    })
  const [facts] = rows
  if (facts?.superuser !== true) {
    throw new NoPostgresError(
      `The URL in ${URL_VARIABLE} must be a superuser's: tests make roles and databases`,
    )
  }
  if (facts.version < MIN_VERSION) {
    throw new NoPostgresError(`PostgreSQL ${Math.floor(facts.version / 10_000)} is too old: 14 is the oldest`)
  }
  const run = randomBytes(4).toString('hex')
  return { url, version: facts.version, run, copiesFiles: facts.fsync === 'off' }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message || cause.name : String(cause)
}
