/** The removing half of a collection: single records, many of them, and all that goes along. */

import type { CollectionDefinition } from './definition.ts'
import type { Engine } from './engine.ts'
import { atPosition, invalid, isStoreError, StoreError } from './errors.ts'
import type { Abortable, Executor } from './executor.ts'
import { constantOf, type Filter, parseFilter } from './filter.ts'
import { HISTORY } from './history.ts'
import type { Applied, DeleteOperation } from './operation.ts'
import type { Predicate } from './predicate.ts'
import { expandDeletion } from './references.ts'
import { writeGroup } from './refusal.ts'
import type { StoredRow, Visibility } from './row.ts'
import { checkKey } from './text.ts'
import { walkPages } from './walk.ts'
import { checkDeleteOptions, conditionOf, type DeleteOptions } from './write-options.ts'

/** Records that a bulk removal reads and removes in one step of its transaction. */
const PAGE_ROWS = 1_000
/** How often a removal is tried when records that refer to the removed one keep turning up. */
const MAX_CASCADE_ATTEMPTS = 10

/** What `deleteMany` may be asked to remove. */
export type DeleteTarget<F extends string = string> = readonly string[] | Filter<F> | { readonly all: true }

export class Remover {
  readonly #definition: CollectionDefinition
  readonly #engine: Engine
  readonly #executor: Executor
  readonly #tenant: string

  constructor(definition: CollectionDefinition, engine: Engine, executor: Executor, tenant: string) {
    this.#definition = definition
    this.#engine = engine
    this.#executor = executor
    this.#tenant = tenant
  }

  async delete(key: string, options: DeleteOptions): Promise<boolean> {
    const operation = this.#deletion(checkKey(key, this.#definition.name), options)
    const applied = await this.#remove(this.#executor, [operation], options)
    return applied.some((each) => each.existed)
  }

  async deleteMany(target: DeleteTarget, options: DeleteOptions): Promise<number> {
    const { name } = this.#definition
    if (options.ifVersion !== undefined)
      throw invalid(`${name}: ifVersion is for one record, not for deleteMany`)
    if (isKeys(target)) {
      const operations = target.map((key, index) =>
        atPosition(index, target, () => this.#deletion(checkKey(key, name), options)),
      )
      const applied = operations.length === 0 ? [] : await this.#remove(this.#executor, operations, options)
      return countLive(applied)
    }
    checkDeleteOptions(options, name)
    const where = this.#meant(target)
    const visibility = options.permanent === true ? 'kept' : 'live'
    return this.#executor.atomically(async (executor) => {
      let removed = 0
      for await (const rows of this.#pages(executor, where, visibility)) {
        const operations = rows.map((row) => this.#deletion(row.id, options))
        removed += countLive(await this.#remove(executor, operations, options))
      }
      return removed
    })
  }

  /** The predicate of a bulk deletion; that every record is meant must be said in so many words. */
  #meant(target: Exclude<DeleteTarget, readonly string[]>): Predicate | undefined {
    const { name } = this.#definition
    if (
      typeof target === 'object' &&
      target !== null &&
      Object.keys(target).join() === 'all' &&
      !this.#hasField('all')
    ) {
      if ((target as { all: unknown }).all === true) return undefined
    }
    const where = parseFilter(target, this.#definition)
    if (where === undefined || constantOf(where) === true)
      throw invalid(`${name}: an empty filter would delete everything; say { all: true } if you mean it`)
    return where
  }

  #hasField(name: string): boolean {
    return this.#definition.key === name || this.#definition.fields.some((field) => field.name === name)
  }

