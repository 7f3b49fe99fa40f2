/**
 * The name of the lock file, which says all there is to say of the lock. The file is empty.
 *
 * - `lock-000007.released`: nobody has the directory; its last holder gave it back in order
 * - `lock-000007.released,log=3,end=812`: and left a note
 * - `lock-000007.abandoned`: nobody has it; its last holder gave it back without having put all in order
 * - `lock-000008.held,host=…,pid=…,start=…,machine=…,system=…,id=…`: the eighth holder has it
 *
 * What is not known is left out. With a host of 32 characters a name stays below the 143 that the strictest
 * file systems allow.
 */

import type { LockOwner } from './lock-owner.ts'

/** What a holder leaves to the next one: a few whole numbers, under names of small letters. */
export type LockNote = Readonly<Record<string, number>>

/** How a lock that nobody holds was given back: in order or not. */
export type FreeState = 'released' | 'abandoned'

/** What a lock file's name says. */
export interface LockName {
  readonly name: string
  readonly number: number
  /** `held` also when the name is of a form that is not known here. */
  readonly state: 'held' | FreeState
  /** Who holds it; `undefined` when nobody does, or when the name does not tell. */
  readonly owner: LockOwner | undefined
  /** What the last holder left, where nobody holds it. */
  readonly note: LockNote | undefined
}

const HOST_CHARACTERS = 32

const NAME = /^lock-(\d{6,15})(?:\.([a-z]+)((?:,[a-z]+=[\w.-]*)*))?$/
const COUNT = /^\d{1,16}$/
/** The largest process id that any system gives. */
const LARGEST_PID = 0xffff_ffff

/** Reads the name of a lock file; `undefined` for the name of something else. */
export function parseLockName(name: string): LockName | undefined {
  const [, digits, state, list = ''] = NAME.exec(name) ?? []
  if (digits === undefined) return undefined
  const isFree = state === 'released' || state === 'abandoned'
  const fields = new Map(list.split(',').slice(1).map(splitField))
  return {
    name,
    number: Number(digits),
    state: isFree ? state : 'held',
    owner: state === 'held' ? parseOwner(fields) : undefined,
    note: isFree ? parseNote(fields) : undefined,
  }
}

/** The name of a lock that nobody holds. */
export function freeName(number: number, state: FreeState, note: LockNote = {}): string {
  return lockName(number, state, note)
}

/** The name of a lock that is held. No two holdings have the same `id`, of letters and digits. */
export function heldName(number: number, owner: LockOwner, id: string): string {
  return lockName(number, 'held', {
    host: owner.host.replace(/[^\w.-]/g, '-').slice(0, HOST_CHARACTERS),
    pid: owner.pid,
    start: owner.startTime,
    machine: owner.machine,
    system: owner.system,
    id,
  })
}

type Fields = ReadonlyMap<string, string>

function lockName(
  number: number,
  state: LockName['state'],
  fields: Readonly<Record<string, string | number | undefined>>,
): string {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined)
  const list = known.map(([key, value]) => `,${key}=${value}`).join('')
  return `lock-${String(number).padStart(6, '0')}.${state}${list}`
}

function splitField(field: string): readonly [string, string] {
  const [key = '', value = ''] = field.split('=')
  return [key, value]
}

function parseNote(fields: Fields): LockNote | undefined {
  const isNote = fields.size > 0 && [...fields.values()].every((value) => COUNT.test(value))
  return isNote ? Object.fromEntries([...fields].map(([key, value]) => [key, Number(value)])) : undefined
}

function parseOwner(fields: Fields): LockOwner | undefined {
  const host = fields.get('host')
  const pid = Number(fields.get('pid'))
  if (host === undefined || !Number.isSafeInteger(pid) || pid < 1 || pid > LARGEST_PID) return undefined
  return {
    host,
    pid,
    startTime: fields.get('start'),
    machine: fields.get('machine'),
    system: fields.get('system'),
  }
}
