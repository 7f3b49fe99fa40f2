/** Names of databases and roles: unique across processes and runs, and known to be ours. */

import { randomBytes } from 'node:crypto'
import type { ServerAddress } from './postgres-server.ts'

/** What the names of everything made in a run begin with. */
export function namePrefix({ run }: ServerAddress): string {
  return `coffer_${run}_`
}

/** A name that nobody else has. */
export function uniqueName(server: ServerAddress): string {
  return namePrefix(server) + randomBytes(6).toString('hex')
}

/** The same URL for another database, and for another user where one is given. */
export function urlFor(
  url: string,
  database: string,
  user?: { readonly name: string; readonly password: string },
): string {
  const target = new URL(url)
  target.pathname = `/${database}`
  if (user !== undefined) {
    target.username = user.name
    target.password = user.password
  }
  return target.href
}

/** The same URL by another door of this machine. */
export function throughPort(url: string, port: number): string {
  const target = new URL(url)
  target.hostname = '127.0.0.1'
  target.port = String(port)
  return target.href
}
