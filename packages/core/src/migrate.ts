/** Plans what opening would do to a place, and brings a place up to the collections of a store. */

import type { Backend } from './backend.ts'
import type { Contents, HeldLayout } from './contents.ts'
import type { CollectionDefinition } from './definition.ts'
import { Definitions } from './definitions.ts'
import { invalid, StoreError } from './errors.ts'
import { throwIfAborted } from './failure.ts'
import {
  layoutChanges,
  type MigrationPlan,
  type RowCount,
  stepsOf,
  touchesRows,
  unknownLayouts,
} from './migration-plan.ts'
import { checkOptionNames } from './query.ts'
import { type Rewriting, type RewrittenCollection, reindexRows } from './reindex.ts'

/** What `migrate` takes. */
export interface MigrateOptions extends Pick<Rewriting, 'onProgress' | 'signal'> {
  /**
   * Whether to go over every record of every collection, and to write those anew that have another form than
   * today's: of an older version, with index fields that were taken out by other rules, or without the hash that is
   * now kept. Default: false, only where the definition has changed.
   */
  readonly rewrite?: boolean | undefined
}

/** What `migrate` has done. */
export interface MigrationReport {
  /** The plan as it was before. */
  readonly plan: MigrationPlan
  /** Collections whose records were gone over, in text order. */
  readonly rewritten: readonly RewrittenCollection[]
}

/** What a migration works on. */
export interface MigrationPlace {
  readonly backend: Backend
  readonly contents: Contents
  readonly definitions: readonly CollectionDefinition[]
  readonly now: () => number
  /** Opens all collections. */
  readonly open: (rewriting: Rewriting) => Promise<void>
}

type PlannedPlace = Pick<MigrationPlace, 'backend' | 'contents' | 'definitions'>

/** Compares the place with the definitions; makes and changes nothing. */
export async function planMigration(place: PlannedPlace): Promise<MigrationPlan> {
  return planFrom(await place.contents.layouts(), place)
}

/** The plan for a place that holds these layouts; one that holds none is not asked for anything. */
export async function planFrom(
  held: readonly HeldLayout[],
  { backend, contents, definitions }: PlannedPlace,
): Promise<MigrationPlan> {
  const wanted = Definitions.layouts(definitions)
  const changes = layoutChanges(held, wanted)
  const touched = changes.flatMap((change) => (touchesRows(change) && change.held ? [change.held] : []))
  const counts = await countRows(backend, contents, touched)
  const planned = changes.map((change) => ({
    change,
    steps: stepsOf(change, counts.get(change.wanted.name) ?? NO_ROWS),
  }))
  const statements = planned.flatMap(({ change, steps }) => {
    const isChange = steps.some((step) => step.change !== 'rewrite' && step.change !== 'refused')
    const told = isChange ? contents.statements?.(change.held?.layout, change.wanted) : undefined
    return told === undefined || told.length === 0
      ? []
      : [{ collection: change.wanted.name, statements: told }]
  })
  return { steps: planned.flatMap(({ steps }) => steps), unknown: unknownLayouts(held, wanted), statements }
}

const NO_ROWS: RowCount = { rows: 0, isEstimate: false }

/** Counts rows as cheaply as the backend can; whether there are any is always true. */
async function countRows(
  backend: Backend,
  contents: Contents,
  held: readonly HeldLayout[],
): Promise<ReadonlyMap<string, RowCount>> {
  const counts = new Map<string, RowCount>()
  if (held.length === 0) return counts
  const { sizes = [] } = (await backend.inspect?.()) ?? {}
  await contents.snapshot(async (snapshot) => {
    for (const { layout } of held) {
      const size = sizes.find((each) => each.layout === layout.name)
      if (size?.isEstimate === false) counts.set(layout.name, { rows: size.rows, isEstimate: false })
      else if ((await snapshot.rows(layout, undefined, 1)).length > 0) {
        // Statistics that say none have not been gathered yet.
        counts.set(layout.name, { rows: size && size.rows > 0 ? size.rows : undefined, isEstimate: true })
      }
    }
  })
  return counts
}

/**
 * Opens everything, which applies the plan, and rewrites rows.
 *
 * @throws `UNSUPPORTED` before anything is changed, where a newer release has been at work
 */
export async function migratePlace(place: MigrationPlace, options: MigrateOptions): Promise<MigrationReport> {
  const { onProgress, signal, rewrite = false } = options
  throwIfAborted(signal)
  const plan = await planMigration(place)
  const refused = plan.steps.find((step) => step.change === 'refused')
  if (refused !== undefined) {
    const { collection, says } = refused
    throw new StoreError('UNSUPPORTED', `${collection} ${says}`, { collection })
  }
  const done = new Map<string, RewrittenCollection>()
  const rewriting: Rewriting = {
    onProgress,
    signal,
    onRewritten: (rewritten) => done.set(rewritten.collection, rewritten),
  }
  await place.open(rewriting)
  const planned = new Set(plan.steps.flatMap((step) => (step.change === 'rewrite' ? [step.collection] : [])))
  for (const definition of place.definitions) {
    // A collection may have been opened by others, and an engine may keep old records for reading as they are.
    if (done.has(definition.name) || !(rewrite || planned.has(definition.name))) continue
    await reindexRows(place.backend, definition, place.now(), rewriting)
  }
  const rewritten = place.definitions.flatMap(({ name }) => done.get(name) ?? [])
  return { plan, rewritten }
}

/** Refuses options that `migrate` does not know. */
export function checkMigrateOptions(options: MigrateOptions): void {
  checkOptionNames(options, ['rewrite', 'onProgress', 'signal'], 'migrate')
  const { rewrite, onProgress, signal } = options
  if (rewrite !== undefined && typeof rewrite !== 'boolean')
    throw invalid('migrate: rewrite is true or false')
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw invalid('migrate: onProgress takes a function')
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalid('migrate: signal takes an AbortSignal')
  }
}
