/** PgBouncer in front of a server: the pooler that the system has installed, with a port and a folder of its own. */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { freePort } from './free-port.ts'
import { throughPort } from './names.ts'
import type { ServerAddress } from './postgres-server.ts'
import { type PrivateFolder, privateFolder } from './private-folder.ts'
import { serverUser } from './server-user.ts'
import type { Settings } from './settings.ts'

/** How a pooler shares the server's connections. */
export interface PgBouncerOptions {
  /** When a connection goes back to the pool. `transaction` without. */
  readonly poolMode?: 'session' | 'transaction' | 'statement'
  /** Connections to the server, per role and database. 20 without. */
  readonly poolSize?: number
  /** Further settings of the section `pgbouncer`, over all others. */
  readonly settings?: Settings
}

/** A pooler that accepts connections. Stop it before a database behind it is dropped: it keeps connections open. */
export interface PgBouncer extends AsyncDisposable {
  readonly port: number
  /** The same URL, through the pooler: any database of the server, any role that has a password. */
  url(of: string): string
  /** Ends it at once. Idempotent. */
  stop(): Promise<void>
}

/** Where Debian puts the program, which is not in everybody's `PATH`. */
const PATH = `${process.env.PATH}:/usr/sbin`
const PID_FILE = 'pgbouncer.pid'

/** Starts a pooler, or answers `undefined` where PgBouncer is not installed. Throws when it does not come up. */
export async function startPgBouncer(
  server: ServerAddress,
  options: PgBouncerOptions = {},
): Promise<PgBouncer | undefined> {
  if (spawnSync('pgbouncer', ['--version'], { env: { PATH } }).status !== 0) return undefined
  const user = serverUser()
  const folder = privateFolder(user, PID_FILE)
  const port = await freePort()
  const configuration = configure(folder, server, port, options)
  const child = spawn('pgbouncer', [configuration], {
    ...user,
    cwd: folder.path,
    env: { PATH },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const exited = once(child, 'exit')
  const stop = async () => {
    // It holds nothing that has to be kept.
    child.kill('SIGKILL')
    await exited
    folder.remove()
  }
  try {
    await comesUp(child.stderr)
  } catch (cause) {
    await stop()
    throw cause
  }
  return { port, url: (of) => throughPort(of, port), stop, [Symbol.asyncDispose]: stop }
}

function configure(
  { path }: PrivateFolder,
  server: ServerAddress,
  port: number,
  { poolMode = 'transaction', poolSize = 20, settings }: PgBouncerOptions,
): string {
  const { hostname, port: serverPort, username, password } = new URL(server.url)
  const users = join(path, 'users.txt')
  writeFileSync(users, `"${decodeURIComponent(username)}" "${decodeURIComponent(password)}"\n`)
  const section: Settings = {
    listen_addr: '127.0.0.1',
    listen_port: String(port),
    unix_socket_dir: '',
    pidfile: join(path, PID_FILE),
    auth_type: 'scram-sha-256',
    auth_file: users,
    // Roles are made while it runs, so it asks the server for their secrets.
    auth_user: decodeURIComponent(username),
    auth_query: 'SELECT usename, passwd FROM pg_catalog.pg_shadow WHERE usename = $1',
    pool_mode: poolMode,
    default_pool_size: String(poolSize),
    max_client_conn: '1000',
    ...settings,
  }
  const lines = Object.entries(section).map(([name, value]) => `${name} = ${value}\n`)
  const file = join(path, 'pgbouncer.ini')
  writeFileSync(
    file,
    `[databases]\n* = host=${hostname} port=${serverPort || '5432'}\n[pgbouncer]\n${lines.join('')}`,
  )
  return file
}

/** Reads its log until it says that it is up, and goes on reading, or it would be blocked some day. */
function comesUp(log: Readable): Promise<void> {
  const said: string[] = []
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: log })
    lines.on('line', (line) => {
      said.push(line)
      if (/process up/.test(line)) resolve()
    })
    lines.on('close', () => reject(new Error(`PgBouncer did not come up:\n${said.join('\n')}`)))
  })
}
