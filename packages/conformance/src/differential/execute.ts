/** Runs a command of a program on one store and answers what can be compared. */

import { type BaseStore, isStoreError } from '@coffer/core'
import type { ManualClock } from '../manual-clock.ts'
import { targetOf } from './definitions.ts'
import type { Command } from './program.ts'

/** A store with the clock that it was given. */
export interface Subject {
  readonly name: string
  readonly store: BaseStore
  readonly clock: ManualClock
}

/** More pages than any generated walk has. */
const MAX_PAGES = 200

class ThrownByProgram extends Error {}

/**
 * The answer of one command: a value, or what a refusal says that all backends must say alike. Cursors are
 * told only as being there.
 */
export async function execute(subject: Subject, command: Command): Promise<unknown> {
  const { store, clock } = subject
  switch (command.type) {
    case 'advance':
      clock.advance(command.milliseconds)
      return undefined
    case 'cleanup':
      return answerOf(() => confined(store, command.tenant).cleanupExpired())
    case 'purge':
      return answerOf(() =>
        confined(store, command.tenant).purgeDeleted({ olderThanMs: command.olderThanMs }),
      )
    default:
      return executeOn(store, command)
  }
}

async function executeOn(store: BaseStore, command: Command): Promise<unknown> {
  switch (command.type) {
    case 'call':
      return answerOf(() => callOf(confined(store, command.tenant), command))
    case 'walk':
      return answerOf(() => pagesOf(confined(store, command.tenant), command))
    case 'together':
      return Promise.all(command.commands.map((each) => executeOn(store, each)))
    case 'transaction':
      return transactionOf(store, command)
    default:
      throw new Error(`${command.type} does not stand in a transaction`)
  }
}

function confined(store: BaseStore, tenant: string | undefined): BaseStore {
  return tenant === undefined ? store : store.tenant(tenant)
}

async function callOf(store: BaseStore, command: Extract<Command, { type: 'call' }>): Promise<unknown> {
  const target = targetOf(store, command.target)
  const method: unknown = Reflect.get(target, command.method)
  if (typeof method !== 'function') throw new Error(`there is no method ${command.method}`)
  const answer: unknown = await Reflect.apply(method, target, command.parameters)
  return isPage(answer) ? { ...answer, next: answer.next !== undefined } : answer
}

async function pagesOf(
  store: BaseStore,
  { target, question }: Extract<Command, { type: 'walk' }>,
): Promise<unknown[]> {
  const handle = targetOf(store, target)
  const find: unknown = Reflect.get(handle, 'find')
  if (typeof find !== 'function') throw new Error('there is no method find')
  const pages: unknown[] = []
  let cursor: string | undefined
  do {
    const options = cursor === undefined ? question : { ...question, cursor }
    const page: unknown = await Reflect.apply(find, handle, [options])
    if (!isPage(page)) throw new Error('find answers a page')
    pages.push(page.records)
    cursor = page.next
  } while (cursor !== undefined && pages.length < MAX_PAGES)
  return pages
}

async function transactionOf(
  store: BaseStore,
  command: Extract<Command, { type: 'transaction' }>,
): Promise<unknown> {
  const answers: unknown[] = []
  const outcome = await answerOf(() =>
    store.transaction(async (transaction) => {
      answers.length = 0
      for (const each of command.commands) answers.push(await executeOn(transaction, each))
      if (command.throws) throw new ThrownByProgram()
      return 'committed'
    }),
  )
  return { answers, outcome }
}

async function answerOf(run: () => Promise<unknown>): Promise<unknown> {
  try {
    return { answered: await run() }
  } catch (error) {
    if (error instanceof ThrownByProgram) return { thrown: 'by the program' }
    if (!isStoreError(error)) throw error
    const { code, collection, index, keys } = error
    return { refused: code, collection, index, keys }
  }
}

function isPage(answer: unknown): answer is { records: unknown[]; next: string | undefined } {
  return typeof answer === 'object' && answer !== null && 'records' in answer && 'next' in answer
}
