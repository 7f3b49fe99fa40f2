/** The backends as the rigs open them: in this process and in others, again and again, at one place. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StoreConfig } from '@coffer/core'
import { postgresSubject } from './subjects-postgres.ts'

export type SubjectName = 'file' | 'sqlite' | 'postgresql'

/** How a place is to be opened. */
export interface Opening {
  readonly durability?: 'power' | 'process'
  /** When the file backend writes its log anew; the others have nothing of the kind. */
  readonly compaction?: { readonly minBytes: number; readonly deadShare: number }
}

/** Where one store's data is. */
export interface SubjectPlace {
  /** The folder with all of its files; `undefined` where a server has them. */
  readonly folder: string | undefined
  /** What `createStore` takes. Plain data, so that another process can be told. */
  config(opening?: Opening): StoreConfig
  /** Resolves when nothing is at work any more for processes that were killed. */
  settled(): Promise<void>
  /** Crashes the server and starts it again; `undefined` where there is no server, or it is not ours. */
  readonly crash: (() => Promise<void>) | undefined
  /** Removes the data. No store may be open. */
  remove(): Promise<void>
}

/** A backend that is ready: one with a server has it running until it is disposed of. */
export interface Subject extends AsyncDisposable {
  newPlace(): Promise<SubjectPlace>
}

/** A backend that rigs may ask for. */
export interface SubjectKind {
  readonly name: SubjectName
  /** The package to be loaded before `createStore` needs it. */
  readonly packageName: string
  /** Why there is none on this machine; `undefined` when there is. */
  unavailable(): Promise<string | undefined>
  start(): Promise<Subject>
}

export const subjects: Readonly<Record<SubjectName, SubjectKind>> = {
  file: subjectInFolders('file', '@coffer/file'),
  sqlite: subjectInFolders('sqlite', '@coffer/sqlite'),
  postgresql: postgresSubject,
}

/** On a machine that has much else to do, others may hold the lock of a database for long. */
const BUSY_TIMEOUT_MS = 60_000

/** The config of a store whose data is in a folder that exists. */
export function configIn(
  name: Exclude<SubjectName, 'postgresql'>,
  folder: string,
  { durability = 'power', compaction }: Opening = {},
): StoreConfig {
  if (name === 'sqlite') {
    return { type: 'sqlite', path: join(folder, 'store.db'), durability, busyTimeoutMs: BUSY_TIMEOUT_MS }
  }
  const basePath = join(folder, 'store')
  return { type: 'file', basePath, durability, ...(compaction && { compaction }) }
}

function subjectInFolders(name: Exclude<SubjectName, 'postgresql'>, packageName: string): SubjectKind {
  return {
    name,
    packageName,
    unavailable: async () => undefined,
    start: async () => ({
      newPlace: async () => placeInFolder(name),
      [Symbol.asyncDispose]: async () => undefined,
    }),
  }
}

function placeInFolder(name: Exclude<SubjectName, 'postgresql'>): SubjectPlace {
  const folder = mkdtempSync(join(tmpdir(), `coffer-faults-${name}-`))
  return {
    folder,
    config: (opening) => configIn(name, folder, opening),
    settled: async () => undefined,
    crash: undefined,
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  }
}
