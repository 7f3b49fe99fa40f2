/**
 * Places in memory that outlive their stores, can be opened twice and be tampered with: so that faults in
 * all of that can be planted without a disk.
 */

import { withCache } from '@coffer/cache'
import type { Harness, Place } from '@coffer/conformance'
import {
  type Backend,
  type Capabilities,
  type Contents,
  type Layout,
  type StoredRow,
  StoreError,
} from '@coffer/core/backend'
import { memory } from '@coffer/memory'
import { memoryCopies } from './memory-copies.ts'

const CAPABILITIES: Capabilities = Object.freeze({
  ...memory().capabilities,
  durability: 'process',
  persistent: true,
  sharing: 'process',
})

export const lastingMemory: Harness = {
  name: 'lasting-memory',
  capabilities: CAPABILITIES,
  create: async () => new LastingPlace(),
}

/** What was tampered with: the document that stands in for the one of a version. */
interface Tampered {
  readonly version: number
  readonly document: string
}

class LastingPlace implements Place {
  readonly withCache = withCache
  readonly #kept: Backend = memory()
  readonly #tampered = new Map<string, Tampered>()
  readonly #layouts = new Map<string, Layout>()
  #isMade = false
  #isNewer = false

  backend(): Backend {
    const kept = this.#kept
    return {
      name: kept.name,
      capabilities: CAPABILITIES,
      isThere: async () => this.#isMade,
      open: async (layouts) => {
        this.#isMade = true
        if (this.#isNewer) throw new StoreError('UNSUPPORTED', 'the place is of a newer format')
        for (const layout of layouts) this.#layouts.set(layout.name, layout)
        return kept.open(layouts)
      },
      close: async () => undefined,
      read: async (layout, keys) =>
        (await kept.read(layout, keys)).map((row) => row && this.#seen(layout, row)),
      query: async (layout, query, at) => {
        const page = await kept.query(layout, query, at)
        return { ...page, rows: page.rows.map((row) => this.#seen(layout, row)) }
      },
      count: (layout, question, at) => kept.count(layout, question, at),
      aggregate: (layout, aggregation, at) => kept.aggregate(layout, aggregation, at),
      tenants: (layout) => kept.tenants(layout),
      write: (groups, at) => kept.write(groups, at),
      transaction: (run) => kept.transaction(run),
      sweep: (layout, sweep, limit, at) => kept.sweep(layout, sweep, limit, at),
      reindex: (layout, rows, finished) => kept.reindex(layout, rows, finished),
      ...(kept.contents && { contents: this.#contents(kept.contents) }),
      ...(kept.inspect && { inspect: kept.inspect.bind(kept) }),
      errorCode: (cause) => kept.errorCode(cause),
    }
  }

  async tamper(collection: string, id: string, change: (document: string) => string): Promise<void> {
    const layout = this.#layouts.get(collection)
    if (layout === undefined) throw new Error(`no collection '${collection}'`)
    const rows = []
    for (const tenant of await this.#kept.tenants(layout)) {
      const [row] = await this.#kept.read(layout, [{ tenant, id }])
      if (row !== undefined) rows.push(row)
    }
    if (rows.length === 0) throw new Error(`no row '${id}'`)
    for (const row of rows) {
      const { version } = row
      const { document } = this.#seen(layout, row)
      this.#tampered.set(nameOf(layout, row), { version, document: change(document) })
    }
  }

  async newerFormat(): Promise<void> {
    this.#isNewer = true
  }

  async destroy(): Promise<void> {
    await this.#kept.close()
  }

  #contents(contents: Contents): Contents {
    const whole: Contents = {
      layouts: () => contents.layouts(),
      snapshot: (run) =>
        contents.snapshot(({ layouts, rows, floors }) =>
          run({
            layouts,
            rows: async (layout, after, limit) =>
              (await rows(layout, after, limit)).map((row) => this.#seen(layout, row)),
            floors,
          }),
        ),
      replace: async (replacement, run) => {
        const answer = await contents.replace(replacement, run)
        this.#tampered.clear()
        return answer
      },
      merge: (layout, merge) => contents.merge(layout, merge),
    }
    return { ...whole, ...memoryCopies(whole) }
  }

  #seen<R extends StoredRow>(layout: Layout, row: R): R {
    const tampered = this.#tampered.get(nameOf(layout, row))
    return tampered?.version === row.version ? { ...row, document: tampered.document } : row
  }
}

function nameOf(layout: Layout, row: StoredRow): string {
  return JSON.stringify([layout.name, row.tenant, row.id])
}
