/** The writing half of a collection: from records to groups, and from outcomes to answers or errors. */

import { decodeDocument, decodeRow, encodeRecord } from './codec.ts'
import type { CollectionDefinition } from './definition.ts'
import type { Engine } from './engine.ts'
import { atPosition, invalid, StoreError } from './errors.ts'
import type { Abortable, Executor } from './executor.ts'
import type { Applied, Condition, Group, PutOperation } from './operation.ts'
import { outboundChecks } from './references.ts'
import { quoted, refusalError, writeGroup } from './refusal.ts'
import { refuseOnLog } from './remover.ts'
import { isLive, type StoredRow } from './row.ts'
import { checkKey } from './text.ts'
import { checkWriteOptions, conditionOf, deadlineOf, type WriteOptions } from './write-options.ts'

/** How `update` changes a record: members to replace, or a function from the present record to the new one. */
export type Change<R> = { readonly [M in keyof R]?: R[M] | undefined } | ((record: R) => R | Promise<R>)

/** How often a read-modify-write cycle is tried when others write the same record. */
const MAX_UPDATE_ATTEMPTS = 100

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

  /** Stores one record: as `storeAll`, on the shortest way, which most writes take. */
  async store(record: R, otherwise: Condition, options: WriteOptions): Promise<number> {
    const put = this.#put(record, this.#condition(otherwise, options), options, null)
    const applied = await writeGroup(this.#executor, this.#definition, this.#groupOf([put]), options)
    return (applied[0] as Applied).version
  }

  /** Stores records as one group under one condition. */
  async storeAll(records: readonly R[], otherwise: Condition, options: WriteOptions): Promise<number[]> {
    if (!Array.isArray(records)) throw invalid(`${this.#definition.name}: it takes an array of records`)
    const condition = this.#condition(otherwise, options)
    if (records.length === 0) return []
    const puts = records.map((record, index) =>
      atPosition(index, records, () => this.#put(record, condition, options, null)),
    )
    const applied = await writeGroup(this.#executor, this.#definition, this.#groupOf(puts), options)
    return applied.map((each) => each.version)
  }

  #condition(otherwise: Condition, options: WriteOptions): Condition {
    const { name } = this.#definition
    checkWriteOptions(options, name)
    if (otherwise.type === 'absent' && options.ifVersion !== undefined) {
      throw invalid(`${name}: an insert has its own condition; use put with ifVersion`)
    }
    return conditionOf(options.ifVersion, otherwise, name)
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
    const [row] = await this.#readToDecide(id, options)
    if (row === undefined || !isLive(row, this.#engine.clock.now())) {
      throw new StoreError('NOT_FOUND', `${name}: there is no record with the key ${quoted(id)}`, {
        collection: name,
        keys: [id],
      })
    }
    const condition = conditionOf(options.ifVersion, { type: 'version', version: row.version }, name)
    const present = decodeDocument(this.#definition, row)
    const next = typeof change === 'function' ? await change(present) : { ...present, ...change }
    if (typeof next !== 'object' || next === null) {
      throw invalid(`${name}: the function given to update must return the new record`, {
        collection: name,
        keys: [id],
      })
    }
    if ((next as Record<string, unknown>)[key] !== (present as Record<string, unknown>)[key]) {
      throw invalid(`${name}: an update can't change the key '${key}'`, { collection: name, keys: [id] })
    }
    const put = this.#put(next, condition, options, 'keep')
    const group = this.#groupOf([put])
    const outcome = await this.#executor.write(this.#definition, group, options)
    if (outcome.ok) return (outcome.applied[0] as Applied).version
    if (outcome.code === 'VERSION_CONFLICT' && options.ifVersion === undefined) return undefined
    throw refusalError(this.#definition, group, outcome)
  }

  async restore(key: string, options: Abortable): Promise<number> {
    const { name, layout, softDelete } = this.#definition
    const id = checkKey(key, name)
    if (!softDelete) throw invalid(`${name}: it keeps no deleted records; define it with softDelete: true`)
    const [row] = await this.#readToDecide(id, options)
    const operation = { type: 'restore', layout, tenant: this.#tenant, id } as const
    const fields = row === undefined ? [] : this.#encodedFields(row)
    const checks = outboundChecks(this.#definition, this.#engine.definitions, fields, this.#tenant)
    const applied = await writeGroup(
      this.#executor,
      this.#definition,
      { operations: [operation], checks },
      options,
    )
    return (applied[0] as Applied).version
  }

  /** A cache must not answer: what is written next depends on it. */
  #readToDecide(id: string, { signal }: Abortable): Promise<readonly (StoredRow | undefined)[]> {
    const key = { tenant: this.#tenant, id }
    return this.#executor.read(this.#definition, [key], { signal, consistency: 'strong' })
  }

  #encodedFields(row: StoredRow) {
    if (this.#definition.references.length === 0) return []
    return this.#encode(decodeRow(this.#definition, row)).fields
  }

  #encode(record: unknown) {
    return encodeRecord(this.#definition, record, this.#tenant, this.#engine.options.maxDocumentBytes)
  }

  #put(record: unknown, condition: Condition, options: WriteOptions, otherwise: 'keep' | null): PutOperation {
    refuseOnLog(this.#definition)
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

  /** The puts with the references that must hold for them. */
  #groupOf(puts: readonly PutOperation[]): Group {
    if (this.#definition.references.length === 0) return { operations: puts, checks: [] }
    const checks = puts.flatMap((put) =>
      outboundChecks(this.#definition, this.#engine.definitions, put.fields, this.#tenant),
    )
    return { operations: puts, checks }
  }
}
