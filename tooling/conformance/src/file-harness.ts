/**
 * The file backend as a harness. It reads its directory when it is opened and answers from memory from then on,
 * so it sees what was tampered with when it is opened again: that is what happens here, under the store.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { withCache } from '@coffer/cache'
import type { Harness, Place } from '@coffer/conformance'
import type { Backend } from '@coffer/core/backend'
import { file } from '@coffer/file'
import { isHeld, raiseFormat, replaceDocument } from './forged-log.ts'

/**
 * The harness.
 *
 * @param base the folder in which every place gets one of its own
 */
export function fileHarness(base: string): Harness {
  return {
    name: 'file',
    capabilities: file({ basePath: 'nowhere' }).capabilities,
    create: async () => new DirectoryPlace(await mkdtemp(join(base, 'coffer-conformance-'))),
  }
}

/** A second writer has to be refused, and nobody is meant to wait for that. */
const LOCK_TIMEOUT_MS = 200

class DirectoryPlace implements Place {
  readonly withCache = withCache
  readonly #folder: string
  readonly #directory: string
  #latest: Backend | undefined

  constructor(folder: string) {
    this.#folder = folder
    this.#directory = join(folder, 'data')
  }

  backend(): Backend {
    this.#latest = file({ basePath: this.#directory, lockTimeoutMs: LOCK_TIMEOUT_MS })
    return this.#latest
  }

  async tamper(collection: string, id: string, change: (document: string) => string): Promise<void> {
    const isOpen = await isHeld(this.#directory)
    await this.#latest?.close()
    await replaceDocument(this.#directory, collection, id, change)
    if (isOpen) await this.#latest?.open([])
  }

  async newerFormat(): Promise<void> {
    await raiseFormat(this.#directory)
  }

  async destroy(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }
}
