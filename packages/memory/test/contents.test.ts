import { type FieldValue, isStoreError, type NewRow } from '@coffer/core/backend'
import { expect, test } from 'vitest'
import { memory } from '../src/index.ts'
import { group, labelled, put, things } from './memory-rows.ts'

async function opened() {
  const backend = memory()
  await backend.open([things])
  const { contents } = backend
  if (contents === undefined) throw new Error('it has no contents')
  return { backend, contents }
}

function row(id: string, changes: Partial<NewRow> = {}): NewRow {
  return {
    tenant: 'a',
    id,
    document: '{}',
    schemaVersion: 1,
    hash: null,
    version: 1,
    createdAt: 1,
    updatedAt: 1,
    expiresAt: null,
    deletedAt: null,
    fields: [null, null, null, ['t'], null],
    ...changes,
  }
}

const REPLACEMENT = { layouts: [{ layout: things, stale: false }], onlyIfEmpty: false }

test('a layout that says another schema version, and has no other form, is told as it is', async () => {
  const { backend, contents } = await opened()
  await backend.write([group(put('x'))], 1)
  expect(await backend.open([{ ...things, schemaVersion: 2 }])).toEqual([])
  expect(await contents.layouts()).toEqual([{ layout: { ...things, schemaVersion: 2 }, stale: false }])
  expect(await backend.read(things, [{ tenant: 'a', id: 'x' }])).toMatchObject([{ version: 1 }])
})

test('rows that are changed after they were handed over stay as they were', async () => {
  const { backend, contents } = await opened()
  const tags = ['t']
  const fields: FieldValue[] = ['p', 1, true, tags, 2]
  await contents.replace(REPLACEMENT, (loader) => loader.rows(things, [row('x', { fields })]))
  await contents.merge(things, { put: [row('y', { fields })], remove: [], floors: [] })
  tags.push('u')
  fields[0] = 'q'
  await contents.snapshot(async (snapshot) => {
    const rows = await snapshot.rows(things, undefined, 10)
    expect(rows.map((each) => each.fields)).toEqual([
      ['p', 1, true, ['t'], 2],
      ['p', 1, true, ['t'], 2],
    ])
  })
  expect(backend.capabilities.contents).toBe(true)
})

test('a transaction conflicts when everything was replaced under it, even by what it has read', async () => {
  const { backend, contents } = await opened()
  await backend.write([group(put('x'))], 1)
  const running = backend.transaction(async (transaction) => {
    await transaction.read(things, [{ tenant: 'a', id: 'x' }])
    await contents.snapshot((snapshot) =>
      contents.replace(REPLACEMENT, async (loader) => {
        await loader.rows(things, await snapshot.rows(things, undefined, 10))
      }),
    )
    return transaction.write(group(labelled('y', 'read x')), 2)
  })
  await expect(running).rejects.toMatchObject({ code: 'CONFLICT' })
})

test('a transaction that found a key free conflicts with a merge that raised the floor above it', async () => {
  const { backend, contents } = await opened()
  const running = backend.transaction(async (transaction) => {
    const outcome = await transaction.write(group(put('x')), 2)
    await contents.merge(things, { put: [], remove: [], floors: [{ tenant: 'a', version: 7 }] })
    return outcome
  })
  await expect(running).rejects.toMatchObject({ code: 'CONFLICT' })
})

test('a floor that a merge raises is where versions go on, and a lower one changes nothing', async () => {
  const { backend, contents } = await opened()
  for (const version of [7, 3]) {
    await contents.merge(things, { put: [], remove: [], floors: [{ tenant: 'a', version }] })
  }
  await contents.snapshot(async (snapshot) => {
    expect(await snapshot.floors(things, undefined, 10)).toEqual([{ tenant: 'a', version: 7 }])
  })
  expect(await backend.write([group(put('x'))], 1)).toMatchObject([{ applied: [{ version: 8 }] }])
})

test('a row that is loaded twice fails the replacement, and leaves what was there', async () => {
  const { backend, contents } = await opened()
  await backend.write([group(put('x'))], 1)
  const error = await contents
    .replace(REPLACEMENT, (loader) => loader.rows(things, [row('y'), row('y')]))
    .catch((thrown: unknown) => thrown)
  expect(isStoreError(error, 'ALREADY_EXISTS')).toBe(true)
  expect(await backend.tenants(things)).toEqual(['a'])
})

test('it says that it loses everything', async () => {
  const { backend } = await opened()
  await backend.write([group(put('x'))], 1)
  const { engine, sizes, checks } = (await backend.inspect?.()) ?? {}
  expect(engine).toBe('memory')
  expect(sizes).toEqual([{ layout: 'things', rows: 1, isEstimate: false, bytes: null }])
  expect(checks).toMatchObject([{ topic: 'durability', state: 'warning' }])
})
