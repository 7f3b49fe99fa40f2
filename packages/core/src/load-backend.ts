/** Finds the package of a backend type and makes the backend. Nothing registers itself anywhere. */

import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Backend } from './backend.ts'
import { knownBackends, type ParsedConfig } from './config.ts'
import { invalid, StoreError } from './errors.ts'

/** The backend of a config: the instance it holds, or one made by the package that its type names. */
export async function loadBackend(config: ParsedConfig): Promise<Backend> {
  if (config.backend !== undefined) return config.backend
  const packageName = knownBackends[config.type]?.package ?? config.type
  const loaded = await importPackage(packageName, config.type)
  const create = (loaded as { createBackend?: unknown }).createBackend
  if (typeof create !== 'function') {
    throw invalid(`'${packageName}' is no Coffer backend: it exports no createBackend`)
  }
  return create(config.options) as Backend
}

/**
 * Imports a package as core sees it, then as the application does: from its working directory, then from
 * the folder of its main script.
 */
async function importPackage(packageName: string, type: string): Promise<unknown> {
  const places = [process.cwd(), process.argv[1] === undefined ? undefined : dirname(process.argv[1])]
  try {
    return await import(packageName)
  } catch (error) {
    if (!isMissing(error, packageName)) throw loadFailure(packageName, error)
  }
  for (const place of places) {
    const path = place === undefined ? undefined : resolveFrom(place, packageName)
    if (path === undefined) continue
    try {
      return await import(pathToFileURL(path).href)
    } catch (error) {
      throw loadFailure(packageName, error)
    }
  }
  throw new StoreError(
    'UNAVAILABLE',
    `the backend '${type}' is not installed: run  npm install ${packageName}`,
  )
}

function resolveFrom(folder: string, packageName: string): string | undefined {
  try {
    return createRequire(join(folder, 'resolve.js')).resolve(packageName)
  } catch {
    return undefined
  }
}

function isMissing(error: unknown, packageName: string): boolean {
  const { code, message = '' } = error as { code?: string; message?: string }
  return code === 'ERR_MODULE_NOT_FOUND' && message.includes(`'${packageName}'`)
}

function loadFailure(packageName: string, cause: unknown): StoreError {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new StoreError('UNAVAILABLE', `'${packageName}' is installed but can't be loaded: ${message}`, {
    cause,
  })
}
