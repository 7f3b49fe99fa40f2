/**
 * Statements that store records: each takes any number of them as one JSON array, and says in its answer
 * which were stored. What `decide` in core says of a put is here said in SQL, and the suite holds both to
 * the same.
 *
 * - `put` stores over whatever is there
 * - `insert` stores where no live record is
 * - `update` stores over a live record, of one version or of any
 */

import type { FieldType, FieldValue, PutOperation } from '@coffer/core/backend'
import type { Table } from '@coffer/sql'
import { historyInsert } from './history-statements.ts'
import { counted, type SetStatement } from './set-statement.ts'

/** What a statement of puts does. */
export type PutKind = 'put' | 'put-keep' | 'insert' | 'update'

/** The statement of its kind for a put. */
export function putKind({ condition, expiresAt }: PutOperation): PutKind {
  switch (condition.type) {
    case 'none':
      return expiresAt === 'keep' ? 'put-keep' : 'put'
    case 'absent':
      return 'insert'
    case 'present':
      return 'update'
    case 'version':
      return condition.version === 0 ? 'insert' : 'update'
  }
}

/** Where statements of a layout work. Names are quoted. */
export interface StatementPlace {
  readonly table: Table
  readonly history: Table | undefined
  readonly floors: string
}

/** Where the records of a statement come from. */
export interface RecordSource {
  /** What stands behind `FROM`: a relation `input` with the columns of `recordColumns`. */
  readonly from: string
  /** The floor of the record's tenant, or null, as an expression. */
  readonly floor: string
}

/**
 * Stores records. Parameters: the records, the instant, and, where a record may be new, the layout's name
 * and the tenants. A new record starts above the floor of its tenant; the lock on the floor lasts until the
 * commit, so that no removal can raise it meanwhile.
 *
 * @param isStrict true where the statement must fail unless every record was stored
 */
export function putStatement(place: StatementPlace, kind: PutKind, isStrict: boolean): SetStatement {
  const { table, history } = place
  const { meta } = table
  const takes = kind === 'update' ? 'nothing' : 'floors'
  const records = `jsonb_to_recordset($1::jsonb) AS input(${recordDefinition(table)})`
  const from = kind === 'update' ? fewRecords(records) : records
  const floor = '(SELECT version FROM floors WHERE tenant = input.t)'
  const stored = storeText(place, kind, { from, floor })
  const floors = kind === 'update' ? [] : [floorsText(place)]
  const answer = [meta._tenant, meta._id, meta._version]
  const returning = (columns: readonly string[]) => columns.map((column) => `row.${column}`).join(', ')
  if (!isStrict && history === undefined) {
    const start = floors.length === 0 ? '' : `WITH ${floors.join()} `
    return { text: `${start}${stored} RETURNING ${returning(answer)}`, takes }
  }
  const copied = history === undefined ? [] : [meta._created_at, meta._expires_at, meta._doc]
  const parts = [...floors, `stored AS (${stored} RETURNING ${returning([...answer, ...copied])})`]
  if (history !== undefined) {
    const schemaVersion = String(table.layout.schemaVersion)
    const source = { name: 'stored', version: meta._version, schemaVersion }
    parts.push(`past AS (${historyInsert(table, history, source, 'put', '$2::timestamptz')})`)
  }
  return counted(parts, 'stored', answer, takes, isStrict)
}

/**
 * Records that are joined with the table. The condition is always true, and makes the planner expect one
 * record: so it steps into the primary key for each, where a hundred could make it read a whole table that it
 * has no statistics of yet.
 */
export function fewRecords(records: string): string {
  return `(SELECT * FROM ${records} WHERE i = i || '') AS input`
}

/** Stores what comes from the source. The instant is `$2`. */
export function storeText({ table }: StatementPlace, kind: PutKind, source: RecordSource): string {
  return kind === 'update' ? updateText(table, source) : insertText(table, kind, source)
}

/** One record as `jsonb_to_recordset` reads it; its members are those of `recordDefinition`. */
export function recordOf(table: Table, operation: PutOperation): string {
  const { tenant, id, expiresAt, hash, condition, fields } = operation
  let text = `{"t":${JSON.stringify(tenant)},"i":${JSON.stringify(id)},"d":${operation.document}`
  if (hash !== null) text += `,"h":"${hash}"`
  if (expiresAt === 'keep') text += ',"k":true'
  else if (expiresAt !== null) text += `,"e":"${instant(expiresAt)}"`
  if (condition.type === 'version') text += `,"v":${condition.version}`
  for (let field = 0; field < fields.length; field++) {
    const value = fields[field] ?? null
    if (value !== null) text += `,"f${field}":${fieldJson(table.layout.fields[field]?.type, value)}`
  }
  return `${text}}`
}

