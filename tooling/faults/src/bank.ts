/**
 * A bank of transfers: each moves money between two accounts, notes it in a log, leaves a receipt and takes an older
 * one away, all in one transaction. So any one state of the store can be told from a mixture of two.
 */

import { setTimeout as pause } from 'node:timers/promises'
import { type BaseStore, defineCollection, defineLog, isStoreError } from '@coffer/core'
import * as z from 'zod'
import { type Random, randomFrom } from './random.ts'

export const ACCOUNT_COUNT = 40
const OPENING_BALANCE = 1_000
/** Receipts that each writer leaves; older ones are removed. */
const RECEIPTS_KEPT = 3
const LEDGER = 'ledger'
const PAPER_LENGTH = 300
const PAGE = 1_000
/** How long a writer rests before a transfer: without it, what is in memory would keep all others out. */
const REST_MS = 4

export const accounts = defineCollection({
  name: 'accounts',
  schema: z.object({ id: z.string(), balance: z.int(), transfers: z.int() }),
  key: 'id',
  fields: { balance: 'index' },
  history: true,
  integrity: true,
})

const receipts = defineCollection({
  name: 'receipts',
  schema: z.object({ id: z.string(), from: z.string(), to: z.string(), number: z.int() }),
  key: 'id',
  references: { from: { collection: 'accounts' }, to: { collection: 'accounts' } },
})

/** They make the store large; each transfer writes on one of them. */
const papers = defineCollection({
  name: 'papers',
  schema: z.object({ id: z.string(), written: z.int(), text: z.string() }),
  key: 'id',
  fields: { written: 'index' },
})

const journal = defineLog({
  name: 'journal',
  schema: z.object({
    stream: z.string(),
    sequence: z.int(),
    hash: z.string(),
    previous: z.string(),
    from: z.string(),
    to: z.string(),
    amount: z.int(),
  }),
  chain: { stream: 'stream', sequence: 'sequence', hash: 'hash', previous: 'previous' },
})

/** Makes all that a bank needs and opens the accounts. */
export async function openBank(store: BaseStore, paperCount: number): Promise<void> {
  knowBank(store)
  await store.collection(accounts).putMany(
    Array.from({ length: ACCOUNT_COUNT }, (_each, number) => ({
      id: `account-${number}`,
      balance: OPENING_BALANCE,
      transfers: 0,
    })),
  )
  for (let first = 0; first < paperCount; first += PAGE) {
    const count = Math.min(PAGE, paperCount - first)
    await store.collection(papers).putMany(
      Array.from({ length: count }, (_each, number) => ({
        id: `paper-${first + number}`,
        written: 0,
        text: 'x'.repeat(PAPER_LENGTH),
      })),
    )
  }
  await transfer(store, { writer: 'opening', turn: 0, paperCount }, randomFrom(0))
}

function knowBank(store: BaseStore): void {
  store.log(journal)
  store.collection(accounts)
  store.collection(receipts)
  store.collection(papers)
}

/** Who makes transfers, and how. Plain data, so that another process can be told. */
export interface Banking {
  readonly seed: number
  /** No two writers have the same name. */
  readonly name: string
  readonly writers: number
  readonly paperCount: number
}

/**
 * Makes transfers with several writers at once, each when it may go on and until it may not.
 *
 * @param onTransfer called when one was acknowledged
 * @returns how many were acknowledged
 */
export async function bank(
  store: BaseStore,
  banking: Banking,
  mayGoOn: () => Promise<boolean>,
  onTransfer: () => void = () => undefined,
): Promise<number> {
  const { seed, name, writers, paperCount } = banking
  knowBank(store)
  const counts = Array.from({ length: writers }, async (_each, writer) => {
    const random = randomFrom(seed, writer)
    let done = 0
    for (let turn = 0; await mayGoOn(); turn++) {
      try {
        await transfer(store, { writer: `${name}-${writer}`, turn, paperCount }, random)
        done++
        onTransfer()
      } catch (error) {
        // Others were always faster: then nothing has happened.
        if (!isStoreError(error, 'CONFLICT')) throw error
      }
    }
    return done
  })
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
}

interface Turn {
  readonly writer: string
  readonly turn: number
  readonly paperCount: number
}

async function transfer(store: BaseStore, { writer, turn, paperCount }: Turn, random: Random): Promise<void> {
  const from = random.below(ACCOUNT_COUNT)
  const to = (from + 1 + random.below(ACCOUNT_COUNT - 1)) % ACCOUNT_COUNT
  const amount = 1 + random.below(9)
  const [payer, payee] = [`account-${from}`, `account-${to}`]
  const paper = `paper-${random.below(Math.max(1, paperCount))}`
  await store.transaction(async (transaction) => {
    const book = transaction.collection(accounts)
    const add = (change: number) => (account: z.output<typeof accounts.schema>) => ({
      ...account,
      balance: account.balance + change,
      transfers: account.transfers + 1,
    })
    await book.update(payer, add(-amount))
    await book.update(payee, add(amount))
    const [entry] = await transaction.log(journal).append(LEDGER, [{ from: payer, to: payee, amount }])
    const number = entry?.sequence ?? 0
    await transaction.collection(receipts).put({ id: `${writer}-${turn}`, from: payer, to: payee, number })
    await transaction.collection(receipts).delete(`${writer}-${turn - RECEIPTS_KEPT}`)
    await transaction.collection(papers).put({ id: paper, written: number, text: 'x'.repeat(PAPER_LENGTH) })
  })
}

