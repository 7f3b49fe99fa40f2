/** What the server tells of the tables of a schema. */

import {
  type Counting,
  type HeldLayout,
  type LayoutSize,
  QUICK_COUNT,
  type RowStates,
} from '@coffer/core/backend'
import { countStates, type Table, tableOf } from '@coffer/sql'
import { ALL_TENANTS } from './confine.ts'
import { heldLayouts } from './held-layouts.ts'
import { type Place, runWithin } from './place.ts'
import { damagedLayouts, storedSchema } from './schema-state.ts'
import type { Session } from './session.ts'

/** Up to so many bytes of rows a table is counted; of larger ones the server's estimate is told. */
const MAX_COUNTED_BYTES = 8 * 1_024 * 1_024
/** From so many bytes on an index that nobody uses is worth a word. */
const LARGE_INDEX_BYTES = 64 * 1_024 * 1_024

/** One table. */
export interface TableFacts extends LayoutSize {
  readonly deadRows: number
  readonly isStale: boolean
  /** True while a change of it was not finished. */
  readonly isUnfinished: boolean
  /** True where a guard, or an index, is missing or not valid. */
  readonly isDamaged: boolean
  readonly isAppendOnly: boolean
  /** Large indexes that were never used since the server began to count. */
  readonly unusedIndexes: readonly string[]
}

/** Asks for all tables that the schema holds, inside the transaction that is open. */
export async function tableFacts(
  place: Place,
  session: Session,
  counting: Counting | undefined,
): Promise<readonly TableFacts[]> {
  const { schema } = place
  const { layouts } = await storedSchema(schema, session, [])
  const held = heldLayouts(layouts)
  if (held.length === 0) return []
  const stored = await storedSchema(
    schema,
    session,
    held.map(({ layout }) => layout),
  )
  const damaged = new Set(
    damagedLayouts(
      stored,
      schema,
      held.map(({ layout }) => layout),
    ),
  )
  const statistics = await statisticsOf(place, session, held, counting)
  const unused = await unusedIndexes(place, session)
  return held.flatMap(({ layout, stale }): TableFacts[] => {
    const table = tableOf(schema.dialect, layout)
    const name = schema.dialect.identifier(table.plainName)
    const found = statistics.get(name)
    if (found === undefined) return []
    return [
      {
        layout: layout.name,
        ...found,
        isStale: stale,
        isUnfinished: layouts.get(layout.name)?.isUnfinished ?? false,
        isDamaged: damaged.has(layout),
        isAppendOnly: layout.appendOnly,
        unusedIndexes: unused.get(name) ?? [],
      },
    ]
  })
}

type Statistics = Pick<TableFacts, 'rows' | 'isEstimate' | 'bytes' | 'deadRows' | 'states'>

async function statisticsOf(
  place: Place,
  session: Session,
  held: readonly HeldLayout[],
  counting: Counting | undefined,
): Promise<ReadonlyMap<string, Statistics>> {
  const { schema } = place
  const tables = new Map(
    held.map(({ layout }) => {
      const table = tableOf(schema.dialect, layout)
      return [schema.dialect.identifier(table.plainName), table] as const
    }),
  )
  const rows = await session.ask({
    text:
      'SELECT class.relname, class.reltuples::bigint, pg_table_size(class.oid), pg_total_relation_size(class.oid), ' +
      'coalesce(pg_stat_get_live_tuples(class.oid), 0), coalesce(pg_stat_get_dead_tuples(class.oid), 0) ' +
      'FROM pg_class AS class JOIN pg_namespace AS space ON space.oid = class.relnamespace ' +
      'WHERE space.nspname = $1 AND class.relname = ANY($2::name[])',
    parameters: [schema.name, [...tables.keys()]],
  })
  const isCounted = (bytes: unknown) => counting?.exact === true || Number(bytes) <= MAX_COUNTED_BYTES
  const small = rows.filter(([, , bytes]) => isCounted(bytes)).map(([name]) => String(name))
  const counts = await countsOf(place, session, small, tables)
  const states = await statesOf(
    place,
    session,
    rows.map(([name]) => String(name)),
    tables,
    counting,
  )
  return new Map(
    rows.map(([name, tuples, , bytes, live, dead]) => {
      const counted = counts.get(String(name))
      // What was counted as it happened is newer than what an analysis saw, but is lost in a crash.
      const estimate = Number(live) > 0 ? Number(live) : Math.max(0, Number(tuples))
      return [
        String(name),
        {
          rows: counted ?? estimate,
          isEstimate: counted === undefined,
          bytes: Number(bytes),
          deadRows: Number(dead),
          states: states.get(String(name)),
        },
      ]
    }),
  )
}

async function countsOf(
  place: Place,
  session: Session,
  names: readonly string[],
  tables: ReadonlyMap<string, Table>,
): Promise<ReadonlyMap<string, number>> {
  const counts = names.map((name) => `(SELECT count(*) FROM ${tables.get(name)?.name})`)
  if (counts.length === 0) return new Map()
  const command = { text: `SELECT unnest(ARRAY[${counts.join(', ')}])` }
  const [answer] = await runWithin(place, session, [{ command, tenant: ALL_TENANTS }])
  return new Map((answer?.rows ?? []).map(([count], index) => [names[index] ?? '', Number(count)]))
}

/** By the indexes that sweeps use, which hold no other rows than those with a deadline, and soft-deleted ones. */
async function statesOf(
  place: Place,
  session: Session,
  names: readonly string[],
  tables: ReadonlyMap<string, Table>,
  counting: Counting | undefined,
): Promise<ReadonlyMap<string, RowStates>> {
  const states = new Map<string, RowStates>()
  if (counting === undefined) return states
  const countedTo = counting.exact ? undefined : QUICK_COUNT
  for (const name of names) {
    const table = tables.get(name)
    if (table === undefined) continue
    const { text, parameters } = countStates(table, countedTo)
    const command = { text, parameters: parameters(counting.at) }
    const [answer] = await runWithin(place, session, [{ command, tenant: ALL_TENANTS }])
    const [expired, deleted] = answer?.rows[0] ?? []
    states.set(name, { expired: Number(expired), deleted: Number(deleted), countedTo })
  }
  return states
}

async function unusedIndexes(
  { schema }: Place,
  session: Session,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await session.ask({
    text:
      'SELECT relname, array_to_json(array_agg(indexrelname))::text FROM pg_stat_all_indexes ' +
      'JOIN pg_index USING (indexrelid) WHERE schemaname = $1 AND idx_scan = 0 AND NOT indisprimary ' +
      'AND pg_relation_size(indexrelid) >= $2::bigint GROUP BY relname',
    parameters: [schema.name, LARGE_INDEX_BYTES],
  })
  return new Map(rows.map(([table, indexes]) => [String(table), JSON.parse(String(indexes))]))
}
