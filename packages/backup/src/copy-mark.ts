/** The note that a copy leaves in its target: that it has begun, and later that it is done. */

import type { Place } from '@coffer/core'
import { fieldlessLayout, type NewRow } from '@coffer/core/backend'

/** The layout that holds the note. */
export const COPIES = 'coffer_copies'

const layout = fieldlessLayout(COPIES)

/** The layout to make in the target before anything is noted. */
export const copiesLayout = layout

const TENANT = 'default'
const ID = 'copy'

/** What is noted of a copy. */
export interface CopyMark {
  readonly state: 'begun' | 'done'
  /** The hash of what the source was called; `undefined` in a note of an older release. */
  readonly source: string | undefined
}

/** How far the copy into a place has come; `undefined` where there never was one. */
export async function readMark(place: Place): Promise<CopyMark['state'] | undefined> {
  return (await readCopy(place))?.state
}

/** What is noted of the copy into a place; `undefined` where there never was one. */
export async function readCopy(place: Place): Promise<CopyMark | undefined> {
  const row = await noted(place)
  if (row === undefined) return undefined
  const { state, source } = JSON.parse(row.document) as { state?: unknown; source?: unknown }
  return {
    state: state === 'done' ? 'done' : 'begun',
    source: typeof source === 'string' ? source : undefined,
  }
}

async function noted(place: Place): Promise<NewRow | undefined> {
  return place.snapshot(async (snapshot) => {
    if (!snapshot.layouts.some((held) => held.layout.name === COPIES)) return undefined
    const [row] = await snapshot.rows(layout, undefined, 1)
    return row
  })
}

/** Notes how far it has come. The layout has been made. */
export async function writeMark(
  place: Place,
  mark: CopyMark & { readonly from: string },
  at: number,
): Promise<void> {
  const before = await noted(place)
  const row: NewRow = {
    tenant: TENANT,
    id: ID,
    version: (before?.version ?? 0) + 1,
    createdAt: before?.createdAt ?? at,
    updatedAt: at,
    expiresAt: null,
    deletedAt: null,
    schemaVersion: 1,
    hash: null,
    fields: [],
    document: JSON.stringify({ id: ID, ...mark }),
  }
  await place.merge(layout, { put: [row], remove: [], floors: [] })
}