/**
 * Lets writers go on after a rest each time, until something has ended.
 *
 * @param restMs how long they rest after so many turns of all
 */
export function until(
  ended: Promise<unknown>,
  restMs: (turns: number) => number = () => REST_MS,
): () => Promise<boolean> {
  let isOver = false
  let turns = 0
  const end = () => {
    isOver = true
  }
  ended.then(end, end)
  return async () => {
    await pause(restMs(turns++))
    return !isOver
  }
}

/** Ever longer, so that a bank does not outgrow whoever copies it. */
export function growingRestMs(turns: number): number {
  return REST_MS + turns / 10
}

/** How many transfers the log tells of. */
export function transfersIn(store: BaseStore): Promise<number> {
  return store.log(journal).count()
}

/** True when no money has come or gone. */
export async function isBalanced(store: BaseStore): Promise<boolean> {
  const { records } = await store.collection(accounts).find({ limit: PAGE })
  const sum = records.reduce((all, { balance }) => all + balance, 0)
  return sum === ACCOUNT_COUNT * OPENING_BALANCE
}

/** What is wrong with a bank; nothing, when it is one that there was at some instant. */
export async function bankProblems(store: BaseStore): Promise<readonly string[]> {
  knowBank(store)
  const problems: string[] = []
  const expected = new Map<string, { balance: number; transfers: number }>()
  for (let number = 0; number < ACCOUNT_COUNT; number++) {
    expected.set(`account-${number}`, { balance: OPENING_BALANCE, transfers: 0 })
  }
  const report = await store.log(journal).verify(LEDGER)
  if (!report.ok) problems.push(`the log: ${report.problem?.problem} at ${report.problem?.sequence}`)
  let entries = 0
  for await (const { from, to, amount } of store.log(journal).iterate(LEDGER, { limit: PAGE })) {
    entries++
    for (const [id, change] of [[from, -amount] as const, [to, amount] as const]) {
      const account = expected.get(id)
      if (account === undefined) continue
      account.balance += change
      account.transfers++
    }
  }
  let [sum, count, changes] = [0, 0, 0]
  for await (const { id, balance, transfers } of store.collection(accounts).iterate({ limit: PAGE })) {
    sum += balance
    count++
    changes += transfers
    const told = expected.get(id)
    if (told?.balance !== balance || told.transfers !== transfers) {
      problems.push(
        `${id} has ${balance} after ${transfers}, its entries say ${told?.balance} after ${told?.transfers}`,
      )
    }
  }
  const wanted = ACCOUNT_COUNT * OPENING_BALANCE
  if (sum !== wanted || count !== ACCOUNT_COUNT) problems.push(`${count} accounts have ${sum}, not ${wanted}`)
  if (changes !== 2 * entries)
    problems.push(`accounts tell of ${changes / 2} transfers, the log of ${entries}`)
  return [...problems, ...(await damageIn(store))]
}

async function damageIn(store: BaseStore): Promise<string[]> {
  const found = [
    await store.collection(accounts).verify(),
    await store.collection(receipts).verify({ references: true }),
    await store.collection(papers).verify(),
  ]
  return found.flatMap(({ problems }) => problems.map(({ key, problem }) => `${key}: ${problem}`))
}

/** What is wrong when a bank is written to again: versions must go on behind those of records that were removed. */
export async function writingProblems(store: BaseStore, seed: number): Promise<readonly string[]> {
  knowBank(store)
  const removed = 'goes-on'
  const first = await store.collection(papers).put({ id: removed, written: 0, text: '' })
  await store.collection(papers).delete(removed)
  const second = await store.collection(papers).put({ id: removed, written: 1, text: '' })
  const problems = second > first ? [] : [`version ${second} was given after ${first}`]
  const floors = await store.place().snapshot((snapshot) => {
    const held = snapshot.layouts.find(({ layout }) => layout.name === receipts.name)
    return held === undefined ? Promise.resolve([]) : snapshot.floors(held.layout, undefined, 1)
  })
  const floor = floors[0]?.version ?? 0
  // The receipt of a turn long ago: every writer has taken its first ones away.
  const version = await store.collection(receipts).put({
    id: 'opening-again',
    from: 'account-0',
    to: 'account-1',
    number: 0,
  })
  if (version <= floor) problems.push(`version ${version} was given where ${floor} had been removed`)
  let left = 5
  const banking = { seed, name: `after-${seed}`, writers: 1, paperCount: 1 }
  await bank(store, banking, async () => left-- > 0)
  return [...problems, ...(await bankProblems(store))]
}
