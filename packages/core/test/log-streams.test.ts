import { expect, test } from 'vitest'
import * as z from 'zod'
import { createStore } from '../src/create-store.ts'
import { defineLog } from '../src/log-definition.ts'
import { fakeBackend } from './fake-backend.ts'

const events = defineLog({
  name: 'events',
  schema: z.object({ id: z.string(), stream: z.string(), n: z.int(), hash: z.string(), before: z.string() }),
  key: 'id',
  chain: { stream: 'stream', sequence: 'n', hash: 'hash', previous: 'before' },
})

/** A log with an entry in each of these streams, two in the first. */
async function logOf(...streams: string[]) {
  const backend = fakeBackend()
  const store = createStore({ backend })
  const log = store.log(events)
  for (const stream of streams) await log.append(stream, [{ id: `${stream}-1` }])
  const forget = (layout: string, id: string) => {
    if (!backend.rows.delete(JSON.stringify([layout, 'default', id]))) throw new Error('there is no such row')
  }
  return { backend, store, log, forget }
}

const names = async (streams: AsyncIterable<string>) => {
  const found: string[] = []
  for await (const stream of streams) found.push(stream)
  return found
}

test('the streams of a log come in the order of code points, each once', async () => {
  const { log } = await logOf('b', '\u{1F600}', 'a', '\uFF5E', 'B')
  await log.append('a', [{ id: 'a-2' }])
  expect(await names(log.streams())).toEqual(['B', 'a', 'b', '\uFF5E', '\u{1F600}'])
})

test('a log without entries has no streams', async () => {
  const { log } = await logOf()
  expect(await names(log.streams())).toEqual([])
})

test('streams of other tenants are not told', async () => {
  const { store, log } = await logOf('a')
  await store
    .tenant('acme')
    .log(events)
    .append('theirs', [{ id: 't-1' }])
  expect(await names(log.streams())).toEqual(['a'])
  expect(await names(store.tenant('acme').log(events).streams())).toEqual(['theirs'])
})

test('streams that have lost their heads, or their entries, are there all the same', async () => {
  const { log, forget } = await logOf('a', 'b', 'c', 'd', 'e', 'f')
  for (const stream of ['a', 'c', 'd', 'f']) forget('events_heads', stream)
  forget('events', 'e-1')
  expect(await names(log.streams())).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
  for (const stream of ['b', 'e']) forget('events_heads', stream)
  expect(await names(log.streams())).toEqual(['a', 'b', 'c', 'd', 'f'])
})

test('a head that says nothing that can be read still names its stream', async () => {
  const { backend, log } = await logOf('a', 'b')
  for (const [name, row] of backend.rows) {
    if (name.includes('events_heads')) backend.rows.set(name, { ...row, document: 'damaged' })
  }
  expect(await names(log.streams())).toEqual(['a', 'b'])
})

test('more streams than a page has are told, behind a name too, with and without heads', async () => {
  const all = Array.from({ length: 230 }, (_each, n) => `s${String(n).padStart(3, '0')}`)
  const { log, forget } = await logOf(...all)
  for (const stream of all.slice(95, 120)) forget('events_heads', stream)
  expect(await names(log.streams())).toEqual(all)
  expect(await names(log.streams({ after: 's200' }))).toEqual(all.slice(201))
})

test('a transaction sees the streams that it begins', async () => {
  const { store, log } = await logOf('a')
  const seen = await store.transaction(async (transaction) => {
    await transaction.log(events).append('b', [{ id: 'b-1' }])
    return names(transaction.log(events).streams())
  })
  expect(seen).toEqual(['a', 'b'])
  expect(await names(log.streams())).toEqual(['a', 'b'])
})

test('streams refuse what they do not know, and end when they are aborted', async () => {
  const { log } = await logOf('a')
  await expect(names(log.streams({ from: 'a' } as object))).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  })
  await expect(names(log.streams({ after: '' }))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(names(log.streams({ signal: AbortSignal.abort() }))).rejects.toMatchObject({ code: 'ABORTED' })
})
