/** The writing half of a collection: from records to groups, and from outcomes to answers or errors. */

import { decodeRow, encodeRecord } from './codec.ts'
import type { CollectionDefinition } from './definition.ts'
import type { Engine } from './engine.ts'
import { atIndex, invalid, StoreError } from './errors.ts'
import type { Abortable, Executor } from './executor.ts'
import type { Filter } from './filter.ts'
import { constantOf, parseFilter } from './filter.ts'
import { ID_FIELD } from './layout.ts'
import type {
  Applied,
  Condition,
  DeleteOperation,
  Group,
  Outcome,
  PutOperation,
  ReferenceCheck,
} from './operation.ts'
import type { Predicate, Query } from './predicate.ts'
import { expandDeletion, outboundChecks, violation } from './references.ts'
import { isLive, type StoredRow, type Visibility } from './row.ts'
import { checkKey } from './text.ts'
import {
  checkDeleteOptions,
  checkWriteOptions,
  conditionOf,
  type DeleteOptions,
  deadlineOf,
  type WriteOptions,
} from './write-options.ts'

/** How `update` changes a record: members to replace, or a function from the present record to the new one. */
export type Change<R> = { readonly [M in keyof R]?: R[M] | undefined } | ((record: R) => R | Promise<R>)

/** How often a read-modify-write cycle is tried when others write the same record. */
const MAX_UPDATE_ATTEMPTS = 100
/** Records that a bulk deletion reads and removes in one step of its transaction. */
const PAGE_ROWS = 1_000

export class Writer<R> {
  readonly #definition: CollectionDefinition<R>
  readonly #engine: Engine
  readonly #executor: Executor
  readonly #tenant: string

  constructor(definition: CollectionDefinition<R>, engine: Engine, executor: Executor, tenant: string) {
    this.#definition = definition
    this.#engine = engine
    this.#executor = executor
    this.#tenant = tenant
  }

  /** Stores records as one group under one condition. */
  async store(records: readonly R[], otherwise: Condition, options: WriteOptions): Promise<number[]> {
    const { name } = this.#definition
    if (!Array.isArray(records)) throw invalid(`${name}: it takes an array of records`)
    checkWriteOptions(options, name)
    if (otherwise.type === 'absent' && options.ifVersion !== undefined) {
      throw invalid(`${name}: an insert has its own condition; use put with ifVersion`)
    }
    const condition = conditionOf(options.ifVersion, otherwise, name)
    if (records.length === 0) return []
    const puts = records.map((record, index) =>
      this.#indexed(index, records, () => this.#put(record, condition, options, null)),
    )
    const applied = await this.#write(
      this.#executor,
      { operations: puts, checks: this.#checksOf(puts) },
      options,
    )
    return applied.map((each) => each.version)
  }

