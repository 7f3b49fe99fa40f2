/**
 * A PostgreSQL server of this machine, made from a folder of programs by `initdb` and run by `pg_ctl`. It
 * listens on 127.0.0.1 alone, with a password, and on no Unix socket.
 */

import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from './free-port.ts'
import type { ServerProcess, ShutdownMode } from './postgres-server.ts'
import { childrenOf, isAlive } from './processes.ts'
import type { ServerUser } from './server-user.ts'
import type { Settings } from './settings.ts'

const execute = promisify(execFile)

/** How often a start is tried when somebody else takes the port first. */
const MAX_PORTS = 3

/** The longest that a start or a stop may take. */
const CONTROL_TIMEOUT_MS = 60_000

/** What a cluster is made of. */
export interface ClusterOptions {
  readonly binDirectory: string
  /** Takes the data and the log; owned by the user. */
  readonly folder: string
  readonly user: ServerUser | undefined
  readonly settings: Settings
}

/** A running cluster and the superuser's URL. */
export interface Cluster {
  readonly url: string
  readonly process: ServerProcess
}

/** Where a cluster's process id stands, relative to its folder. */
export const CLUSTER_PID_FILE = join('data', 'postmaster.pid')

/** Makes a cluster and starts it. Throws an error with the server's last words when it does not come up. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const password = randomBytes(16).toString('hex')
  await initialise(options, password)
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort()
    configure(options, { ...options.settings, port: String(port) })
    const process = serverProcess(options, port)
    try {
      await process.start()
      return { url: `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`, process }
    } catch (cause) {
      const isTaken = /could not bind/.test(lastWords(process.logFile))
      if (!isTaken || attempt === MAX_PORTS) throw cause
    }
  }
}

async function initialise({ binDirectory, folder, user }: ClusterOptions, password: string): Promise<void> {
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, password, { mode: 0o644 })
  const flags = ['--encoding=UTF8', '--locale=C', '--no-sync', '--auth=scram-sha-256', '--username=postgres']
  await execute(
    join(binDirectory, 'initdb'),
    [...flags, `--pwfile=${passwordFile}`, '-D', join(folder, 'data')],
    { ...user, cwd: folder, env: environment(), timeout: CONTROL_TIMEOUT_MS },
  )
}

/** The last line for a setting wins, so a new port is simply written below. */
function configure({ folder }: ClusterOptions, settings: Settings): void {
  const own = { listen_addresses: '127.0.0.1', unix_socket_directories: '', ...settings }
  const lines = Object.entries(own).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`)
  appendFileSync(join(folder, 'data', 'postgresql.conf'), lines.join(''))
}

function serverProcess({ binDirectory, folder, user }: ClusterOptions, port: number): ServerProcess {
  const dataDirectory = join(folder, 'data')
  const logFile = join(folder, 'server.log')
  const control = async (...command: readonly string[]) => {
    try {
      await execute(
        join(binDirectory, 'pg_ctl'),
        ['-D', dataDirectory, '-w', '-t', String(CONTROL_TIMEOUT_MS / 1000), ...command],
        { ...user, cwd: folder, env: environment() },
      )
    } catch (cause) {
      throw new Error(`PostgreSQL: pg_ctl ${command[0]} failed. Its log ends so:\n${lastWords(logFile)}`, {
        cause,
      })
    }
  }
  const pid = () => Number.parseInt(readFileSync(join(dataDirectory, 'postmaster.pid'), 'utf8'), 10)
  const isRunning = () => {
    try {
      return isAlive(pid())
    } catch {
      return false
    }
  }
  const signalAll = (signal: 'SIGSTOP' | 'SIGCONT') => {
    const postmaster = pid()
    // The postmaster first, so that it makes no children meanwhile.
    process.kill(postmaster, signal)
    for (const child of childrenOf(postmaster)) signalIfAlive(child, signal)
  }
  return {
    binDirectory,
    dataDirectory,
    logFile,
    port,
    pid,
    isRunning,
    start: () => control('start', '-l', logFile),
    stop: (mode: ShutdownMode) => control('stop', '-m', mode),
    restart: (mode: ShutdownMode) => control('restart', '-m', mode, '-l', logFile),
    freeze: () => signalAll('SIGSTOP'),
    thaw: () => signalAll('SIGCONT'),
  }
}

/** A child may end between being listed and being signalled. */
function signalIfAlive(pid: number, signal: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, signal)
  } catch (cause) {
    if (isAlive(pid)) throw cause
  }
}

/** The caller's `PG…` variables must not steer a server of the tests. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(?:PG|LC_|LANG)/.test(name))
  return { ...Object.fromEntries(kept), LC_ALL: 'C' }
}

function lastWords(logFile: string): string {
  try {
    return readFileSync(logFile, 'utf8').split('\n').slice(-20).join('\n')
  } catch {
    return '(there is no log)'
  }
}