  async clear(options: Abortable): Promise<number> {
    refuseOnLog(this.#definition)
    return this.#executor.atomically(async (executor) => {
      let removed = 0
      for await (const rows of this.#pages(executor, undefined, 'any')) {
        await this.#erase(
          executor,
          rows.map((row) => row.id),
          options,
        )
        removed += rows.length
      }
      if (this.#definition.layout.history !== undefined) await this.#erasePast(executor, options)
      return removed
    })
  }

  /** Erases the history of records that were removed before. */
  async #erasePast(executor: Executor, options: Abortable): Promise<void> {
    const walk = {
      tenant: this.#tenant,
      where: undefined,
      limit: PAGE_ROWS,
      visibility: 'any',
      withFields: true,
    } as const
    for await (const rows of walkPages((query) => executor.queryHistory(this.#definition, query), walk)) {
      const keys = new Set(rows.map((row) => row.fields?.[HISTORY.key] as string))
      await this.#erase(executor, [...keys], options)
    }
  }

  async #erase(executor: Executor, keys: readonly string[], options: Abortable): Promise<void> {
    const operations = keys.map((key) => this.#deletion(key, { permanent: true }))
    await this.#remove(executor, operations, options)
  }

  /** Pages of rows that are removed while they are walked: a position never minds what went before it. */
  #pages(
    executor: Executor,
    where: Predicate | undefined,
    visibility: Visibility,
  ): AsyncGenerator<readonly StoredRow[]> {
    const walk = { tenant: this.#tenant, where, limit: PAGE_ROWS, visibility, withFields: false }
    return walkPages((query) => executor.query(this.#definition, query), walk)
  }

  #deletion(id: string, options: DeleteOptions): DeleteOperation {
    const { name, layout, softDelete } = this.#definition
    refuseOnLog(this.#definition)
    checkDeleteOptions(options, name)
    const mode = options.permanent === true ? 'erase' : softDelete ? 'soft' : 'hard'
    const condition = conditionOf(options.ifVersion, { type: 'none' }, name)
    return { type: 'delete', layout, tenant: this.#tenant, id, condition, mode }
  }

  /** Removes records with all that goes along, and answers for those asked alone. */
  async #remove(
    executor: Executor,
    operations: readonly DeleteOperation[],
    options: Abortable,
  ): Promise<readonly Applied[]> {
    if (this.#engine.definitions.inbound(this.#definition.name).length === 0) {
      return writeGroup(executor, this.#definition, { operations, checks: [] }, options)
    }
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#removeWithReferring(executor, operations, options)
      } catch (error) {
        // A record that was not there when they were gathered may go along the next time; one that
        // restricts is found again and refused in the end.
        if (!isStoreError(error, 'REFERENCE_VIOLATION') || !this.#cascades()) throw error
        if (executor.transactional || attempt >= MAX_CASCADE_ATTEMPTS) throw error
      }
    }
  }

  #cascades(): boolean {
    const inbound = this.#engine.definitions.inbound(this.#definition.name)
    return inbound.some(({ reference }) => reference.onDelete === 'cascade')
  }

  async #removeWithReferring(
    executor: Executor,
    operations: readonly DeleteOperation[],
    options: Abortable,
  ): Promise<readonly Applied[]> {
    const deletions = []
    for (const operation of operations) {
      deletions.push(await expandDeletion(executor, this.#engine.definitions, this.#definition, operation))
    }
    const group = {
      operations: deletions.flatMap((deletion) => deletion.operations),
      checks: deletions.flatMap((deletion) => deletion.checks),
    }
    const applied = await writeGroup(executor, this.#definition, group, options)
    return applied.filter((_each, position) =>
      operations.includes(group.operations[position] as DeleteOperation),
    )
  }
}

/** Refuses to change what is only ever added to. */
export function refuseOnLog({ name, layout }: CollectionDefinition): void {
  if (!layout.appendOnly) return
  throw new StoreError(
    'UNSUPPORTED',
    `${name}: a log is only added to; its entries can't be changed or removed`,
    { collection: name },
  )
}

function isKeys(target: DeleteTarget): target is readonly string[] {
  return Array.isArray(target)
}

function countLive(applied: readonly Applied[]): number {
  return applied.filter((each) => each.existed).length
}
