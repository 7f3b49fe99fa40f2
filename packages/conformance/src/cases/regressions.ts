import assert from 'node:assert/strict'
import { createStore, defineCollection, defineLog } from '@coffer/core'
import type { Backend, Group, PutOperation } from '@coffer/core/backend'
import * as z from 'zod'
import type { Case, CaseContext } from '../case.ts'

const marks = defineCollection({
  name: 'marks',
  schema: z.object({ id: z.string(), label: z.string() }),
  key: 'id',
  fields: { label: 'index' },
})

const papers = defineCollection({
  name: 'papers',
  schema: z.object({ id: z.string(), label: z.string() }),
  key: 'id',
  softDelete: true,
})

const steps = defineLog({
  name: 'steps',
  schema: z.object({
    stream: z.string(),
    sequence: z.int(),
    hash: z.string(),
    previous: z.string(),
    word: z.string(),
  }),
  chain: { stream: 'stream', sequence: 'sequence', hash: 'hash', previous: 'previous' },
})

/** A write of one record as a backend gets it. */
function putOf(layout: PutOperation['layout'], id: string, label: string): Group {
  const put: PutOperation = {
    type: 'put',
    layout,
    tenant: 'default',
    id,
    condition: { type: 'absent' },
    document: JSON.stringify({ id, label }),
    fields: layout.fields.map(() => label),
    hash: null,
    expiresAt: null,
  }
  return { operations: [put], checks: [] }
}

/** Runs with an open backend and no store around it. */
async function withBackend(context: CaseContext, run: (backend: Backend) => Promise<void>): Promise<void> {
  const backend = context.place.backend()
  try {
    await backend.open([marks.layout, steps.entries.layout, steps.heads.layout])
    await run(backend)
  } finally {
    await backend.close()
  }
}

/** Lets callbacks that are due run. */
function afterReadyWork(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function listeners(): number {
  return process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)
}

/** The backend's side of the contract, which a store never gets to see. */
const backendCases: readonly Case[] = [
  {
    id: 'L1-backend-close-twice',
    clause: 'L1',
    title: 'a backend may be closed twice, and before it was opened',
    run: async (context) => {
      const backend = context.place.backend()
      await backend.close()
      await backend.open([marks.layout])
      await backend.close()
      await backend.close()
    },
  },
  {
    id: 'L1-backend-drains',
    clause: 'L1',
    title: 'a backend that is closed lets a write in flight finish',
    run: async (context) => {
      await withBackend(context, async (backend) => {
        const writing = backend.write([putOf(marks.layout, 'a', 'x')], context.clock.now())
        const closing = backend.close()
        const [outcome] = await writing
        assert.equal(outcome?.ok === true && outcome.applied[0]?.version, 1)
        await closing
      })
      if (context.capabilities.persistent) assert.ok(await context.store().collection(marks).has('a'))
    },
  },
  {
    id: 'L1-no-listeners',
    clause: 'L1',
    title: 'an open store adds no listener to the process that stays when it is closed',
    run: async (context) => {
      const before = listeners()
      const store = context.store()
      await store.collection(marks).put({ id: 'a', label: 'x' })
      await store.close()
      assert.equal(listeners(), before)
    },
  },
  {
    id: 'L2-lent',
    clause: 'L2',
    title: 'what the caller lent to the backend still works when the store is closed',
    requires: ['lent'],
    run: async (context) => {
      const lent = await context.place.lent?.()
      assert.ok(lent)
      const store = createStore({ backend: lent.backend, clock: context.clock })
      await store.collection(marks).put({ id: 'a', label: 'x' })
      await store.close()
      assert.ok(await lent.works())
    },
  },
  {
    id: 'L3-nothing-alive',
    clause: 'L3',
    title: 'an open store with nothing to do holds nothing that keeps the process alive',
    run: async (context) => {
      await afterReadyWork()
      const before = process.getActiveResourcesInfo()
      const store = context.store({ cleanupEveryMs: 60_000 })
      await store.collection(marks).put({ id: 'a', label: 'x' })
      await store.collection(marks).find()
      await store.transaction(async (transaction) => transaction.collection(marks).get('a'))
      await afterReadyWork()
      // What the runner itself had under way may end meanwhile; each of its resources excuses one of the same kind.
      const added = process.getActiveResourcesInfo().filter((resource) => {
        const known = before.indexOf(resource)
        if (known !== -1) before.splice(known, 1)
        return known === -1
      })
      assert.deepEqual(added, [])
    },
  },
  {
    id: 'L4-newer-format',
    clause: 'L4',
    title: 'a place of a newer format is refused and left as it is',
    requires: ['persistent', 'newerFormat'],
    run: async (context) => {
      const first = context.store()
      await first.collection(marks).put({ id: 'a', label: 'x' })
      await first.close()
      await context.place.newerFormat?.()
      for (const attempt of ['first', 'second']) {
        const store = context.store()
        await assert.rejects(store.collection(marks).get('a'), { code: 'UNSUPPORTED' }, attempt)
        await assert.rejects(store.collection(marks).put({ id: 'b', label: 'x' }), { code: 'UNSUPPORTED' })
        await store.close()
      }
    },
  },
  {
    id: 'W1-backend-append-only',
    clause: 'W1',
    title: 'a backend refuses to overwrite or remove a row of an append-only layout, whoever asks',
    run: async (context) => {
      const store = context.store()
      await store.log(steps).append('s', [{ word: 'one' }])
      const page = await store.log(steps).read('s')
      assert.equal(page.records.length, 1)
      await store.close()
      if (!context.capabilities.persistent) return
      await withBackend(context, async (backend) => {
        const { layout } = steps.entries
        const at = context.clock.now()
        const [tenant = ''] = await backend.tenants(layout)
        const rows = await backend.query(layout, firstRow(tenant), at)
        const row = rows.rows[0]
        assert.ok(row)
        const content = { layout, tenant, id: row.id, document: '{}', fields: row.fields ?? [], hash: null }
        const condition = { type: 'none' } as const
        for (const operation of [
          { type: 'put', ...content, condition, expiresAt: null } as const,
          { type: 'delete', ...content, condition, mode: 'hard' } as const,
          { type: 'delete', ...content, condition, mode: 'erase' } as const,
        ]) {
          await assert.rejects(backend.write([{ operations: [operation], checks: [] }], at))
        }
        assert.equal((await backend.read(layout, [row]))[0]?.document, row.document)
      })
    },
  },
  {
    id: 'X4-error-codes',
    clause: 'X4',
    title: 'a failure that the engine does not know is not called a conflict, a refusal or a matter of time',
    run: async (context) => {
      const backend = context.place.backend()
      for (const cause of [new Error('no such thing'), new TypeError('x is not a function'), undefined]) {
        assert.equal(backend.errorCode(cause), 'INTERNAL')
      }
      await backend.close()
    },
  },
]

