/** The streams of a log: those that have a head, those that have lost it, and those that have lost their entries. */

import type { Page } from './backend.ts'
import type { CollectionDefinition } from './definition.ts'
import type { Abortable, Executor } from './executor.ts'
import { ID_FIELD } from './layout.ts'
import type { LogDefinition } from './log-definition.ts'
import { totalOrder } from './order.ts'
import type { Predicate } from './predicate.ts'

/** What `streams` takes. */
export interface StreamsOptions extends Abortable {
  /** Only streams behind this name. Default: from the first. */
  readonly after?: string | undefined
}

/** Whose streams are named. */
export interface StreamSource {
  readonly executor: Executor
  readonly log: LogDefinition
  readonly tenant: string
  readonly signal: AbortSignal | undefined
}

/** Names in text order, and the one that the next page begins behind, if there is a next page. */
export interface StreamPage {
  readonly names: readonly string[]
  readonly next: string | undefined
}

const PAGE_HEADS = 100
const PAGE_NAMES = 1_000

/**
 * One page of names. Of heads it is only seen where they stand: one that was changed may say anything. Between
 * any two of them one entry is looked for, and of each stream that has no head one more.
 */
export async function streamPage(source: StreamSource, after: string): Promise<StreamPage> {
  const { rows, next } = await ask(source, source.log.heads, [ID_FIELD], [after, undefined], PAGE_HEADS)
  const heads = rows.map((row) => row.id)
  // Behind the last head of all there may be streams that have none.
  const ends = next === undefined ? [...heads, undefined] : heads
  const firsts = await Promise.all(ends.map((end, place) => headless(source, heads[place - 1] ?? after, end)))
  const names: string[] = []
  for (const [place, end] of ends.entries()) {
    for (let lost = firsts[place]; lost !== undefined; lost = await headless(source, lost, end)) {
      names.push(lost)
      if (names.length >= PAGE_NAMES) return { names, next: lost }
    }
    if (end !== undefined) names.push(end)
  }
  return { names, next: next === undefined ? undefined : names.at(-1) }
}

/** The first stream behind one name and before another that has an entry. */
async function headless(
  source: StreamSource,
  after: string,
  before: string | undefined,
): Promise<string | undefined> {
  const { entries, chain } = source.log
  const [field, sequence] = [chain.stream, chain.sequence].map((member) =>
    entries.fields.findIndex(({ name }) => name === member),
  ) as [number, number]
  // In the order of the index that every log has.
  const { rows } = await ask(source, entries, [field, sequence], [after, before], 1)
  const stream = rows[0]?.fields?.[field]
  return typeof stream === 'string' ? stream : undefined
}

function ask(
  { executor, tenant, signal }: StreamSource,
  definition: CollectionDefinition,
  fields: readonly [number, ...number[]],
  [after, before]: readonly [string, string | undefined],
  limit: number,
): Promise<Page> {
  const [field] = fields
  const terms: Predicate[] = [{ type: 'compare', field, comparison: 'gt', value: after }]
  if (before !== undefined) terms.push({ type: 'compare', field, comparison: 'lt', value: before })
  const order = totalOrder(fields.map((each) => ({ field: each, direction: 'asc' })))
  const where: Predicate = { type: 'and', terms }
  const visibility = 'any'
  return executor.query(
    definition,
    { tenant, where, order, after: undefined, offset: 0, limit, visibility, withFields: true },
    { signal },
  )
}
