/** Replacing everything: what is on the disk at every moment of it is the old state or the new one. */

import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isStoreError, type Store } from '@coffer/core'
import { expect, test } from 'vitest'
import type { FileSystem, OpenFile } from '../src/index.ts'
import { encodeLine } from '../src/line-buffer.ts'
import { nodeFileSystem } from '../src/node-file-system.ts'
import { type Content, idsAt, load, OTHERS, otherContent, replaceIn } from './other-content.ts'
import {
  filled,
  forgetClosing,
  idsIn,
  linesOf,
  namesIn,
  note,
  plain,
  refusalOf,
  storeAt,
  temporaryPath,
} from './stores.ts'

test('what was there is gone from the disk, and the log goes on from what is there now', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 5)
  const store = storeAt(basePath)
  await replaceIn(store, await otherContent())
  expect(namesIn(basePath)).toEqual(['log-000002.jsonl', 'reserve', 'snapshot-000002.jsonl'])
  await store.collection(plain).put(note('later'))
  await store.close()
  expect(await idsAt(basePath)).toEqual(['later', ...OTHERS])
})

test('a directory that its writer did not close after a replacement has all of it', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 5)
  const store = storeAt(basePath)
  await replaceIn(store, await otherContent())
  await store.collection(plain).put(note('later'))
  await store.close()
  forgetClosing(basePath)
  expect(await idsAt(basePath)).toEqual(['later', ...OTHERS])
})

test('a callback that throws leaves no file behind, and a store that goes on', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 2)
  const store = storeAt(basePath)
  const content = await otherContent()
  await store.place().layouts()
  const before = namesIn(basePath)
  const replacing = store
    .place()
    .replace({ layouts: content.layouts, onlyIfEmpty: false }, async (loader) => {
      await load(loader, content)
      throw new Error('the archive ends here')
    })
  await expect(replacing).rejects.toThrow('the archive ends here')
  expect(namesIn(basePath)).toEqual(before)
  expect(await idsIn(store.collection(plain))).toEqual(['n0', 'n1'])
})

/** Writes a row past all collections, of which none may be used meanwhile. */
function mergeInto(store: Store<Record<never, never>>, { rows }: Content): Promise<void> {
  const put = rows.flatMap((each) => each.rows).slice(0, 1)
  return store.place().merge(plain.layout, { put, remove: [], floors: [] })
}

test('records that were written while the callback ran keep an only-if-empty replacement out', async () => {
  const basePath = temporaryPath()
  const store = storeAt(basePath)
  const content = await otherContent()
  await store.place().make([plain.layout])
  const replacing = store.place().replace({ layouts: content.layouts, onlyIfEmpty: true }, async (loader) => {
    await load(loader, content)
    await mergeInto(store, content)
  })
  expect((await refusalOf(replacing)).code).toBe('ALREADY_EXISTS')
  expect(await idsIn(store.collection(plain))).toEqual(['other0'])
  expect(namesIn(basePath)).toEqual(['log-000001.jsonl', 'reserve'])
})

test('a write that waits while everything is replaced conflicts, and is not in what follows', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 1)
  const content = await otherContent()
  const late: Promise<unknown>[] = []
  const meanwhile: FileSystem = {
    ...nodeFileSystem,
    link: async (from, to) => {
      if (to.includes('snapshot')) late.push(refusalOf(mergeInto(store, content)))
      // Lets the write come as far as it can.
      for (let turn = 0; turn < 20; turn++) await Promise.resolve()
      await nodeFileSystem.link(from, to)
    },
  }
  const store = storeAt(basePath, {}, { fileSystem: meanwhile })
  await store.place().replace({ layouts: content.layouts, onlyIfEmpty: false }, async (loader) => {
    await load(loader, content)
  })
  await expect(late[0]).resolves.toMatchObject({ code: 'CONFLICT' })
  await store.close()
  expect(await idsAt(basePath)).toEqual(OTHERS)
})

test('a compaction that is under way gives way, and leaves nothing behind', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 400)
  const content = await otherContent()
  const store = storeAt(basePath, { compaction: { minBytes: 0, deadShare: 0 } })
  await replaceIn(store, content)
  await store.close()
  expect(namesIn(basePath).filter((name) => name.endsWith('.tmp'))).toEqual([])
  expect(await idsAt(basePath)).toEqual(OTHERS)
})

/** Calls that change the disk. */
type Change = 'open' | 'write' | 'sync' | 'link' | 'remove' | 'syncDirectory'

/** A disk on which one change fails, once it is armed; and from then on every close, where that is wanted. */
function failingDisk(nth: number, closesFail: boolean) {
  const plan = { isArmed: false, calls: 0, failed: undefined as Change | undefined }
  const broken = () => Object.assign(new Error('EIO: i/o error'), { code: 'EIO' })
  const strike = (change: Change) => {
    if (!plan.isArmed || ++plan.calls !== nth) return
    plan.failed = change
    throw broken()
  }
  const failing =
    <A extends unknown[], R>(change: Change, call: (...parameters: A) => Promise<R>) =>
    async (...parameters: A): Promise<R> => {
      strike(change)
      return call(...parameters)
    }
  const fileSystem: FileSystem = {
    ...nodeFileSystem,
    open: async (path, mode) => {
      if (mode === 'create') strike('open')
      const file = await nodeFileSystem.open(path, mode)
      const changed: OpenFile = {
        ...file,
        write: failing('write', file.write),
        sync: failing('sync', file.sync),
        close: async () => {
          await file.close()
          if (plan.isArmed && closesFail && plan.failed !== undefined) throw broken()
        },
      }
      return changed
    },
    link: failing('link', nodeFileSystem.link),
    remove: failing('remove', nodeFileSystem.remove),
    syncDirectory: failing('syncDirectory', nodeFileSystem.syncDirectory),
  }
  return { plan, fileSystem }
}