function firstRow(tenant: string) {
  return {
    tenant,
    where: undefined,
    order: [{ field: -1, direction: 'asc' }],
    after: undefined,
    offset: 0,
    limit: 1,
    visibility: 'any',
    withFields: true,
  } as const
}

const storeCases: readonly Case[] = [
  {
    id: 'K3-prefix-in-the-middle',
    clause: 'K3',
    title: 'a prefix stands at the beginning and nowhere else',
    run: async (context) => {
      const collection = context.store().collection(marks)
      await collection.putMany(['ab', 'xab', 'abx', 'a', 'b'].map((label) => ({ id: `1${label}`, label })))
      const found = await collection.find({ where: { label: { prefix: 'ab' } } })
      assert.deepEqual(
        found.records.map((each) => each.label),
        ['ab', 'abx'],
      )
      assert.equal(await collection.count({ id: { prefix: '1ab' } }), 2)
      assert.equal(await collection.count({ id: { prefix: 'ab' } }), 0)
    },
  },
  {
    id: 'T6-purge-leaves-expired',
    clause: 'T6',
    title: 'a purge of deleted records leaves expired ones to the cleanup, which tells them',
    run: async (context) => {
      const store = context.store()
      const collection = store.collection(marks)
      const kept = store.collection(papers)
      await collection.put({ id: 'a', label: 'x' }, { ttlMs: 1 })
      await kept.put({ id: 'b', label: 'x' })
      await kept.delete('b')
      context.clock.advance(10)
      assert.equal(await store.purgeDeleted({ olderThanMs: 5 }), 1)
      assert.equal(await store.cleanupExpired(), 1)
    },
  },
  {
    id: 'W2-entry-times',
    clause: 'W2',
    title: 'a record keeps the time of its creation, and tells that of its last write',
    run: async (context) => {
      const collection = context.store().collection(marks)
      const created = new Date(context.clock.now())
      await collection.put({ id: 'a', label: 'x' })
      context.clock.advance(1_234)
      const changed = new Date(context.clock.now())
      await collection.put({ id: 'a', label: 'y' })
      const entry = await collection.getEntry('a')
      assert.deepEqual(entry?.createdAt, created)
      assert.deepEqual(entry?.updatedAt, changed)
      const [found] = (await collection.findEntries()).records
      assert.deepEqual(found, entry)
    },
  },
  {
    id: 'X1-dirty-read-by-key',
    clause: 'X1',
    title: 'a read by key beside a transaction does not see what it has not committed',
    requires: ['readsBesideTransaction'],
    run: async (context) => {
      const store = context.store()
      const collection = store.collection(marks)
      await collection.put({ id: 'a', label: 'before' })
      await store.transaction(async (transaction) => {
        await transaction.collection(marks).put({ id: 'a', label: 'after' })
        await transaction.collection(marks).put({ id: 'b', label: 'new' })
        assert.deepEqual(await collection.getMany(['a', 'b']), [{ id: 'a', label: 'before' }, undefined])
      })
      assert.equal((await collection.get('a'))?.label, 'after')
    },
  },
]

/** What a planted fault has shown to be missing elsewhere. */
export const regressionCases: readonly Case[] = [...backendCases, ...storeCases]
