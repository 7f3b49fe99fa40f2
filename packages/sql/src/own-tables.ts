/**
 * Coffer's own tables: the version of the format, the layouts that tables were made for, and the floors.
 * They are made of the dialect's column types, so that they look like all the others.
 */

import type { ColumnSpec, Dialect } from './dialect.ts'
import { type SchemaObject, schemaObject } from './schema.ts'
import type { Template } from './statement.ts'

/** Statements on Coffer's own tables. `reindexed` is false while rows still have an older layout's form. */
export interface OwnTables {
  readonly objects: readonly SchemaObject[]
  /** Answers the format's version, as one column. */
  readonly readFormat: Template<[]>
  readonly writeFormat: Template<[version: number]>
  /** Answers name, layout and `reindexed` of every layout. */
  readonly readLayouts: Template<[]>
  readonly writeLayout: Template<[name: string, layout: string, reindexed: boolean]>
  /** Marks a layout's rows as written anew, if the layout is still the one given. */
  readonly finishReindex: Template<[name: string, layout: string]>
  /** Answers the highest version of any removed row, as one column. */
  readonly readFloor: Template<[layout: string, tenant: string]>
  /** Raises a floor; one that is higher stays. */
  readonly raiseFloor: Template<[layout: string, tenant: string, version: number]>
  /** Answers tenant and version of the floors of a layout, by tenant in text order, behind a tenant. */
  readonly readFloors: Template<[layout: string, after: string | undefined, limit: number]>
  /** Forgets all layouts. Their tables stay. */
  readonly clearLayouts: Template<[]>
  readonly clearFloors: Template<[]>
}

/** The tables of one store; its prefix comes before their names. */
export function ownTables(dialect: Dialect, prefix: string): OwnTables {
  const [meta, layouts, floors] = ['_coffer_meta', '_coffer_layouts', '_coffer_floors'].map((name) => ({
    plain: `${prefix}${name}`,
    quoted: dialect.qualify(`${prefix}${name}`),
  })) as [Name, Name, Name]
  const p = dialect.placeholder
  const flag = dialect.encode.boolean
  return {
    objects: [
      table(dialect, meta, { key: 'text', version: 'integer' }, 1),
      table(dialect, layouts, { name: 'text', layout: 'text', reindexed: 'boolean' }, 1),
      table(dialect, floors, { layout: 'text', tenant: 'text', version: 'integer' }, 2),
    ],
    readFormat: {
      text: `SELECT version FROM ${meta.quoted} WHERE key = 'format'`,
      parameters: () => [],
    },
    writeFormat: {
      text: `INSERT INTO ${meta.quoted} (key, version) VALUES ('format', ${p(1)})`,
      parameters: (version) => [version],
    },
    readLayouts: {
      text: `SELECT name, layout, reindexed FROM ${layouts.quoted}`,
      parameters: () => [],
    },
    writeLayout: {
      text:
        `INSERT INTO ${layouts.quoted} (name, layout, reindexed) VALUES (${p(1)}, ${p(2)}, ${p(3)}) ` +
        'ON CONFLICT (name) DO UPDATE SET layout = excluded.layout, reindexed = excluded.reindexed',
      parameters: (name, layout, reindexed) => [name, layout, flag(reindexed)],
    },
    finishReindex: {
      text:
        `UPDATE ${layouts.quoted} SET reindexed = ${dialect.constants.true} ` +
        `WHERE name = ${p(1)} AND layout = ${p(2)}`,
      parameters: (...input) => input,
    },
    readFloor: {
      text: `SELECT version FROM ${floors.quoted} WHERE layout = ${p(1)} AND tenant = ${p(2)}`,
      parameters: (...input) => input,
    },
    raiseFloor: {
      // A floor that is high enough is not touched: some engines lock even a row that they then leave alone.
      text:
        `INSERT INTO ${floors.quoted} AS floor (layout, tenant, version) ` +
        `SELECT ${p(1)}, ${p(2)}, ${p(3)} WHERE NOT EXISTS (SELECT 1 FROM ${floors.quoted} ` +
        `WHERE layout = ${p(4)} AND tenant = ${p(5)} AND version >= ${p(6)}) ` +
        'ON CONFLICT (layout, tenant) DO UPDATE SET version = excluded.version ' +
        'WHERE floor.version < excluded.version',
      parameters: (...input) => [...input, ...input],
    },
    readFloors: {
      // No tenant's name is empty. A floor of 0 is a row that only serves as a lock.
      text:
        `SELECT tenant, version FROM ${floors.quoted} WHERE layout = ${p(1)} AND tenant > ${p(2)} ` +
        `AND version > 0 ORDER BY tenant LIMIT ${p(3)}`,
      parameters: (layout, after, limit) => [layout, after ?? '', limit],
    },
    clearLayouts: { text: `DELETE FROM ${layouts.quoted}`, parameters: () => [] },
    clearFloors: { text: `DELETE FROM ${floors.quoted}`, parameters: () => [] },
  }
}

interface Name {
  readonly plain: string
  readonly quoted: string
}

function table(
  dialect: Dialect,
  name: Name,
  columns: Readonly<Record<string, ColumnSpec['type']>>,
  keyLength: number,
): SchemaObject {
  const definitions = Object.entries(columns).map(([column, type]) =>
    dialect.schema.column({ column, type, nullable: false }),
  )
  const key = Object.keys(columns).slice(0, keyLength).join(', ')
  const lines = [...definitions, `PRIMARY KEY (${key})`]
  return {
    ...schemaObject(dialect, 'table', name.plain),
    create: `CREATE TABLE ${name.quoted} (\n  ${lines.join(',\n  ')}\n)${dialect.schema.tableOptions}`,
  }
}
