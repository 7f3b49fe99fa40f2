/** Reads the target of a copy again, as one state of its own, and compares it with the source. */

import { canonicalJson, type Layout, type Place, type Snapshot, StoreError } from '@coffer/core'
import { compareText } from '@coffer/core/backend'
import { hashOfContents, type LayoutDigest } from './content-digest.ts'
import { digestOf } from './content-hash.ts'
import { COPIES } from './copy-mark.ts'
import { writtenLayout } from './layout-schema.ts'
import { floorPages } from './pages.ts'

/**
 * Throws `CORRUPT` where the target does not hold the layouts and the rows of the source and nothing else, or has a
 * floor that is lower: higher ones, and those that only the target has, are of rows that were removed from it.
 *
 * @param source the state that was copied, and what its layouts came to
 * @param onRows called with the rows that were read so far
 * @returns the hash of all that the target holds
 */
export async function verifyCopy(
  source: { readonly snapshot: Snapshot; readonly digests: readonly LayoutDigest[] },
  target: Place,
  signal: AbortSignal | undefined,
  onRows: (layout: string, rows: number) => void,
): Promise<string> {
  const wanted = new Map(source.snapshot.layouts.map(({ layout }) => [layout.name, layout]))
  const missing = new Map(source.digests.map((digest) => [digest.layout, digest]))
  let rows = 0
  return target.snapshot(async (snapshot) => {
    const found: LayoutDigest[] = []
    for (const { layout, stale } of snapshot.layouts) {
      if (layout.name === COPIES) continue
      const digest = await digestOf(snapshot, layout, signal, (count) => {
        rows += count
        onRows(layout.name, rows)
      })
      found.push(digest)
      const from = wanted.get(layout.name)
      if (stale || !isSame(digest, missing.get(layout.name)) || !isSameForm(layout, from)) refuse(layout.name)
      missing.delete(layout.name)
      if (from !== undefined && !(await hasFloors(source.snapshot, from, snapshot, layout)))
        refuse(layout.name)
    }
    for (const name of missing.keys()) refuse(name)
    return hashOfContents(found)
  })
}

function refuse(collection: string): never {
  throw new StoreError(
    'CORRUPT',
    `${collection}: the target does not hold what was copied; nobody else may write to it meanwhile: run it again`,
    { collection },
  )
}

function isSame({ rows, rowsHash }: LayoutDigest, expected: LayoutDigest | undefined): boolean {
  return expected === undefined ? rows === 0 : rows === expected.rows && rowsHash === expected.rowsHash
}

function isSameForm(layout: Layout, from: Layout | undefined): boolean {
  return from === undefined || canonicalJson(writtenLayout(layout)) === canonicalJson(writtenLayout(from))
}

/** True where no floor of the target is lower than the source's. Both come by tenant. */
async function hasFloors(source: Snapshot, from: Layout, target: Snapshot, to: Layout): Promise<boolean> {
  const there = floorsOf(target, to)
  let next = await there.next()
  for await (const { tenant, version } of floorsOf(source, from)) {
    while (next.done !== true && compareText(next.value.tenant, tenant) < 0) next = await there.next()
    if (next.done === true || next.value.tenant !== tenant || next.value.version < version) return false
  }
  return true
}

async function* floorsOf(snapshot: Snapshot, layout: Layout) {
  for await (const page of floorPages(snapshot, layout)) yield* page
}
