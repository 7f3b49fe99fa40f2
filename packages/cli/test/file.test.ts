import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAgentStore } from '@coffer/agents'
import { describe, expect, test } from 'vitest'
import { AT, aRun, coffer, cofferProcess, file, folder, type Result } from './command.ts'

const HERE = ['--store', 'file:./data']

/** Every command that only reads. */
const READING = [
  ['ls'],
  ['ls', 'resolutions', '--order', 'created_at:desc', '--where', 'session_id=s-2'],
  ['ls', 'trace_events', '--where', 'sequence>=4', '--json'],
  ['show', 'sessions', 's-1'],
  ['show', 'trace', 's-2'],
  ['count', 'trace_events', '--where', 'trace_id=s-1'],
  ['export'],
  ['verify'],
]

describe('a store in a directory', () => {
  test('takes every command, and exports what SQLite exports', async () => {
    const runs = file('runs.jsonl', [aRun('s-1', { reward: 0.5 }), aRun('s-2'), '{'])
    const imported = await coffer(['import', runs, ...HERE, '--json'])
    expect(imported.code).toBe(1)
    expect(JSON.parse(imported.out)).toMatchObject({ runs: 2, bad_lines: 1, events: { new: 10 } })
    expect((await coffer(['import', runs, ...AT])).code).toBe(1)
    for (const command of READING) {
      const here = await coffer([...command, ...HERE])
      expect({ command, ...here }).toEqual({ command, ...(await coffer([...command, ...AT])) })
      expect({ command, code: here.code, err: here.err }).toEqual({ command, code: 0, err: '' })
    }
  })

  test('stays as it is to the byte when it is imported again, or only read', async () => {
    const runs = file('runs.jsonl', [aRun('s-1'), aRun('s-2')])
    await coffer(['import', runs, ...HERE])
    const before = contents('data')
    const again = await coffer(['import', runs, ...HERE, '--json'])
    expect(JSON.parse(again.out)).toMatchObject({
      sessions: { new: 0, changed: 0, unchanged: 2 },
      resolutions: { new: 0, changed: 0, unchanged: 2 },
      events: { new: 0, changed: 0, unchanged: 10 },
    })
    for (const command of READING) expect((await coffer([...command, ...HERE])).code).toBe(0)
    expect(contents('data')).toEqual(before)
  })

  test('is not made by a command that only reads', async () => {
    const missing = 'coffer: no such store: ./data; coffer init makes one\n'
    for (const command of READING) {
      const { code, out, err } = await coffer([...command, ...HERE])
      expect({ code, isSilent: isSilent(command, out), err }).toEqual({
        code: 2,
        isSilent: true,
        err: missing,
      })
    }
    expect(existsSync(join(folder, 'data'))).toBe(false)
    mkdirSync(join(folder, 'empty'))
    const { code, err } = await coffer(['ls', '--store', 'file:./empty'])
    expect({ code, err: told(err) }).toEqual({
      code: 1,
      err: `coffer: there is no store to read in ${join(folder, 'empty')}; coffer init makes one`,
    })
    expect(readdirSync(join(folder, 'empty'))).toEqual([])
  })

  test('is named by its address, a bare path where it is there, COFFER_STORE or a config file', async () => {
    const runs = file('runs.jsonl', [aRun('s-1')])
    const directory = join(folder, 'data')
    const more = { COFFER_STORE: 'file:data' }
    expect(await cofferProcess(['import', runs], '', more)).toMatchObject({ code: 0, err: '' })
    for (const store of ['file:data', `file:${directory}`, `file://${directory}`, './data', 'data/']) {
      expect(await coffer(['count', 'sessions', '--store', store])).toEqual({ code: 0, out: '1\n', err: '' })
    }
    file('coffer.config.json', [{ type: 'file', basePath: './data' }])
    expect((await coffer(['count', 'sessions'])).out).toBe('1\n')
    const bare = await coffer(['import', runs, '--store', './other'])
    expect({ code: bare.code, err: told(bare.err) }).toEqual({
      code: 2,
      err: "coffer: './other' names no store: a store is sqlite:./agents.db, file:./data, postgresql://…, memory:, or a config file",
    })
    expect(existsSync(join(folder, 'other'))).toBe(false)
  })

  test('has one writer at a time, and any number of readers beside it', async () => {
    const runs = file('runs.jsonl', [aRun('s-1')])
    await coffer(['import', runs, ...HERE])
    await using held = createAgentStore({ type: 'file', basePath: join(folder, 'data') })
    await held.open()
    file('coffer.config.json', [{ type: 'file', basePath: './data', lockTimeoutMs: 50 }])
    const second = await cofferProcess(['import', runs])
    expect({ ...second, err: told(second.err) }).toEqual({
      code: 1,
      out: '',
      err: expect.stringMatching(
        new RegExp(
          `^coffer: process ${process.pid} on host \\S+ has ${join(folder, 'data')} open for writing; ` +
            'one at a time can write; reading goes on meanwhile$',
        ),
      ),
    })
    expect(await coffer(['count', 'sessions'])).toEqual({ code: 0, out: '1\n', err: '' })
    expect((await coffer(['verify'])).code).toBe(0)
  })
})

