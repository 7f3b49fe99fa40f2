import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { StoreConfig } from '@coffer/core'
import { createDatabase } from '@coffer-tooling/postgres'
import { sharedServer } from '@coffer-tooling/postgres/vitest'
import { describe, expect, test } from 'vitest'

/** Examples by their file, each with lines that it has to print. */
const EXAMPLES: readonly (readonly [program: string, lines: readonly string[]])[] = [
  ['../src/any-backend.ts', ['14 sessions, 35 resolutions, 162 events']],
  [
    '../src/brahminykite.ts',
    [
      '✓ req_123 is pending, for consistency and empirical',
      '✓ pending: req_123',
      'one worker  has it',
      'the other   VERSION_CONFLICT',
      '✓ audit trail: created, claimed, result, result; in order: true',
      'consistency  1 result  mean score 0.9',
      'req_123  pass, fail',
      'verification_results  find  ok',
      '✓ 2 of 3 accept: accepted',
      '✓ a has 6, b has 4',
      '✓ attempt 2 goes on from {"claims_checked":7}',
      '✓ best abel, mean fitness 0.15',
      'ancestors of abel: adam, eve',
    ],
  ],
  [
    '../src/cra-storage.ts',
    [
      '✓ saved as version 1',
      '✓ listResolutions → res-123',
      'session-1  ended  ended at 2026-03-01T12:00:00.000Z',
      '✓ verifyTrace → ok: true',
      '✓ "changed my mind": nothing happened',
      '✓ 3 saved, all or none',
      '✓ cleanupExpired → 5',
    ],
  ],
  [
    '../src/aureus.ts',
    [
      '✓ workflow-1 of tenant-1 is running',
      'to tenant-2 it is undefined',
      '✓ failed after 1 retry: the tool timed out',
      'words  entry-1',
      '✓ the entry and the whole log, of 1',
      '✓ 1 of agent-1, 1 in 2024',
      'task and log are as they were',
      '✓ 1 restored, 1 removed',
      'memories.rollback',
    ],
  ],
  [
    '../src/trust-quick-reference.ts',
    [
      '✓ stored agent-001',
      '✓ the hash matches: true',
      'second writer  VERSION_CONFLICT',
      '✓ is_active: true',
    ],
  ],
  [
    '../src/trust-guide.ts',
    [
      '✓ Chain integrity verified!',
      'words in metadata  002',
      '✓ expired: 008',
      '✓ the cache has a hit rate: true',
    ],
  ],
]

async function said(program: string, config: StoreConfig, folder: string) {
  const file = join(folder, `${'type' in config ? config.type : ''}.json`)
  writeFileSync(file, JSON.stringify(config))
  return run(program, file, folder)
}

async function run(program: string, file: string, folder: string) {
  const path = fileURLToPath(new URL(program, import.meta.url))
  const child = spawn(process.execPath, [path, file], { cwd: folder })
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { out, err, code: child.exitCode }
}

describe.each(EXAMPLES)('%s', (program, lines) => {
  test('says the same on every backend, by its config alone, in 80 columns', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'coffer-examples-'))
    await using database = await createDatabase(sharedServer())
    try {
      const memory = await said(program, { type: 'memory' }, folder)
      expect(memory).toMatchObject({ err: '', code: 0 })
      for (const line of lines) expect(memory.out).toContain(line)
      expect(memory.out).not.toContain('✗')
      expect(memory.out.split('\n').filter((line) => line.length > 80)).toEqual([])
      const others: readonly StoreConfig[] = [
        { type: 'file', basePath: 'store' },
        { type: 'sqlite', path: 'store.db' },
        { type: 'postgresql', connectionString: database.url },
      ]
      for (const config of others) expect(await said(program, config, folder)).toEqual(memory)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('says in one line that its store must be empty, and changes nothing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'coffer-examples-'))
    try {
      const config = { type: 'file', basePath: 'store' } as const
      expect((await said(program, config, folder)).code).toBe(0)
      const again = await said(program, config, folder)
      expect(again).toMatchObject({ out: '', code: 1 })
      expect(again.err).toMatch(/^the store has records already; remove it, or name an empty one in .*\n$/)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('a config', () => {
  test.each([
    ['that is not there', undefined, 'config.json: there is no such config file; without an argument'],
    ['that is no JSON', '{ "password": "hunter2"', 'config.json: it is not valid JSON'],
    ['without a type', '{}', "config.json: it must hold a store's config"],
    ['without its path', '{ "type": "sqlite" }', "createStore({ type: 'sqlite' }): option 'path'"],
  ])('%s is told in one line', async (_what, content, sentence) => {
    const folder = mkdtempSync(join(tmpdir(), 'coffer-examples-'))
    try {
      if (content !== undefined) writeFileSync(join(folder, 'config.json'), content)
      const { out, err, code } = await run('../src/brahminykite.ts', 'config.json', folder)
      expect({ out, code }).toEqual({ out: '', code: 1 })
      expect(err).toContain(sentence)
      expect(err.trimEnd().split('\n')).toHaveLength(1)
      expect(err).not.toContain('hunter2')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
