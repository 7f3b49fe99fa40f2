/** Statements that store rows as they are, each a set of them as one JSON array. Neither conditions nor history. */

import type { Key, NewRow, TenantFloor } from '@coffer/core/backend'
import type { Table } from '@coffer/sql'
import { fieldJson, instant } from './put-statements.ts'
import type { Command } from './session.ts'

/** The most rows of a statement, and about how many bytes: the server works on one while the next is made. */
const MAX_ROWS = 1_000
const MAX_BYTES = 8 * 1_024 * 1_024

/** What is done with a row that is there already: `add` fails, `put` replaces it. */
export type LoadKind = 'add' | 'put'

/** The commands that store the rows, in their order. For `put` no key may be there twice. */
export function loadRows(table: Table, kind: LoadKind, rows: readonly NewRow[]): readonly Command[] {
  const text = loadText(table, kind)
  return partsOf(rows).map((part) => ({ text, parameters: () => [jsonOf(table, part)] }))
}

/** The command that removes rows by their keys. */
export function removeRows({ meta, name }: Table, keys: readonly Key[]): Command {
  return {
    // The condition on itself makes the planner expect one key, and step into the primary key for each.
    text:
      `DELETE FROM ${name} AS row USING (SELECT * FROM unnest($1::text[], $2::text[]) AS key(tenant, id) ` +
      `WHERE id = id || '') AS gone ` +
      `WHERE row.${meta._tenant} = gone.tenant AND row.${meta._id} = gone.id`,
    parameters: [keys.map(({ tenant }) => tenant), keys.map(({ id }) => id)],
  }
}

/** The command that raises floors; those that are higher stay. */
export function raiseFloors(floorTable: string, layout: string, floors: readonly TenantFloor[]): Command {
  const given = 'unnest($2::text[], $3::bigint[]) AS given(tenant, version)'
  return {
    // In one order, as every sweep takes them.
    text:
      `INSERT INTO ${floorTable} AS floor (layout, tenant, version) ` +
      `SELECT $1, given.tenant, max(given.version) FROM ${given} ` +
      `WHERE NOT EXISTS (SELECT 1 FROM ${floorTable} AS high WHERE high.layout = $1 ` +
      'AND high.tenant = given.tenant AND high.version >= given.version) ' +
      'GROUP BY given.tenant ORDER BY given.tenant ' +
      'ON CONFLICT (layout, tenant) DO UPDATE SET version = greatest(floor.version, excluded.version)',
    parameters: [layout, floors.map(({ tenant }) => tenant), floors.map(({ version }) => String(version))],
  }
}

function partsOf(rows: readonly NewRow[]): readonly (readonly NewRow[])[] {
  const parts: NewRow[][] = []
  let part: NewRow[] = []
  let bytes = 0
  for (const row of rows) {
    if (part.length === MAX_ROWS || bytes > MAX_BYTES) {
      parts.push(part)
      part = []
      bytes = 0
    }
    part.push(row)
    bytes += row.document.length
  }
  if (part.length > 0) parts.push(part)
  return parts
}

function loadText(table: Table, kind: LoadKind): string {
  const { name, meta, fieldColumns, layout, dialect } = table
  const fields = fieldColumns.map((column, field) => ({
    column,
    from: `f${field}`,
    type: dialect.types[layout.fields[field]?.type ?? 'text'],
  }))
  const all = [...fields, ...META.map(([column, from, type]) => ({ column: meta[column], from, type }))]
  const list = (part: (each: (typeof all)[number]) => string) => all.map(part).join(', ')
  const insert =
    `INSERT INTO ${name} (${list(({ column }) => column)}) SELECT ${list(({ from }) => `input.${from}`)} ` +
    `FROM jsonb_to_recordset($1::jsonb) AS input(${list(({ from, type }) => `${from} ${type}`)})`
  if (kind === 'add') return insert
  const key = [meta._tenant, meta._id]
  const set = all
    .filter(({ column }) => !key.includes(column))
    .map(({ column }) => `${column} = excluded.${column}`)
  return `${insert} ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${set.join(', ')}`
}

/** Coffer's own columns, and the members of a row's JSON that they come from. */
const META = [
  ['_tenant', 't', 'text'],
  ['_id', 'i', 'text'],
  ['_version', 'v', 'bigint'],
  ['_schema_version', 's', 'bigint'],
  ['_created_at', 'c', 'timestamptz'],
  ['_updated_at', 'u', 'timestamptz'],
  ['_expires_at', 'e', 'timestamptz'],
  ['_deleted_at', 'x', 'timestamptz'],
  ['_hash', 'h', 'text'],
  ['_doc', 'd', 'jsonb'],
] as const

function jsonOf(table: Table, rows: readonly NewRow[]): string {
  return `[${rows.map((row) => rowJson(table, row)).join(',')}]`
}

/** Members that are absent are null. */
function rowJson({ layout }: Table, row: NewRow): string {
  const { tenant, id, version, schemaVersion, createdAt, updatedAt, expiresAt, deletedAt, hash } = row
  const created = instant(createdAt)
  // Most rows were never changed, and an instant costs as much as all else that is written of a row.
  const updated = updatedAt === createdAt ? created : instant(updatedAt)
  let text =
    `{"t":${JSON.stringify(tenant)},"i":${JSON.stringify(id)},"v":${version},"s":${schemaVersion},` +
    `"c":"${created}","u":"${updated}"`
  if (expiresAt !== null) text += `,"e":"${instant(expiresAt)}"`
  if (deletedAt !== null) text += `,"x":"${instant(deletedAt)}"`
  if (hash !== null) text += `,"h":${JSON.stringify(hash)}`
  for (let field = 0; field < layout.fields.length; field++) {
    const value = row.fields[field] ?? null
    if (value !== null) text += `,"f${field}":${fieldJson(layout.fields[field]?.type, value)}`
  }
  return `${text},"d":${row.document}}`
}
