/**
 * What the callers of a process do, one step after the other. A step follows from the seed, the caller and its
 * number alone: so whoever knows how many were acknowledged knows what must be stored, and which one call may
 * have been in flight.
 */

import { ACCOUNTS, STREAMS } from './kill-records.ts'
import { type Random, randomFrom } from './random.ts'

/** One call of a store. Records that it writes get its number as their value. */
export type Step =
  | { readonly type: 'put'; readonly id: string }
  | { readonly type: 'insert'; readonly id: string }
  | { readonly type: 'delete'; readonly id: string }
  /** All records or none. */
  | { readonly type: 'putMany'; readonly ids: readonly string[] }
  /** Expires at once where it is not to last. */
  | { readonly type: 'lease'; readonly id: string; readonly lasts: boolean }
  /** A transaction over two accounts, with a receipt in another collection. */
  | {
      readonly type: 'transfer'
      readonly from: string
      readonly to: string
      readonly amount: number
      readonly receipt: string
    }
  | { readonly type: 'append'; readonly stream: string; readonly entries: number }

type StepMaker = (caller: number, number: number, random: Random) => Step

/** Records that a caller overwrites in no order. */
const PUT_KEYS = 25
/** Records of a caller that inserts and deletes by turns. */
const KEPT = 40
/** Keys of such a caller, which come again and again. */
const INSERT_KEYS = 100
const MAX_SET = 8
const MAX_AMOUNT = 1_000
const MAX_ENTRIES = 3
const LEASES = 100
const LEASE_PREFIX = 'lease-'
const LASTING_PERCENT = 40

const makers = {
  put: (caller, _number, random) => ({ type: 'put', id: `put-${caller}-${random.below(PUT_KEYS)}` }),
  insertOrDelete: (caller, number) => {
    const isInsert = number <= KEPT || number % 2 === 1
    const inserted = number <= KEPT ? number : KEPT + Math.ceil((number - KEPT) / 2)
    const turn = isInsert ? inserted : (number - KEPT) / 2
    return { type: isInsert ? 'insert' : 'delete', id: `insert-${caller}-${turn % INSERT_KEYS}` }
  },
  putMany: (caller, _number, random) => {
    const ids = Array.from({ length: 2 + random.below(MAX_SET - 1) }, (_, index) => `set-${caller}-${index}`)
    return { type: 'putMany', ids }
  },
  lease: (caller, _number, random) => ({
    type: 'lease',
    id: `${LEASE_PREFIX}${caller}-${random.below(LEASES)}`,
    lasts: random.percent(LASTING_PERCENT),
  }),
  transfer: (caller, _number, random) => {
    const from = random.below(ACCOUNTS.length)
    const to = (from + 1 + random.below(ACCOUNTS.length - 1)) % ACCOUNTS.length
    return {
      type: 'transfer',
      from: ACCOUNTS[from] ?? '',
      to: ACCOUNTS[to] ?? '',
      amount: 1 + random.below(MAX_AMOUNT),
      receipt: `receipt-${caller}`,
    }
  },
  append: (_caller, _number, random) => ({
    type: 'append',
    stream: random.pick(STREAMS),
    entries: 1 + random.below(MAX_ENTRIES),
  }),
} as const satisfies Record<string, StepMaker>

/** How many callers do what. */
const CALLERS: readonly (readonly [StepMaker, number])[] = [
  [makers.put, 40],
  [makers.insertOrDelete, 8],
  [makers.putMany, 5],
  [makers.lease, 5],
  [makers.transfer, 3],
  [makers.append, 3],
]

const makerOfCaller: readonly StepMaker[] = CALLERS.flatMap(([maker, count]) =>
  Array.from({ length: count }, () => maker),
)

/** How many callers a process has. */
export const CALLER_COUNT = makerOfCaller.length

/** The step of a caller, counted from 1. */
export function stepOf(seed: number, caller: number, number: number): Step {
  const maker = makerOfCaller[caller]
  if (maker === undefined) throw new Error(`there is no caller ${caller}`)
  return maker(caller, number, randomFrom(seed, caller, number))
}

/** True for the key of a record that may expire. */
export function isLease(id: string): boolean {
  return id.startsWith(LEASE_PREFIX)
}

/** Whose the record is that a caller writes. */
export function ownerOf(caller: number): string {
  return `caller-${caller}`
}