  async update(key: string, change: Change<R>, options: WriteOptions): Promise<number> {
    const id = checkKey(key, this.#definition.name)
    checkWriteOptions(options, this.#definition.name)
    if (typeof change !== 'function' && (typeof change !== 'object' || change === null)) {
      throw invalid(`${this.#definition.name}: update takes members to replace, or a function`)
    }
    const turn = JSON.stringify([this.#definition.name, this.#tenant, id])
    return this.#executor.turns.run(turn, () => this.#updateUntilDone(id, change, options))
  }

  async #updateUntilDone(id: string, change: Change<R>, options: WriteOptions): Promise<number> {
    for (let attempt = 1; ; attempt++) {
      const version = await this.#updateOnce(id, change, options)
      if (version !== undefined) return version
      if (attempt < MAX_UPDATE_ATTEMPTS) continue
      throw new StoreError(
        'CONFLICT',
        `${this.#definition.name}: others keep writing the record; try again later`,
        { collection: this.#definition.name, keys: [id] },
      )
    }
  }

  /** One cycle: the new version, or `undefined` when another write came between. */
  async #updateOnce(id: string, change: Change<R>, options: WriteOptions): Promise<number | undefined> {
    const { name, key } = this.#definition
    const [row] = await this.#executor.read(this.#definition, [{ tenant: this.#tenant, id }], options)
    if (row === undefined || !isLive(row, this.#engine.clock.now())) {
      throw new StoreError('NOT_FOUND', `${name}: there is no such record`, { collection: name, keys: [id] })
    }
    const condition = conditionOf(options.ifVersion, { type: 'version', version: row.version }, name)
    const present = decodeRow(this.#definition, row)
    const next = typeof change === 'function' ? await change(present) : { ...present, ...change }
    if ((next as Record<string, unknown> | null)?.[key] !== (present as Record<string, unknown>)[key]) {
      throw invalid(`${name}: an update can't change the key '${key}'`, { collection: name, keys: [id] })
    }
    const put = this.#put(next, condition, options, 'keep')
    const group = { operations: [put], checks: this.#checksOf([put]) }
    const outcome = await this.#executor.write(this.#definition, group, options)
    if (outcome.ok) return (outcome.applied[0] as Applied).version
    if (outcome.code === 'VERSION_CONFLICT' && options.ifVersion === undefined) return undefined
    throw this.#refusal(group, outcome)
  }

  async delete(key: string, options: DeleteOptions): Promise<boolean> {
    const operation = this.#deletion(checkKey(key, this.#definition.name), options)
    const applied = await this.#remove(this.#executor, [operation], options)
    return applied.some((each) => each.existed)
  }

  async deleteMany(
    target: readonly string[] | Filter | { readonly all: true },
    options: DeleteOptions,
  ): Promise<number> {
    const { name } = this.#definition
    if (options.ifVersion !== undefined)
      throw invalid(`${name}: ifVersion is for one record, not for deleteMany`)
    if (isKeys(target)) {
      const operations = target.map((key, index) =>
        this.#indexed(index, target, () => this.#deletion(checkKey(key, name), options)),
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
  #meant(target: Filter | { readonly all: true }): Predicate | undefined {
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

  async restore(key: string, options: Abortable): Promise<number> {
    const { name, layout, softDelete } = this.#definition
    const id = checkKey(key, name)
    if (!softDelete) throw invalid(`${name}: it keeps no deleted records; define it with softDelete: true`)
    const [row] = await this.#executor.read(this.#definition, [{ tenant: this.#tenant, id }], options)
    const operation = { type: 'restore', layout, tenant: this.#tenant, id } as const
    const fields = row === undefined ? [] : this.#encodedFields(row)
    const checks = outboundChecks(this.#definition, this.#engine.definitions, fields, this.#tenant)
    const applied = await this.#write(this.#executor, { operations: [operation], checks }, options)
    return (applied[0] as Applied).version
  }

  #encodedFields(row: StoredRow) {
    if (this.#definition.references.length === 0) return []
    return this.#encode(decodeRow(this.#definition, row)).fields
  }

  async clear(options: Abortable): Promise<number> {
    this.#refuseOnLog()
    return this.#executor.atomically(async (executor) => {
      let removed = 0
      for await (const rows of this.#pages(executor, undefined, 'any')) {
        const operations = rows.map((row) => this.#deletion(row.id, { permanent: true }))
        await this.#remove(executor, operations, options)
        removed += rows.length
      }
      return removed
    })
  }

  /** Pages of rows that are removed while they are walked: a cursor never minds what went before it. */
  async *#pages(
    executor: Executor,
    where: Predicate | undefined,
    visibility: Visibility,
  ): AsyncGenerator<readonly StoredRow[]> {
    let after: Query['after']
    do {
      const page = await executor.query(this.#definition, {
        tenant: this.#tenant,
        where,
        order: [{ field: ID_FIELD, direction: 'asc' }],
        after,
        offset: 0,
        limit: PAGE_ROWS,
        visibility,
        withFields: false,
      })
      if (page.rows.length > 0) yield page.rows
      after = page.next
    } while (after !== undefined)
  }

  #encode(record: unknown) {
    return encodeRecord(this.#definition, record, this.#tenant, this.#engine.options.maxDocumentBytes)
  }

  #put(record: unknown, condition: Condition, options: WriteOptions, otherwise: 'keep' | null): PutOperation {
    this.#refuseOnLog()
    const { id, document, fields, hash, expiresAt: own } = this.#encode(record)
    const expiresAt = deadlineOf(options, this.#definition, own, this.#engine.clock.now(), otherwise)
    return {
      type: 'put',
      layout: this.#definition.layout,
      tenant: this.#tenant,
      id,
      condition,
      document,
      fields,
      hash,
      expiresAt,
    }
  }

  #deletion(id: string, options: DeleteOptions): DeleteOperation {
    const { name, layout, softDelete } = this.#definition
    this.#refuseOnLog()
    checkDeleteOptions(options, name)
    const mode = options.permanent === true ? 'erase' : softDelete ? 'soft' : 'hard'
    const condition = conditionOf(options.ifVersion, { type: 'none' }, name)
    return { type: 'delete', layout, tenant: this.#tenant, id, condition, mode }
  }

  #refuseOnLog(): void {
    const { name, layout } = this.#definition
    if (!layout.appendOnly) return
    throw new StoreError(
      'UNSUPPORTED',
      `${name}: a log is only added to; its entries can't be changed or removed`,
      {
        collection: name,
      },
    )
  }

  #checksOf(puts: readonly PutOperation[]) {
    if (this.#definition.references.length === 0) return []
    return puts.flatMap((put) =>
      outboundChecks(this.#definition, this.#engine.definitions, put.fields, this.#tenant),
    )
  }

  /** Removes records with all that goes along, and answers for those asked alone. */
  async #remove(
    executor: Executor,
    operations: readonly DeleteOperation[],
    options: Abortable,
  ): Promise<Applied[]> {
    if (this.#engine.definitions.inbound(this.#definition.name).length === 0) {
      return this.#write(executor, { operations, checks: [] }, options)
    }
    const deletions = []
    for (const operation of operations) {
      deletions.push(await expandDeletion(executor, this.#engine.definitions, this.#definition, operation))
    }
    const group = {
      operations: deletions.flatMap((deletion) => deletion.operations),
      checks: deletions.flatMap((deletion) => deletion.checks),
    }
    const applied = await this.#write(executor, group, options)
    return applied.filter((_each, position) =>
      operations.includes(group.operations[position] as DeleteOperation),
    )
  }

  async #write(executor: Executor, group: Group, options: Abortable): Promise<Applied[]> {
    const outcome = await executor.write(this.#definition, group, options)
    if (outcome.ok) return [...outcome.applied]
    throw this.#refusal(group, outcome)
  }

  #refusal(group: Group, { code, index, check }: Extract<Outcome, { ok: false }>): StoreError {
    const failedCheck = check ? group.checks[index] : undefined
    if (failedCheck !== undefined) return violation(failedCheck, this.#referring(group, failedCheck))
    const { name } = this.#definition
    const key = group.operations[index]?.id
    return new StoreError(code, `${name}: ${REFUSALS[code]}`, {
      collection: name,
      index: group.operations.length > 1 ? index : undefined,
      keys: key === undefined ? undefined : [key],
    })
  }

  /** The position of the put in a bulk call that brought a failed check along. */
  #referring({ operations }: Group, check: ReferenceCheck): number | undefined {
    if (operations.length === 1 || check.type !== 'live') return undefined
    const { references } = this.#definition
    const index = operations.findIndex(
      (operation) =>
        operation.type === 'put' &&
        references.some(
          ({ collection, field }) => collection === check.layout.name && operation.fields[field] === check.id,
        ),
    )
    return index === -1 ? undefined : index
  }

  /** Runs for one item of a bulk call; a refusal names its position. */
  #indexed<T>(index: number, items: readonly unknown[], run: () => T): T {
    try {
      return run()
    } catch (error) {
      throw items.length === 1 ? error : atIndex(error, index)
    }
  }
}

const REFUSALS = {
  NOT_FOUND: 'there is no such record',
  ALREADY_EXISTS: 'there already is a record with this key',
  VERSION_CONFLICT: 'the record does not have the version that ifVersion asks for',
  REFERENCE_VIOLATION: 'a reference does not hold',
} as const

function isKeys(target: readonly string[] | Filter | { readonly all: true }): target is readonly string[] {
  return Array.isArray(target)
}

function countLive(applied: readonly Applied[]): number {
  return applied.filter((each) => each.existed).length
}
