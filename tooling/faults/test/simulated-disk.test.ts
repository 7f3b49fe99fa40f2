import type { FileSystem, OpenFile } from '@coffer/file'
import { describe, expect, it } from 'vitest'
import { type Random, randomFrom } from '../src/random.ts'
import { SimulatedDisk } from '../src/simulated-disk.ts'
import { realDisk } from './real-disk.ts'

const bytes = (text: string) => Buffer.from(text)

async function contentOf(disk: FileSystem, path: string): Promise<string> {
  const file = await disk.open(path, 'read')
  const buffer = Buffer.alloc(1_000)
  const length = await file.read(buffer, 0)
  await file.close()
  return buffer.toString('utf8', 0, length)
}

async function codeOf(attempt: Promise<unknown>): Promise<unknown> {
  return attempt.then(
    (value) => value,
    (error: NodeJS.ErrnoException) => error.code,
  )
}

const NAMES = ['/a', '/b', '/folder', '/folder/a', '/folder/b', '/a/b', '/missing/a'] as const

/** Does something that may fail, and answers what a caller can see of it. */
async function step(disk: FileSystem, files: OpenFile[], random: Random): Promise<unknown> {
  const path = random.pick(NAMES)
  const other = random.pick(NAMES)
  const file = files.length === 0 ? undefined : random.pick(files)
  const position = random.below(20)
  const read = async () => {
    const buffer = Buffer.alloc(30)
    const length = await file?.read(buffer, position)
    return [length, buffer.toString('latin1', 0, length ?? 0)]
  }
  const openOne = async () => {
    const mode = random.pick(['read', 'write', 'create'] as const)
    // Linux opens a directory for reading, and refuses to read from it.
    const status = await disk.status(path)
    if (mode === 'read' && status?.type === 'directory') return 'passed over'
    files.push(await disk.open(path, mode))
    return 'opened'
  }
  const statusOf = async () => {
    const status = await disk.status(path)
    return [status?.type, status?.type === 'file' ? status.size : undefined]
  }
  const kinds = [
    openOne,
    openOne,
    openOne,
    statusOf,
    async () => disk.existsSync(path),
    async () => [...(await disk.list(path))].sort(),
    () => disk.makeDirectory(path),
    () => disk.link(path, other),
    () => disk.rename(path, other),
    () => disk.remove(path),
    () => disk.touch(path),
    () => disk.syncDirectory(path),
    read,
    read,
    () => Promise.resolve(file?.write(bytes('written'), position)),
    async () => file?.writeSync(bytes('at once'), position),
    () => Promise.resolve(file?.truncate(position)),
    () => Promise.resolve(file?.sync()),
    async () => file?.syncBlocking?.(),
    () => Promise.resolve(file?.close()),
  ]
  return codeOf(random.pick(kinds)())
}

describe('a simulated disk', () => {
  it('answers and fails as the disk of this machine', async () => {
    for (let program = 0; program < 40; program++) {
      await using real = realDisk()
      const simulated = new SimulatedDisk()
      const [realFiles, simulatedFiles]: [OpenFile[], OpenFile[]] = [[], []]
      // Both make the same choices.
      const [one, other] = [randomFrom(program), randomFrom(program)]
      for (let count = 0; count < 60; count++) {
        const answer = await step(simulated, simulatedFiles, one)
        expect(answer, `program ${program}, step ${count}`).toEqual(await step(real, realFiles, other))
      }
      for (const file of realFiles) await file.close()
    }
  })

  it('is full at its capacity: a write takes what there is room for, and removing makes room', async () => {
    const disk = new SimulatedDisk({ capacity: 8_192 })
    const file = await disk.open('/a', 'create')
    expect(await file.write(new Uint8Array(10_000), 0)).toBe(8_192)
    expect(await codeOf(file.write(bytes('x'), 8_192))).toBe('ENOSPC')
    expect(await file.write(bytes('x'), 10)).toBe(1)
    await disk.remove('/a')
    const next = await disk.open('/b', 'create')
    expect(await codeOf(next.write(bytes('x'), 0))).toBe('ENOSPC')
    await file.close()
    expect(await next.write(bytes('x'), 0)).toBe(1)
  })

  it('fails at the call that it was told, once or from then on', async () => {
    const disk = new SimulatedDisk()
    const file = await disk.open('/a', 'create')
    disk.fault = { calls: ['write'], nth: 2, effect: 'ENOSPC', lasts: false }
    expect(await codeOf(file.write(bytes('one'), 0))).toBe(3)
    expect(await codeOf(file.write(bytes('two'), 3))).toBe('ENOSPC')
    expect(await codeOf(file.write(bytes('two'), 3))).toBe(3)
    disk.fault = { nth: 1, effect: 'EIO', lasts: true }
    expect(await codeOf(disk.list('/'))).toBe('EIO')
    expect(await codeOf(file.close())).toBe('EIO')
    expect(disk.strikes).toBe(2)
  })

  it('writes less than it was asked for, and at least a byte', async () => {
    const disk = new SimulatedDisk()
    const file = await disk.open('/a', 'create')
    disk.fault = { calls: ['write'], nth: 1, effect: 'short', lasts: true }
    const written = await file.write(bytes('a longer text'), 0)
    expect(written).toBeGreaterThan(0)
    expect(written).toBeLessThan(13)
    expect(await contentOf(disk, '/a')).toBe('a longer text'.slice(0, written))
  })

  it('covers by a sync only what was written before it began', async () => {
    let release: () => void = () => undefined
    let isSlow = false
    const latency = () =>
      isSlow
        ? new Promise<void>((resolve) => {
            release = resolve
          })
        : Promise.resolve()
    const disk = new SimulatedDisk({ latency })
    const file = await disk.open('/a', 'create')
    file.writeSync(bytes('early'), 0)
    isSlow = true
    const syncing = file.sync()
    file.writeSync(bytes('late'), 5)
    isSlow = false
    release()
    await syncing
    const [, node] = [...disk.state.nodes()][1] ?? []
    expect(node?.type === 'file' && String(Buffer.from(node.durable.bytes))).toBe('early')
  })

  it('goes on showing what a failed sync has lost', async () => {
    const disk = new SimulatedDisk()
    const file = await disk.open('/a', 'create')
    for (let count = 0; count < 20; count++) file.writeSync(bytes('x'), count)
    disk.fault = { calls: ['sync'], nth: 1, effect: 'EIO', lasts: false }
    expect(await codeOf(file.sync())).toBe('EIO')
    await file.sync()
    expect(await contentOf(disk, '/a')).toBe('x'.repeat(20))
    const [, node] = [...disk.state.nodes()][1] ?? []
    expect(node?.type === 'file' && node.pending.length).toBe(0)
    expect(node?.type === 'file' && String(Buffer.from(node.durable.bytes))).not.toBe('x'.repeat(20))
  })
})