/** An instant as PostgreSQL reads it exactly. */
export function instant(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}

/** The value of a field as `jsonb_to_recordset` reads it. */
export function fieldJson(type: FieldType | undefined, value: FieldValue): string {
  return type === 'timestamp' ? `"${instant(Number(value))}"` : JSON.stringify(value)
}

/** The columns of a record, with their types. */
export function recordColumns({
  dialect,
  layout,
}: Table): readonly (readonly [name: string, type: string])[] {
  return [
    ['t', 'text'],
    ['i', 'text'],
    ['d', 'jsonb'],
    ['h', 'text'],
    ['k', 'boolean'],
    ['e', 'timestamptz'],
    ['v', 'bigint'],
    ...layout.fields.map(({ type }, field) => [`f${field}`, dialect.types[type]] as const),
  ]
}

function recordDefinition(table: Table): string {
  return recordColumns(table)
    .map(([name, type]) => `${name} ${type}`)
    .join(', ')
}

function floorsText({ floors }: StatementPlace): string {
  return (
    `floors AS MATERIALIZED (SELECT tenant, version FROM ${floors} ` +
    'WHERE layout = $3::text AND tenant = ANY($4::text[]) FOR SHARE)'
  )
}

function insertText(table: Table, kind: Exclude<PutKind, 'update'>, { from, floor }: RecordSource): string {
  const { meta, layout, fieldColumns, name } = table
  const columns = [...fieldColumns, ...Object.values(meta)]
  const values: Readonly<Record<string, string>> = {
    [meta._tenant]: 'input.t',
    [meta._id]: 'input.i',
    [meta._version]: `coalesce(${floor}, 0) + 1`,
    [meta._schema_version]: String(layout.schemaVersion),
    [meta._created_at]: '$2::timestamptz',
    [meta._updated_at]: '$2::timestamptz',
    [meta._expires_at]: 'input.e',
    [meta._deleted_at]: 'NULL',
    [meta._hash]: 'input.h',
    [meta._doc]: 'input.d',
  }
  const selected = [
    ...fieldColumns.map((_, field) => `input.f${field}`),
    ...Object.values(meta).map((each) => values[each]),
  ]
  const insert =
    `INSERT INTO ${name} AS row (${columns.join(', ')}) SELECT ${selected.join(', ')} FROM ${from} ` +
    `ON CONFLICT (${meta._tenant}, ${meta._id})`
  // A record of an append-only table is always live, and its guard would refuse the attempt to look.
  if (layout.appendOnly && kind === 'insert') return `${insert} DO NOTHING`
  const replaced = [...fieldColumns, meta._hash, meta._doc].map((column) => `${column} = excluded.${column}`)
  const live = liveText(table)
  const kept = `CASE WHEN ${live} THEN row.${meta._expires_at} END`
  const changes = [
    ...replaced,
    `${meta._version} = row.${meta._version} + 1`,
    `${meta._schema_version} = ${layout.schemaVersion}`,
    `${meta._created_at} = CASE WHEN ${live} THEN row.${meta._created_at} ELSE $2::timestamptz END`,
    `${meta._updated_at} = $2::timestamptz`,
    `${meta._expires_at} = ${kind === 'put-keep' ? kept : `excluded.${meta._expires_at}`}`,
    `${meta._deleted_at} = NULL`,
  ]
  const where = kind === 'insert' ? ` WHERE NOT (${live})` : ''
  return `${insert} DO UPDATE SET ${changes.join(', ')}${where}`
}

function updateText(table: Table, { from }: RecordSource): string {
  const { meta, layout, fieldColumns, name } = table
  const changes = [
    ...fieldColumns.map((column, field) => `${column} = input.f${field}`),
    `${meta._hash} = input.h`,
    `${meta._doc} = input.d`,
    `${meta._version} = row.${meta._version} + 1`,
    `${meta._schema_version} = ${layout.schemaVersion}`,
    `${meta._updated_at} = $2::timestamptz`,
    `${meta._expires_at} = CASE WHEN input.k THEN row.${meta._expires_at} ELSE input.e END`,
  ]
  return (
    `UPDATE ${name} AS row SET ${changes.join(', ')} FROM ${from} ` +
    `WHERE row.${meta._tenant} = input.t AND row.${meta._id} = input.i AND (input.v IS NULL OR row.${meta._version} = input.v) ` +
    `AND ${liveText(table)}`
  )
}

/** True when the row in place is live at the instant `$2`. */
export function liveText({ meta }: Table): string {
  return (
    `row.${meta._deleted_at} IS NULL AND ` +
    `(row.${meta._expires_at} IS NULL OR row.${meta._expires_at} > $2::timestamptz)`
  )
}
