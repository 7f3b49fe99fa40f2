import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, test, vi } from 'vitest'
import * as z from 'zod'
import { createStore } from '../src/create-store.ts'
import { defineCollection } from '../src/definition.ts'
import { fakeBackend } from './fake-backend.ts'

const definition = defineCollection({
  name: 'things',
  schema: z.object({ id: z.string() }),
  key: 'id',
  softDelete: true,
})

function open() {
  const store = createStore({ backend: fakeBackend() })
  return { store, things: store.collection(definition) }
}

/** What is told on a channel while work runs. */
async function listening(name: string, work: () => Promise<unknown>): Promise<readonly unknown[]> {
  const told: unknown[] = []
  const listen = (message: unknown) => void told.push(message)
  subscribe(name, listen)
  try {
    await work()
  } finally {
    unsubscribe(name, listen)
  }
  return told
}

describe('what a store tells of itself', () => {
  test('is nothing, and nothing is measured, while nobody listens', async () => {
    const { store, things } = open()
    await things.put({ id: 'a' })
    const now = vi.spyOn(performance, 'now')
    await things.get('a')
    await store.cleanupExpired()
    expect(now).not.toHaveBeenCalled()
    now.mockRestore()
  })

  test('is how each operation ended, without keys or values', async () => {
    const told: unknown[] = []
    const listen = (message: unknown) => void told.push(message)
    subscribe('coffer:operation', listen)
    try {
      const { things } = open()
      await things.put({ id: 'secret' })
      await expect(things.insert({ id: 'secret' })).rejects.toThrow()
    } finally {
      unsubscribe('coffer:operation', listen)
    }
    const about = {
      backend: 'fake',
      collection: 'things',
      startedAt: expect.any(Number),
      durationMs: expect.any(Number),
    }
    expect(told).toEqual([
      { ...about, operation: 'put', error: undefined },
      { ...about, operation: 'insert', error: 'ALREADY_EXISTS' },
    ])
  })

  test('tells what a function of the application threw from failures of the store', async () => {
    const { store, things } = open()
    await things.put({ id: 'a' })
    const told = await listening('coffer:operation', async () => {
      await expect(things.update('a', () => Promise.reject(new Error('mine')))).rejects.toThrow('mine')
      await expect(things.update('b', {})).rejects.toThrow()
      await store.close()
      await expect(things.get('a')).rejects.toThrow()
    })
    expect(told).toMatchObject([{ error: 'APPLICATION' }, { error: 'NOT_FOUND' }, { error: 'CLOSED' }])
  })

  test('is how large a batch was, and how long the first of it had waited', async () => {
    const { things } = open()
    await things.has('a')
    const told = await listening('coffer:batch', () =>
      Promise.all([things.put({ id: 'a' }), things.put({ id: 'b' })]),
    )
    const number = expect.any(Number)
    expect(told).toEqual([
      {
        backend: 'fake',
        groups: 2,
        operations: 2,
        waiting: 0,
        startedAt: number,
        durationMs: number,
        waitedMs: number,
        error: undefined,
      },
    ])
    const [{ waitedMs }] = told as [{ waitedMs: number }]
    expect(waitedMs).toBeGreaterThanOrEqual(0)
    expect(waitedMs).toBeLessThan(10_000)
  })

  test('is which records a cleanup was for', async () => {
    const { store } = open()
    const told = await listening('coffer:cleanup', async () => {
      await store.cleanupExpired()
      await store.purgeDeleted({ olderThanMs: 0 })
    })
    expect(told).toMatchObject([
      { kind: 'expired', removed: 0 },
      { kind: 'deleted', removed: 0 },
    ])
  })

  test('is told in the async context of the caller, also from a batch and a transaction', async () => {
    const { store, things } = open()
    const callers = new AsyncLocalStorage<string>()
    const told: unknown[] = []
    const listen = (event: unknown) =>
      void told.push([callers.getStore(), (event as { operation: string }).operation])
    await things.has('a')
    subscribe('coffer:operation', listen)
    try {
      await Promise.all([
        callers.run('one', () => things.put({ id: 'a' })),
        callers.run('two', () => things.put({ id: 'b' })),
      ])
      await callers.run('three', () => store.transaction((tx) => tx.collection(definition).get('a')))
    } finally {
      unsubscribe('coffer:operation', listen)
    }
    expect(told).toEqual([
      ['one', 'put'],
      ['two', 'put'],
      ['three', 'get'],
      ['three', 'transaction'],
    ])
  })
})
