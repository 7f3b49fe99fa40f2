/**
 * The disk as it may look after a crash.
 *
 * What was synced is there. Of each change of a file that was not, all may be there, nothing, or a part; in its
 * place may stand zeros, noise, or what the blocks held before; and the length may have grown or not. Changes of
 * one file may arrive in any order, and so may files among each other. Names that were not synced may be as they
 * were before or after each change: as a journal keeps them, so that a later change is never there without an
 * earlier one, or in any combination. A rename is there whole or not at all.
 *
 * A sector that was synced is never harmed by a later write beside it, as drives promise.
 */

import { crc32 } from 'node:zlib'
import type { Random } from './random.ts'
import type { Content } from './simulated-disk-content.ts'
import {
  type ContentChange,
  changeContent,
  type DiskOperation,
  DiskState,
  type FileNode,
  ROOT,
  withSettings,
} from './simulated-disk-state.ts'

/** The piece that a drive writes whole or not at all, in bytes. */
const SECTOR_BYTES = 512

/** One way in which a crash may end. */
export interface Crash {
  readonly kind: 'kill' | 'power cut'
  /** How it came about, in words. */
  readonly label: string
  readonly state: DiskState
  /** True where the last operation was not finished, so that nobody can have been told of it. */
  readonly isWithin?: boolean
}

/**
 * The death of the process alone: all that the system was given is there, though not yet durable.
 *
 * @param before the disk before the last operation
 * @param last cut short where it is a write
 */
export function killed(before: DiskState, last: DiskOperation | undefined, random: Random): Crash {
  const state = new DiskState(before)
  if (last?.type !== 'write') {
    if (last !== undefined) state.apply(last)
    return { kind: 'kill', label: 'killed', state }
  }
  const length = random.below(last.bytes.length + 1)
  if (length > 0) state.apply({ ...last, bytes: last.bytes.subarray(0, length) })
  const label = `killed within the last write, after ${length} of its bytes`
  return { kind: 'kill', label, state, isWithin: true }
}

/** Which pending changes a loss of power leaves. */
interface Policy {
  readonly label: string
  readonly content: (file: FileNode, random: Random, freed: Uint8Array) => Content
  /** Decides which changes of names are kept, by their sequence. */
  readonly keeps: (sequences: readonly number[], random: Random) => (sequence: number) => boolean
}

const EXTREMES: readonly Policy[] = [
  { label: 'nothing that was not synced', content: durableOf, keeps: none },
  { label: 'all content and no name that was not synced', content: contentOf, keeps: none },
  { label: 'all names and no content that was not synced', content: durableOf, keeps: all },
  { label: 'all that was written', content: contentOf, keeps: all },
]

const CHANCES: readonly Policy[] = [
  { label: 'changes in their order up to a torn one', content: tornContent, keeps: earlier },
  { label: 'any part of any change, names in their order', content: anyContent, keeps: earlier },
  { label: 'any part of any change, any names', content: anyContent, keeps: any },
]

/**
 * Losses of power at one moment: the four extremes, and so many left to chance. Those that look the same are
 * told once.
 */
export function powerCuts(state: DiskState, chances: number, random: Random): readonly Crash[] {
  const policies = [...EXTREMES]
  for (let count = 0; count < chances; count++) policies.push(random.pick(CHANCES))
  const seen = new Set<number>()
  return policies.flatMap((policy, index) => {
    const settled = settle(state, policy, random)
    const print = fingerprint(settled)
    if (seen.has(print)) return []
    seen.add(print)
    return [{ kind: 'power cut', label: `power cut ${index}: ${policy.label}`, state: settled }]
  })
}

/** A number that is the same for disks on which all files look the same. */
export function fingerprint(state: DiskState): number {
  const visit = (number: number, print: number): number => {
    const node = state.node(number)
    if (node === undefined) return print
    if (node.type === 'file') return crc32(node.content.bytes, print)
    const names = [...node.names].sort(([one], [other]) => (one < other ? -1 : 1))
    return names.reduce((sum, [name, child]) => visit(child, crc32(`${name}\0`, sum)), print)
  }
  return visit(ROOT, 0)
}

