/**
 * The ordered, copy-on-write tree that everything is kept in, and the keys it is ordered by. The tree
 * itself is the library `sorted-btree`; this file knows how to import it.
 *
 * A key is one flat string that JavaScript's own `<` orders as `compareValues` orders its parts: comparing
 * two of them touches nothing else in memory, which made writes several times faster than lists of values.
 */

import type { Scalar } from '@coffer/core/backend'
import sortedBtree from 'sorted-btree'

/**
 * The library is CommonJS with a member `default`. Node gives that module object as the default import; a
 * test runner or bundler that imitates Babel gives the class itself.
 */
const BTree = 'default' in sortedBtree ? sortedBtree.default : sortedBtree

/**
 * A key, made of encoded parts such as tenant, values and id, one after the other. As no part begins
 * another, a shorter key is the cut before all keys that it begins.
 */
export type TreeKey = string

/** One part of a key. A row's `texts` field gives one key per member. */
export type KeyPart = Scalar | null

/** A map in the order of its keys. `clone()` takes constant time. */
export type SortedTree<V> = InstanceType<typeof sortedBtree.default<TreeKey, V>>

/** Entries per node: small enough that copying a node for a snapshot is cheap. */
const NODE_SIZE = 32

export function sortedTree<V>(): SortedTree<V> {
  return new BTree<TreeKey, V>(undefined, compareKeys, NODE_SIZE)
}

export function compareKeys(left: TreeKey, right: TreeKey): number {
  if (left < right) return -1
  return left === right ? 0 : 1
}

/** Sorts above every part, so that a key with it at the end is the cut behind all keys that it extends. */
export const ABOVE: TreeKey = '\x06'

/** Encodes the parts of a key. The string is flat, not a rope, so that comparing it is fast. */
export function keyOf(parts: readonly KeyPart[]): TreeKey {
  return parts.map(encodePart).join('')
}

/** A tag for the type, in the order of the types, and the value; text ends in NUL, which no text contains. */
function encodePart(part: KeyPart): string {
  if (typeof part === 'string') return `\x05${encodeText(part)}\0`
  if (typeof part === 'number') return `\x04${encodeNumber(part)}`
  if (part === null) return '\x01'
  return part ? '\x03' : '\x02'
}

const HIGH_UNITS = /[\ud800-\uffff]/

/** Moves surrogates above the rest of the basic plane, so that code units order as code points do. */
function encodeText(text: string): string {
  if (!HIGH_UNITS.test(text)) return text
  return text.replace(/[\ud800-\uffff]/g, (unit) => {
    const code = unit.charCodeAt(0)
    return String.fromCharCode(code < 0xe000 ? code + 0x2000 : code - 0x800)
  })
}

const double = new DataView(new ArrayBuffer(8))

/** The bits of a double, most significant first, with negative ones inverted and the sign flipped. */
function encodeNumber(value: number): string {
  double.setFloat64(0, value === 0 ? 0 : value)
  const high = double.getUint32(0)
  const low = double.getUint32(4)
  const a = high >= 0x80000000 ? ~high : high ^ 0x80000000
  const b = high >= 0x80000000 ? ~low : low
  return String.fromCharCode(
    a >>> 24,
    (a >>> 16) & 0xff,
    (a >>> 8) & 0xff,
    a & 0xff,
    b >>> 24,
    (b >>> 16) & 0xff,
    (b >>> 8) & 0xff,
    b & 0xff,
  )
}

/** The keys from one cut up to another: `from` itself is within, `to` is not. */
export interface KeyRange {
  readonly from: TreeKey
  readonly to: TreeKey
}

/** The range of all keys that begin with the one given. */
export function rangeOf(prefix: TreeKey): KeyRange {
  return { from: prefix, to: prefix + ABOVE }
}

/** Walks the values of a range in the order of their keys, or in reverse. The tree must not change meanwhile. */
export function* walk<V>(tree: SortedTree<V>, range: KeyRange, reverse = false): Generator<V> {
  if (reverse) {
    for (const [key, value] of tree.entriesReversed(range.to, [], true)) {
      if (compareKeys(key, range.from) < 0) return
      yield value
    }
    return
  }
  for (const [key, value] of tree.entries(range.from, [])) {
    if (compareKeys(key, range.to) >= 0) return
    yield value
  }
}