test.each([
  { closes: 'work', closesFail: false },
  { closes: 'fail too', closesFail: true },
])(
  'whichever call fails, and closes $closes, the old state goes on without a trace, or nothing does until it is opened again',
  async ({ closesFail }) => {
    const content = await otherContent()
    const outcomes = new Set<string>()
    for (let nth = 1; ; nth++) {
      const basePath = temporaryPath()
      await filled(basePath, 1)
      const { plan, fileSystem } = failingDisk(nth, closesFail)
      const store = storeAt(basePath, {}, { fileSystem })
      await store.place().layouts()
      const before = namesIn(basePath)
      const replacing = store
        .place()
        .replace({ layouts: content.layouts, onlyIfEmpty: false }, async (loader) => {
          await load(loader, content)
          plan.isArmed = true
        })
      const error = await replacing.then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      plan.isArmed = false
      if (plan.failed === undefined) break
      if (error === undefined) {
        outcomes.add('done')
        await store.close()
        expect(await idsAt(basePath), `${plan.failed} ${nth}`).toEqual(OTHERS)
      } else if (isStoreError(error, 'OUTCOME_UNKNOWN')) {
        outcomes.add('unknown')
        expect((await refusalOf(store.collection(plain).get('n0'))).code).toBe('UNAVAILABLE')
        await store.close()
        expect([['n0'], OTHERS]).toContainEqual(await idsAt(basePath))
      } else {
        outcomes.add('refused')
        expect(namesIn(basePath), `${plan.failed} ${nth}`).toEqual(before)
        await store.collection(plain).put(note('n1'))
        await store.close()
        expect(await idsAt(basePath)).toEqual(['n0', 'n1'])
      }
    }
    expect([...outcomes].sort()).toEqual(['done', 'refused', 'unknown'])
  },
)

/** A directory in which a replacement was stopped when its snapshot had its name, and nothing else. */
async function stopped(basePath: string, changeHeader = (json: string) => json): Promise<void> {
  const donor = temporaryPath()
  await filled(donor, 1)
  const store = storeAt(donor)
  await replaceIn(store, await otherContent())
  await store.close()
  const snapshot = join(basePath, 'snapshot-000002.jsonl')
  copyFileSync(join(donor, 'snapshot-000002.jsonl'), snapshot)
  const [header = '', ...lines] = linesOf(snapshot)
  const json = header.slice(header.indexOf('{'))
  const rest = lines.map((line) => `${line}\n`).join('')
  writeFileSync(snapshot, Buffer.concat([encodeLine(changeHeader(json)), Buffer.from(rest)]))
}

test('what a replacement leaves that was stopped counts for nothing, and goes with the next writer', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 2)
  await stopped(basePath)
  const reader = storeAt(basePath, { readOnly: true })
  expect(await idsIn(reader.collection(plain))).toEqual(['n0', 'n1'])
  expect(await idsAt(basePath)).toEqual(['n0', 'n1'])
  expect(namesIn(basePath)).toEqual(['log-000001.jsonl', 'reserve'])
})

test('the snapshot of a writer that slept does not count beside the log of another', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 2)
  forgetClosing(basePath)
  const other = storeAt(basePath)
  await other.collection(plain).put(note('n2'))
  await stopped(basePath)
  await other.close()
  expect(namesIn(basePath)).toContain('snapshot-000002.jsonl')
  expect(namesIn(basePath)).toContain('log-000002.jsonl')
  expect(await idsAt(basePath)).toEqual(['n0', 'n1', 'n2'])
})

test('a log that has replaced everything is damaged without its snapshot, and the other way round', async () => {
  for (const name of ['snapshot-000002.jsonl', 'log-000002.jsonl']) {
    const basePath = temporaryPath()
    await filled(basePath, 1)
    const store = storeAt(basePath)
    await replaceIn(store, await otherContent())
    await store.close()
    forgetClosing(basePath)
    await nodeFileSystem.remove(join(basePath, name))
    const { code, message } = await refusalOf(storeAt(basePath).open())
    expect(code).toBe('CORRUPT')
    expect(message).toContain('is damaged at byte 0: the file is missing')
  }
})

test('a replacement of more than a text can hold is written line by line', async () => {
  const basePath = temporaryPath()
  const store = storeAt(basePath)
  await replaceIn(store, await otherContent(300))
  const lines = readFileSync(join(basePath, 'snapshot-000002.jsonl'), 'utf8').split('\n')
  expect(lines.filter((line) => line.includes('"put":'))).toHaveLength(300)
})
