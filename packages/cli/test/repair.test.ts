import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { aRun, coffer, file, folder } from './command.ts'

const HERE = ['--store', 'file:./data']

/** Changes one bit of the third line of the log, the first with records. */
function spoil(): void {
  const path = join(folder, 'data', 'log-000001.jsonl')
  const text = readFileSync(path)
  const offset = text.indexOf('\n', text.indexOf('\n') + 1) + 40
  text[offset] = (text[offset] ?? 0) ^ 1
  writeFileSync(path, text)
}

test('a damaged store says what to do, is repaired, and keeps what was found', async () => {
  await coffer(['import', file('runs.jsonl', [aRun('s-1'), aRun('s-2')]), ...HERE])
  spoil()
  const refused = await coffer(['ls', ...HERE])
  expect(refused).toMatchObject({ code: 1, out: '' })
  expect(refused.err.replaceAll('\n', ' ')).toMatch(/log-000001\.jsonl is damaged at byte \d+.*coffer repair/)
  const repaired = await coffer(['repair', ...HERE])
  expect(repaired).toMatchObject({ code: 1, err: '' })
  expect(repaired.out).toMatch(
    /^lost {2}log-000001\.jsonl at byte \d+: the line does not match its checksum\n\d+ records saved, of \d+ collections\nthe files as they were: .*damaged-/,
  )
  expect(readdirSync(join(folder, 'data'))).toContainEqual(expect.stringMatching(/^damaged-/))
  expect((await coffer(['ls', ...HERE])).code).toBe(0)
  expect(await coffer(['repair', ...HERE])).toEqual({
    code: 0,
    out: 'nothing is damaged; nothing was changed\n',
    err: '',
  })
})

test('the report as JSON names files, offsets and counts', async () => {
  await coffer(['import', file('runs.jsonl', [aRun('s-1')]), ...HERE])
  spoil()
  const { out } = await coffer(['repair', ...HERE, '--json'])
  expect(JSON.parse(out)).toMatchObject({
    damage: [{ file: 'log-000001.jsonl', offset: expect.any(Number) }],
    saved: expect.objectContaining({ sessions: expect.any(Number) }),
  })
})

test('only a directory that is there can be repaired', async () => {
  expect(await coffer(['repair', ...HERE])).toMatchObject({
    code: 2,
    err: expect.stringContaining('no such store'),
  })
  const other = await coffer(['repair', '--store', 'sqlite:./agents.db'])
  expect(other).toMatchObject({ code: 2, err: expect.stringContaining('only a store of type file') })
})
