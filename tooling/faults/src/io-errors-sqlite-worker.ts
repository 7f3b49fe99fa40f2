/**
 * The process on the failing disk. It opens a store, works, takes no failure for an answer, closes, opens again and
 * works on; or it dies of the first failure. Each call is told on the standard output once it has ended.
 */

import { writeSync } from 'node:fs'
import { createStore, isStoreError } from '@coffer/core'
import { sqlite } from '@coffer/sqlite'
import Database from 'better-sqlite3'
import {
  type FaultyCall,
  type FaultyJob,
  type FaultyRecord,
  type FaultyWord,
  faultyRecord,
  faultyRecords,
  largeRecord,
} from './io-errors-sqlite-protocol.ts'

const STEPS = 8

/** A store, as far as this process needs it. */
interface Subject {
  putAll(records: readonly FaultyRecord[]): Promise<unknown>
  delete(id: string): Promise<unknown>
  /** A call that changes nothing. */
  count(): Promise<unknown>
  close(): Promise<void>
}

const job: FaultyJob = JSON.parse(process.argv[2] ?? '')

for (const [life, isLong] of [job.isLong, false].entries()) {
  const subject = await openTwice()
  if (subject === undefined) break
  await work(subject, `r${life}`, isLong)
  await subject.close().catch((error: unknown) => tellFailure({ puts: [], deletes: [] }, error))
  tell({ type: 'closed' })
}

/** An opening that failed may be repeated. */
async function openTwice(): Promise<Subject | undefined> {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const subject = job.subject === 'coffer' ? await openCoffer(job.path) : openCareless(job.path)
      tell({ type: 'opened' })
      return subject
    } catch (error) {
      tell({ type: 'not opened', ...described(error) })
    }
  }
  return undefined
}

async function work(subject: Subject, prefix: string, isLong: boolean): Promise<void> {
  for (let step = 0; step < STEPS; step++) {
    const id = (part: number) => `${prefix}-${step}${part}`
    const puts = [id(0), id(1)]
    await attempt({ puts, deletes: [] }, () => subject.putAll(puts.map(faultyRecord)))
    const alone = [id(2), id(3), id(4)]
    await Promise.all(
      alone.map((put) => attempt({ puts: [put], deletes: [] }, () => subject.putAll([faultyRecord(put)]))),
    )
    await attempt({ puts: [], deletes: [id(2)] }, () => subject.delete(id(2)))
    await attempt({ puts: [], deletes: [] }, () => subject.count())
    if (!isLong || step !== STEPS / 2) continue
    await attempt({ puts: [id(5)], deletes: [] }, () => subject.putAll([largeRecord(id(5))]))
  }
}

async function attempt(call: FaultyCall, run: () => Promise<unknown>): Promise<void> {
  await run().then(
    () => tell({ type: 'done', call }),
    (error: unknown) => tellFailure(call, error),
  )
}

function tellFailure(call: FaultyCall, error: unknown): void {
  tell({ type: 'failed', call, ...described(error) })
  if (job.dies) process.kill(process.pid, 'SIGKILL')
}

function described(error: unknown): { code: string; message: string } {
  return { code: isStoreError(error) ? error.code : 'none', message: String(error) }
}

/** At once, so that it is said before anything else happens. */
function tell(word: FaultyWord): void {
  writeSync(1, `${JSON.stringify(word)}\n`)
}

async function openCoffer(path: string): Promise<Subject> {
  const store = createStore({ backend: sqlite({ path }) })
  const records = store.collection(faultyRecords)
  try {
    await store.open()
  } catch (error) {
    await store.close()
    throw error
  }
  return {
    putAll: (all) => records.putMany(all),
    delete: (id) => records.delete(id),
    count: () => records.count(),
    close: () => store.close(),
  }
}

/** Goes on after a failure as if it had been told why. */
function openCareless(path: string): Subject {
  const database = new Database(path)
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.exec('CREATE TABLE IF NOT EXISTS records (id TEXT PRIMARY KEY, text TEXT)')
  const insert = database.prepare('INSERT OR REPLACE INTO records VALUES (?, ?)')
  const putAll = database.transaction((all: readonly FaultyRecord[]) => {
    for (const { id, text } of all) insert.run(id, text)
  })
  return {
    putAll: async (all) => putAll(all),
    delete: async (id) => database.prepare('DELETE FROM records WHERE id = ?').run(id),
    count: async () => database.prepare('SELECT count(*) FROM records').get(),
    close: async () => void database.close(),
  }
}
