import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type AgentStore, createAgentStore, sessions } from '@coffer/agents'
import { exportLines } from '@coffer/core'
import { describe, expect, test } from 'vitest'
import { importTranscripts, readLines } from '../src/index.ts'
import { aRun, folder } from './command.ts'

describe('importTranscripts', () => {
  async function exported(store: AgentStore): Promise<string[]> {
    const lines: string[] = []
    for await (const line of exportLines(store)) lines.push(line)
    return lines
  }

  const input = () =>
    Readable.from([
      Buffer.from(
        Array.from({ length: 100 }, (_run, index) => JSON.stringify(aRun(`s-${index}`))).join('\n'),
      ),
    ])

  test('memory, a directory and SQLite export the same bytes', async () => {
    await using memory = createAgentStore({ type: 'memory' })
    await using directory = createAgentStore({ type: 'file', basePath: join(folder, 'data') })
    await using sqlite = createAgentStore({ type: 'sqlite', path: ':memory:' })
    for (const store of [memory, directory, sqlite]) await importTranscripts(store, readLines(input()))
    const lines = await exported(memory)
    expect(lines).toHaveLength(100 + 100 + 500 + 100)
    expect(await exported(directory)).toEqual(lines)
    expect(await exported(sqlite)).toEqual(lines)
  })

  test('a session that was changed since gets its imported form back, as a new version', async () => {
    await using store = createAgentStore({ type: 'memory' })
    await importTranscripts(store, readLines(input()))
    await store.registry.updateSession('s-7', { metadata: {} })
    const counts = await importTranscripts(store, readLines(input()))
    expect(counts.sessions).toEqual({ new: 0, changed: 1, unchanged: 99 })
    expect((await store.collection(sessions).getEntry('s-7'))?.version).toBe(3)
  })

  test('lines are cut wherever the chunks end, and counted with the empty ones', async () => {
    const bytes = Buffer.from('{"a":"ü"}\r\n\n{"b":2}')
    for (const size of [1, 2, 3, bytes.length]) {
      const chunks: Buffer[] = []
      for (let start = 0; start < bytes.length; start += size)
        chunks.push(bytes.subarray(start, start + size))
      const lines = []
      for await (const line of readLines(Readable.from(chunks))) lines.push(line)
      expect(lines).toEqual([
        { number: 1, text: '{"a":"ü"}' },
        { number: 3, text: '{"b":2}' },
      ])
    }
  })

  test('a line that is too long, or no UTF-8, is a problem and not the end', async () => {
    const chunks = [Buffer.from('0123456'), Buffer.from('789\n'), Buffer.from([0xff, 10]), Buffer.from('ok')]
    const lines = []
    for await (const line of readLines(Readable.from(chunks), 8)) lines.push(line)
    expect(lines).toEqual([
      { number: 1, problem: 'it is longer than 8 bytes' },
      { number: 2, problem: 'it is not valid UTF-8' },
      { number: 3, text: 'ok' },
    ])
  })

  test('a repeated call id is answered in the order of the calls', async () => {
    await using store = createAgentStore({ type: 'memory' })
    const [user, call, result] = aRun('').messages
    const other = { ...result, content: '22' }
    const run = JSON.stringify({ session_id: 's', messages: [user, call, result, call, other] })
    await importTranscripts(store, readLines(Readable.from([Buffer.from(run)])))
    const contents = (await store.registry.listResolutions()).map((each) => each.context_blocks)
    expect(contents).toEqual([
      [{ block_id: 's/0007', content: '22' }],
      [{ block_id: 's/0004', content: '21' }],
    ])
  })
})
