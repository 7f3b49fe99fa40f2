/** Recovery: what is torn is cut, what is damaged is told with its file and offset, and nothing else is lost. */

import { appendFileSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { encodeLine } from '../src/line-buffer.ts'
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

const LOG = 'log-000001.jsonl'

test('a log that is cut anywhere in its last commit has all commits before it', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 3)
  forgetClosing(basePath)
  const whole = readFileSync(join(basePath, LOG))
  // The line that says how far the log is durable, and the last commit before it.
  const seal = Buffer.byteLength(linesOf(join(basePath, LOG)).at(-1) ?? '') + 1
  const last = Buffer.byteLength(linesOf(join(basePath, LOG)).at(-2) ?? '') + 1
  for (let cut = 1; cut < last; cut += 7) {
    const copy = temporaryPath()
    mkdirSync(copy)
    writeFileSync(join(copy, LOG), whole.subarray(0, whole.length - seal - cut))
    const store = storeAt(copy)
    expect(await idsIn(store.collection(plain))).toEqual(['n0', 'n1'])
    await store.collection(plain).put(note('later'))
    await store.close()
    expect(await idsIn(storeAt(copy).collection(plain))).toEqual(['later', 'n0', 'n1'])
  }
})

test('a log that is shorter than its last writer left it is damaged', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 3)
  truncateSync(join(basePath, LOG), readFileSync(join(basePath, LOG)).length - 40)
  for (const readOnly of [false, true]) {
    const { code, message } = await refusalOf(storeAt(basePath, { readOnly }).open())
    expect(code).toBe('CORRUPT')
    expect(message).toMatch(/log-000001\.jsonl is damaged at byte \d+/)
  }
})

test('a damaged line before one that calls it durable is told, whether or not the writer closed', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 5)
  const path = join(basePath, LOG)
  const lines = linesOf(path)
  const offset = Buffer.byteLength(`${lines.slice(0, 3).join('\n')}\n`)
  const bytes = readFileSync(path)
  bytes[offset + 30] = (bytes[offset + 30] ?? 0) ^ 4
  writeFileSync(path, bytes)
  expect(await refusalOf(storeAt(basePath).open())).toEqual({
    code: 'CORRUPT',
    message: expect.stringContaining(`${LOG} is damaged at byte ${offset}`),
  })
  forgetClosing(basePath)
  expect((await refusalOf(storeAt(basePath).open())).message).toContain(`at byte ${offset}`)
})

test('a damaged line that only said how far the log is durable costs nothing', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 2)
  await filled(basePath, 4)
  const path = join(basePath, LOG)
  const lines = [...linesOf(path)]
  const seal = lines.findIndex((line) => /^\S+ \d+ \{"synced"/.test(line))
  lines[seal] = 'x'.repeat(lines[seal]?.length ?? 0)
  writeFileSync(path, `${lines.join('\n')}\n`)
  expect(await idsIn(storeAt(basePath).collection(plain))).toEqual(['n0', 'n1', 'n2', 'n3'])
})

test.each([
  ['a line twice', (lines: string[]) => lines.splice(3, 0, lines[3] ?? '')],
  ['a line less', (lines: string[]) => lines.splice(3, 1)],
  ['two lines swapped', (lines: string[]) => lines.splice(3, 2, lines[4] ?? '', lines[3] ?? '')],
  [
    'a line that is no commit',
    (lines: string[]) => lines.splice(3, 1, encodeLine('{"hello":1}').toString().trim()),
  ],
  [
    'a line that is no JSON',
    (lines: string[]) => lines.splice(3, 1, encodeLine('{"commit":3,').toString().trim()),
  ],
  [
    'another header',
    (lines: string[]) => lines.splice(0, 1, encodeLine('{"coffer":"snapshot"}').toString().trim()),
  ],
  ['no lines', (lines: string[]) => lines.splice(0)],
])('a log with %s is damaged', async (_what, change) => {
  const basePath = temporaryPath()
  await filled(basePath, 5)
  const path = join(basePath, LOG)
  const lines = [...linesOf(path)]
  change(lines)
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''))
  expect((await refusalOf(storeAt(basePath).open())).code).toBe('CORRUPT')
})

test('a log that is missing is told', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 5)
  rmSync(join(basePath, LOG))
  expect(await refusalOf(storeAt(basePath).open())).toEqual({
    code: 'CORRUPT',
    message: expect.stringContaining(`${LOG} is damaged at byte 0: the file is missing`),
  })
})

test('a log that another continues says so, should the other be missing', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 3)
  forgetClosing(basePath)
  await filled(basePath, 4)
  rmSync(join(basePath, 'log-000002.jsonl'))
  forgetClosing(basePath)
  expect((await refusalOf(storeAt(basePath).open())).message).toContain(
    'log-000002.jsonl, which it is continued in, is missing',
  )
})

test('after a crash a new log goes on, and says where the old one ended', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 3)
  forgetClosing(basePath)
  appendFileSync(join(basePath, LOG), 'torn')
  await filled(basePath, 5)
  expect(namesIn(basePath)).toEqual([LOG, 'log-000002.jsonl', 'reserve'])
  // What a process writes that does not know yet that it lost the lock is never read.
  appendFileSync(join(basePath, LOG), encodeLine('{"commit":99,"rewritten":"plain"}'))
  expect(await idsIn(storeAt(basePath).collection(plain))).toHaveLength(5)
})

test('a newer format is refused before anything else is read', async () => {
  const basePath = temporaryPath()
  await filled(basePath, 1)
  const path = join(basePath, LOG)
  const [header = '', ...others] = linesOf(path)
  const newer = encodeLine(header.slice(header.indexOf('{')).replace('"format":1', '"format":2'))
    .toString()
    .trim()
  writeFileSync(path, `${[newer, ...others].join('\n')}\n`)
  expect(await refusalOf(storeAt(basePath).open())).toEqual({
    code: 'UNSUPPORTED',
    message: expect.stringContaining('open it with a newer release'),
  })
})