describe('what is no store in a directory', () => {
  const places: readonly [string, () => void, string][] = [
    [
      'a directory with a file of somebody else',
      () => {
        mkdirSync(join(folder, 'data'))
        writeFileSync(join(folder, 'data', 'notes.txt'), 'mine')
      },
      "holds 'notes.txt', which is no file of a store",
    ],
    ['a file', () => writeFileSync(join(folder, 'data'), 'mine'), 'is not a directory'],
    ['a link', () => symlinkSync(folder, join(folder, 'data')), 'is a symbolic link'],
  ]

  test.each(places)('%s is told by every command, and left as it is', async (_what, make, sentence) => {
    make()
    const runs = file('runs.jsonl', [aRun('s-1')])
    const before = readdirSync(folder, { recursive: true })
    for (const command of [['import', runs], ...READING]) {
      const { code, out, err } = await coffer([...command, ...HERE])
      expect({ command, isSilent: isSilent(command, out), isRefused: code === 1 || code === 2 }).toEqual({
        command,
        isSilent: true,
        isRefused: true,
      })
      expect(told(err)).toContain(`coffer: ${join(folder, 'data')} ${sentence}`)
    }
    expect(readdirSync(folder, { recursive: true })).toEqual(before)
  })

  test('a directory in a folder that is not there is told', async () => {
    const { code, err } = await coffer([
      'import',
      file('runs.jsonl', [aRun('s-1')]),
      '--store',
      'file:./no/data',
    ])
    expect({ code, err: told(err) }).toEqual({
      code: 2,
      err: `coffer: ${join(folder, 'no/data')} can't be made: ${join(folder, 'no')} does not exist`,
    })
  })
})

describe('damage', () => {
  test('is told with file, offset and what to do, by every command, in 80 columns', async () => {
    const runs = file('runs.jsonl', [aRun('s-1'), aRun('s-2')])
    await coffer(['import', runs, ...HERE])
    const log = join(folder, 'data', 'log-000001.jsonl')
    const text = readFileSync(log, 'latin1')
    const at = text.indexOf('Oslo')
    const line = text.lastIndexOf('\n', at) + 1
    writeFileSync(log, `${text.slice(0, at)}Rome${text.slice(at + 4)}`, 'latin1')
    for (const command of [['import', runs], ...READING]) {
      const result = await coffer([...command, ...HERE], { columns: 80 })
      const { code, out } = result
      expect({ command, code, isSilent: isSilent(command, out) }).toEqual({
        command,
        code: 1,
        isSilent: true,
      })
      expect(told(result.err)).toBe(
        `coffer: ${log} is damaged at byte ${line}: the line does not match its checksum; ` +
          'restore a backup, or run `coffer repair`, which keeps the damaged files and saves what can be read',
      )
      for (const each of result.err.split('\n')) expect(each.length).toBeLessThanOrEqual(80)
      expectSilent(result)
    }
  })
})

/** Whether nothing was answered; a command with `--json` says that it failed. */
function isSilent(command: readonly string[], out: string): boolean {
  return command.includes('--json') ? JSON.parse(out).ok === false : out === ''
}

/** A sentence without the breaks that make it fit the terminal. */
function told(err: string): string {
  return err.trim().replaceAll(/\s+/g, ' ')
}

/** The files of a directory and a digest of each; what only says who may write is left out. */
function contents(directory: string) {
  return readdirSync(join(folder, directory))
    .filter((name) => !name.startsWith('lock-'))
    .map((name) => {
      const bytes = readFileSync(join(folder, directory, name))
      return [name, createHash('sha256').update(bytes).digest('hex')]
    })
}

/** Nothing of a record is shown. */
function expectSilent({ out, err }: Result): void {
  expect(out + err).not.toMatch(/Oslo|Rome|degrees/)
}
