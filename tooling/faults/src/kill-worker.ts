/** A process that works on a store until it is killed. Started and told what to do by the kill rig. */

import { writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { isStoreError, type Store } from '@coffer/core'
import { errorText } from './error-text.ts'
import { perform } from './kill-calls.ts'
import { openKillSubject } from './kill-control.ts'
import { acknowledgementLine, CLOSE, complaintLine, failureLine, type Job } from './kill-protocol.ts'
import { accounts, journal, type ThingsDefinition, thingsOf } from './kill-records.ts'
import { CALLER_COUNT, stepOf } from './kill-steps.ts'

const STDOUT = 1

/** Failures that leave nothing behind and may well be gone the next time. */
const PASSING = ['CONFLICT', 'BUSY', 'TIMEOUT']
const MAX_REPEATS = 100

/** Tells the parent a line. */
type Tell = (line: string) => Promise<void>

/**
 * Tells the parent, for all who ask in one turn of the event loop at once. Resolves when the line has left
 * the process: only then does the caller go on, so that it never has more than one call in flight.
 */
function tellerOf(descriptor: number): Tell {
  let lines = ''
  let telling: Promise<void> | undefined
  const tellAll = async () => {
    await nextTurn()
    const bytes = Buffer.from(lines)
    lines = ''
    telling = undefined
    for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written)
  }
  return (line) => {
    lines += `${line}\n`
    telling ??= tellAll()
    return telling
  }
}

async function call(store: Store, job: Job, definition: ThingsDefinition, caller: number, tell: Tell) {
  let repeats = 0
  for (let number = (job.done[caller] ?? 0) + 1; ; ) {
    try {
      await perform(store, definition, caller, number, stepOf(job.seed, caller, number))
    } catch (error) {
      const code = isStoreError(error) ? error.code : 'INTERNAL'
      if (PASSING.includes(code) && ++repeats < MAX_REPEATS) continue
      return tell(failureLine({ caller, code, message: errorText(error) }))
    }
    repeats = 0
    await tell(acknowledgementLine({ caller, number }))
    number++
  }
}

async function cleanUp(store: Store, tell: Tell): Promise<void> {
  try {
    for (;;) {
      await store.cleanupExpired()
      await nextTurn()
    }
  } catch (error) {
    await tell(complaintLine(`the cleanup ended: ${errorText(error)}`))
  }
}

/** The store that is worked on. */
let current: Store | undefined

async function work(job: Job, tell: Tell): Promise<void> {
  const store = await openKillSubject(job.config)
  current = store
  const definition = thingsOf(job.generation)
  store.collection(definition)
  store.collection(accounts)
  store.log(journal)
  process.send?.('opening')
  await store.open()
  if (!job.calls) return
  const callers = Array.from({ length: CALLER_COUNT }, (_, caller) =>
    call(store, job, definition, caller, tell),
  )
  if (job.cleansUp) callers.push(cleanUp(store, tell))
  await Promise.all(callers)
}

process.on('message', async (message: Job | typeof CLOSE) => {
  const tell = tellerOf(STDOUT)
  try {
    await (message === CLOSE ? current?.close() : work(message, tell))
  } catch (error) {
    await tell(complaintLine(`it gave up: ${errorText(error)}`))
    process.exit(1)
  }
})
// The parent is gone, or does not need this process.
process.on('disconnect', () => process.exit())

const [packageName] = process.argv.slice(2)
if (packageName !== undefined) await import(packageName)
// What the start has compiled, for those that start later.
flushCompileCache()
process.send?.('ready')
