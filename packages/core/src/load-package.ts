/** Finds the packages that core works with and does not depend on. Nothing registers itself anywhere. */

import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { StoreError } from './errors.ts'

/**
 * Imports a package as core sees it, then as the application does: from its working directory, then from
 * the folder of its main script. Throws `UNSUPPORTED` with what to install where there is none: trying again won't help.
 *
 * @param what the thing that the package brings, for the message
 */
export async function loadPackage(packageName: string, what: string): Promise<unknown> {
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
  throw new StoreError('UNSUPPORTED', `${what} is not installed: run  npm install ${packageName}`)
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
  return new StoreError('UNSUPPORTED', `'${packageName}' is installed but can't be loaded: ${message}`, {
    cause,
  })
}
