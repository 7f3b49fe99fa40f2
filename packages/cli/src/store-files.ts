/** Where stores that are files lie: so that no command writes into one, or takes one for two. */

import { existsSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve, sep } from 'node:path'
import type { StoreConfig } from '@coffer/core'
import { CommandError } from './failure.ts'
import { nameOf } from './store-location.ts'

/** What a store is called wherever the command is run; never with a password. */
export function placeNameOf(config: StoreConfig): string {
  const path = pathOf(config)
  return path === undefined ? nameOf(config) : `${'type' in config ? config.type : ''}:${realPath(path)}`
}

/** Refuses one place as both ends of a command. */
export function refuseSamePlace(from: StoreConfig, to: StoreConfig): void {
  if ('type' in from && from.type === 'memory') return
  if (placeNameOf(from) === placeNameOf(to))
    throw new CommandError('both are the same store: name another one')
}

/** Refuses a file to be read that is the store itself, or lies in its directory. */
export function refuseOwnFile(config: StoreConfig, path: string): void {
  const own = pathOf(config)
  if (own === undefined || !isWithin(own, path)) return
  throw new CommandError(`${path} is the store itself: name a backup, or another store`)
}

/** Refuses to write into the directory of a store, which holds nothing but its own files. */
export function refuseWritingInto(config: StoreConfig, path: string): void {
  const own = pathOf(config)
  if (own === undefined || !isWithin(own, path)) return
  throw new CommandError(
    `${path} lies in the store, which would not open any more: name another place for it`,
  )
}

/** A config file may lack the path, or say something else in its place: that is told when the store is made. */
function pathOf(config: StoreConfig): string | undefined {
  if (!('type' in config)) return undefined
  let path: unknown
  if (config.type === 'sqlite') path = config.path
  else if (config.type === 'file') path = config.basePath
  return typeof path === 'string' && path !== '' && path !== ':memory:' ? path : undefined
}

function isWithin(folder: string, path: string): boolean {
  const [outer, inner] = [realPath(folder), realPath(path)]
  return inner === outer || inner.startsWith(outer.endsWith(sep) ? outer : `${outer}${sep}`)
}

/** A path without links, also where its last parts are not there yet. */
function realPath(path: string): string {
  const full = resolve(path)
  if (existsSync(full)) return realpathSync(full)
  const above = dirname(full)
  return above === full ? full : join(realPath(above), basename(full))
}
