import assert from 'node:assert/strict'
import { defineCollection, defineModule } from '@coffer/core'
import * as z from 'zod'
import type { Case } from '../case.ts'
import { happenings } from '../method-calls.ts'

const notes = defineCollection({
  name: 'notes',
  schema: z.object({ id: z.string(), text: z.string() }),
  key: 'id',
})

const notebook = defineModule({
  collections: { notes },
  logs: { happenings },
  methods: (store) => ({
    write: (id: string, text: string) => store.collection(notes).put({ id, text }),
    read: async (id: string) => (await store.collection(notes).get(id))?.text,
    note: (id: string) => store.log(happenings).append('s', [{ event_id: id, note: id }]),
    both: (id: string) =>
      store.transaction(async (tx) => {
        await tx.collection(notes).put({ id, text: id })
        await tx.log(happenings).append('s', [{ event_id: id, note: id }])
      }),
  }),
})

/** M: sets of methods attached to a store. */
export const moduleCases: readonly Case[] = [
  {
    id: 'M1-methods',
    clause: 'M1',
    title: 'a module’s methods stand under its name and work on the store',
    run: async (context) => {
      const store = context.store({}, { notebook })
      assert.equal(await store.notebook.write('a', 'x'), 1)
      assert.equal(await store.notebook.read('a'), 'x')
      assert.deepEqual(await store.collection(notes).get('a'), { id: 'a', text: 'x' })
    },
  },
  {
    id: 'M2-transaction',
    clause: 'M2',
    title: 'in a transaction a module’s methods belong to it, without any use before',
    run: async (context) => {
      const store = context.store({}, { notebook })
      await store.transaction(async (tx) => {
        await tx.notebook.write('a', 'kept')
        await tx.notebook.note('e1')
        assert.equal(await tx.notebook.read('a'), 'kept')
      })
      const undone = store.transaction(async (tx) => {
        await tx.notebook.write('a', 'undone')
        await tx.notebook.note('e2')
        throw new Error('undo')
      })
      await assert.rejects(undone, { message: 'undo' })
      assert.equal(await store.notebook.read('a'), 'kept')
      assert.equal((await store.log(happenings).head('s'))?.sequence, 1)
    },
  },
  {
    id: 'M2-own-transaction',
    clause: 'M2',
    title: 'a module’s method that begins a transaction nests in the one it is called in',
    requires: ['savepoints'],
    run: async (context) => {
      const store = context.store({}, { notebook })
      await store.notebook.both('a')
      const undone = store.transaction(async (tx) => {
        await tx.notebook.both('b')
        throw new Error('undo')
      })
      await undone.catch(() => undefined)
      assert.deepEqual([await store.notebook.read('a'), await store.notebook.read('b')], ['a', undefined])
    },
  },
  {
    id: 'M3-tenant',
    clause: 'M3',
    title: 'a tenant’s handle has the module’s methods, for that tenant',
    run: async (context) => {
      const store = context.store({}, { notebook })
      await store.tenant('a').notebook.write('x', 'of a')
      assert.equal(await store.notebook.read('x'), undefined)
      assert.equal(await store.tenant('a').notebook.read('x'), 'of a')
    },
  },
  {
    id: 'M4-names',
    clause: 'M4',
    title: 'a module can not take the name of something that a store has, nor be anything else',
    run: async (context) => {
      for (const name of ['transaction', 'close', 'tenant', 'tenantName', 'confined']) {
        assert.throws(() => context.store({}, { [name]: notebook }), { code: 'INVALID_ARGUMENT' }, name)
      }
      assert.throws(() => context.store({}, { broken: {} as never }), { code: 'INVALID_ARGUMENT' })
    },
  },
]