/** The disk after the power is back: nothing is pending any more. */
function settle(state: DiskState, policy: Policy, random: Random): DiskState {
  const settled = new DiskState(state)
  const isKept = policy.keeps(pendingNames(state), random)
  for (const [number, node] of [...state.nodes()]) {
    if (node.type === 'file') {
      const content = node.pending.length === 0 ? node.durable : policy.content(node, random, state.freed)
      settled.replace(number, { ...node, content, durable: content, pending: [] })
    } else {
      const names = withSettings(
        node.durable,
        node.pending.filter(({ sequence }) => isKept(sequence)).map(({ settings }) => settings),
      )
      settled.replace(number, { ...node, names, durable: names, pending: [] })
    }
  }
  settled.forgetUnnamed(() => false)
  return settled
}

/** The sequences of changes of names that are pending, ascending. */
function pendingNames(state: DiskState): readonly number[] {
  const sequences = new Set<number>()
  for (const [, node] of state.nodes()) {
    if (node.type === 'directory') for (const { sequence } of node.pending) sequences.add(sequence)
  }
  return [...sequences].sort((one, other) => one - other)
}

function none(): () => boolean {
  return () => false
}

function all(): () => boolean {
  return () => true
}

function earlier(sequences: readonly number[], random: Random): (sequence: number) => boolean {
  const kept = new Set(sequences.slice(0, random.below(sequences.length + 1)))
  return (sequence) => kept.has(sequence)
}

function any(sequences: readonly number[], random: Random): (sequence: number) => boolean {
  const kept = new Set(sequences.filter(() => random.percent(50)))
  return (sequence) => kept.has(sequence)
}

function durableOf(file: FileNode): Content {
  return file.durable.copy()
}

/** What a failed sync has lost is not among it, whatever programs still see. */
function contentOf(file: FileNode): Content {
  const content = file.durable.copy()
  for (const change of file.pending) changeContent(content, change)
  return content
}

function tornContent(file: FileNode, random: Random, freed: Uint8Array): Content {
  const content = file.durable.copy()
  const whole = random.below(file.pending.length + 1)
  for (const change of file.pending.slice(0, whole)) changeContent(content, change)
  const torn = file.pending[whole]
  if (torn !== undefined) tear(content, torn, random, freed)
  return content
}

function anyContent(file: FileNode, random: Random, freed: Uint8Array): Content {
  const content = file.durable.copy()
  for (const change of file.pending) {
    const chance = random.below(3)
    if (chance === 0) changeContent(content, change)
    else if (chance === 1) tear(content, change, random, freed)
  }
  return content
}

/** Does a part of a change. A change of length alone happens or not. */
function tear(content: Content, change: ContentChange, random: Random, freed: Uint8Array): void {
  if (change.type === 'truncate') {
    if (random.percent(50)) changeContent(content, change)
    return
  }
  const { bytes, position } = change
  const end = position + bytes.length
  const before = content.bytes.slice(position, end)
  switch (random.below(6)) {
    case 0:
      content.write(bytes.subarray(0, random.below(bytes.length + 1)), position)
      return
    case 1:
      content.write(bytes.subarray(0, sectorCut(position, bytes.length, random)), position)
      return
    case 2:
      // Only the length has grown, or the blocks were zeroed when they were given out.
      content.write(new Uint8Array(bytes.length), position)
      content.write(before, position)
      return
    case 3:
      content.write(random.bytes(bytes.length), position)
      return
    case 4:
      content.write(new Uint8Array(bytes.length), position)
      content.write(freed.subarray(position, end), position)
      return
    default:
      content.write(someSectors(before, bytes, position, random), position)
  }
}

/** How many bytes of a write go up to a border of sectors. */
function sectorCut(position: number, length: number, random: Random): number {
  const first = SECTOR_BYTES - (position % SECTOR_BYTES)
  const borders = length <= first ? 0 : Math.ceil((length - first) / SECTOR_BYTES)
  const cut = random.below(borders + 1)
  return cut === 0 ? 0 : Math.min(length, first + (cut - 1) * SECTOR_BYTES)
}

/** What a write leaves when only some of its sectors were written: in the others is what was there, or zeros. */
function someSectors(before: Uint8Array, bytes: Uint8Array, position: number, random: Random): Uint8Array {
  const result = new Uint8Array(bytes.length)
  result.set(before)
  for (let from = 0; from < bytes.length; ) {
    const to = Math.min(bytes.length, from + SECTOR_BYTES - ((position + from) % SECTOR_BYTES))
    if (random.percent(50)) result.set(bytes.subarray(from, to), from)
    from = to
  }
  return result
}
