/**
 * What is told of a commit: the keys of the rows that it changed, as texts that fit into notifications. Nothing
 * else of a record is in them.
 *
 * A text is a JSON array: who tells, then for each layout and tenant an array of both and the ids. Without any
 * ids, and to a reader that does not understand it, it says that every row may be another one.
 */

import type { ChangedKey } from '@coffer/core/backend'

/** The most bytes of a notification, one less than the constant in PostgreSQL's async.c. */
const MAX_HINT_BYTES = 7_999
/** The most notifications of one commit, a quarter of a megabyte; of one that changes more no row is named. */
const MAX_HINTS = 32
/** The most changes of one commit that are named, repeated ones counted. Whoever collects more may stop behind it. */
export const MAX_NAMED = 50_000

/** A hint that was heard. */
export interface Hint {
  /** Who told it; anything at all where somebody else than Coffer did. */
  readonly from: unknown
  /** The rows that were changed, or `undefined` when it may be all of them. */
  readonly changed: readonly ChangedKey[] | undefined
}

/** The text that tells of no row, and so of all. */
export function hintOfAll(from: string): string {
  return `[${JSON.stringify(from)}]`
}

/** The texts that tell of changed rows, at most 7,999 bytes each; of too many rows, one that names none. */
export function hintsOf(from: string, changed: readonly ChangedKey[]): readonly string[] {
  const head = `[${JSON.stringify(from)}`
  if (changed.length > MAX_NAMED) return [hintOfAll(from)]
  const hints: string[] = []
  let hint = head
  for (const { layout, tenant, ids } of byTenant(changed)) {
    const start = `,[${JSON.stringify(layout)},${JSON.stringify(tenant)}`
    let part = start
    let room = MAX_HINT_BYTES - Buffer.byteLength(`${hint}${start}]]`)
    for (const id of ids) {
      const text = `,${JSON.stringify(id)}`
      const bytes = Buffer.byteLength(text)
      if (bytes > room) {
        const rest = part === start ? hint : `${hint}${part}]`
        if (rest !== head) hints.push(`${rest}]`)
        hint = head
        part = start
        room = MAX_HINT_BYTES - Buffer.byteLength(`${head}${start}]]`)
        if (bytes > room || hints.length >= MAX_HINTS) return [hintOfAll(from)]
      }
      part += text
      room -= bytes
    }
    hint += `${part}]`
  }
  return hint === head ? hints : [...hints, `${hint}]`]
}

interface TenantChanges {
  readonly layout: string
  readonly tenant: string
  readonly ids: Set<string>
}

function byTenant(changed: readonly ChangedKey[]): Iterable<TenantChanges> {
  const tenants = new Map<string, TenantChanges>()
  for (const { layout, tenant, id } of changed) {
    const name = `${layout}\0${tenant}`
    const known = tenants.get(name)
    if (known === undefined) tenants.set(name, { layout, tenant, ids: new Set([id]) })
    else known.ids.add(id)
  }
  return tenants.values()
}

/** Reads what was heard. Anybody in the database may say anything, so what is no hint means the most that one can. */
export function readHint(text: string): Hint {
  const [from, ...parts] = arrayIn(text)
  const changed: ChangedKey[] = []
  for (const part of parts) {
    if (!isTexts(part)) return { from, changed: undefined }
    const [layout = '', tenant = '', ...ids] = part
    for (const id of ids) changed.push({ layout, tenant, id })
  }
  return { from, changed: changed.length === 0 ? undefined : changed }
}

function arrayIn(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 2 && value.every((each) => typeof each === 'string')
}
