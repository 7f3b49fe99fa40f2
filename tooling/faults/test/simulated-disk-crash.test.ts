import { describe, expect, it } from 'vitest'
import { randomFrom } from '../src/random.ts'
import { SimulatedDisk } from '../src/simulated-disk.ts'
import { killed, powerCuts } from '../src/simulated-disk-crash.ts'
import { type DiskState, ROOT } from '../src/simulated-disk-state.ts'

const bytes = (text: string) => Buffer.from(text)

/** The files in the root with their contents. */
function filesOf(state: DiskState): Record<string, string> {
  const files: Record<string, string> = {}
  for (const [name, number] of state.directory(ROOT)?.names ?? []) {
    files[name] = String(Buffer.from(state.file(number)?.content.bytes ?? []))
  }
  return files
}

/** All that many power cuts leave, each told once. */
function outcomesOf(disk: SimulatedDisk): readonly Record<string, string>[] {
  const outcomes = new Map<string, Record<string, string>>()
  for (let seed = 0; seed < 60; seed++) {
    for (const { state } of powerCuts(disk.state, 8, randomFrom(seed))) {
      outcomes.set(JSON.stringify(filesOf(state)), filesOf(state))
    }
  }
  return [...outcomes.values()]
}

async function withFile(name: string, content: string): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk()
  const file = await disk.open(`/${name}`, 'create')
  file.writeSync(bytes(content), 0)
  await file.sync()
  await file.close()
  await disk.syncDirectory('/')
  return disk
}

describe('a crash of a simulated disk', () => {
  it('takes nothing that was synced, in content and in name', async () => {
    const disk = await withFile('a', 'safe')
    expect(outcomesOf(disk)).toEqual([{ a: 'safe' }])
  })

  it('takes the name of a synced file whose directory was not synced', async () => {
    const disk = new SimulatedDisk()
    const file = await disk.open('/a', 'create')
    file.writeSync(bytes('synced'), 0)
    await file.sync()
    expect(outcomesOf(disk)).toEqual(expect.arrayContaining([{}, { a: 'synced' }]))
    expect(outcomesOf(disk)).toHaveLength(2)
  })

  it('leaves of an unsynced write all, nothing, its beginning, zeros or noise, and never harms what was synced', async () => {
    const disk = await withFile('a', 'safe')
    const file = await disk.open('/a', 'write')
    file.writeSync(bytes(' and more'), 4)
    const contents = outcomesOf(disk).map((files) => files.a ?? '')
    expect(contents).toEqual(
      expect.arrayContaining(['safe', 'safe and more', 'safe and', `safe${'\0'.repeat(9)}`]),
    )
    expect(contents.filter((content) => content.length > 4).length).toBeGreaterThan(20)
    for (const content of contents) expect(content.slice(0, 4)).toBe('safe')
  })

  it('may leave a later write of a file without an earlier one', async () => {
    const disk = await withFile('a', '')
    const file = await disk.open('/a', 'write')
    file.writeSync(bytes('one'), 0)
    file.writeSync(bytes('two'), 3)
    const contents = outcomesOf(disk).map((files) => files.a)
    expect(contents).toEqual(expect.arrayContaining(['one', '\0\0\0two', 'onetwo']))
  })

  it('may bring back what a truncation that was not synced has cut off', async () => {
    const disk = await withFile('a', 'a line that was taken back')
    const file = await disk.open('/a', 'write')
    await file.truncate(6)
    expect(outcomesOf(disk).map((files) => files.a)).toEqual(['a line that was taken back', 'a line'])
  })

  it('leaves a rename done or not done, and what was renamed over with its content', async () => {
    const disk = await withFile('a', 'old')
    const file = await disk.open('/a.tmp', 'create')
    file.writeSync(bytes('new'), 0)
    await file.sync()
    await disk.syncDirectory('/')
    await disk.rename('/a.tmp', '/a')
    expect(outcomesOf(disk)).toEqual([{ a: 'old', 'a.tmp': 'new' }, { a: 'new' }])
  })

  it('leaves an unsynced file empty under its new name when the rename came first', async () => {
    const disk = await withFile('a', 'old')
    const file = await disk.open('/a.tmp', 'create')
    file.writeSync(bytes('new'), 0)
    await disk.rename('/a.tmp', '/a')
    expect(outcomesOf(disk)).toEqual(expect.arrayContaining([{ a: 'old' }, { a: '' }, { a: 'new' }]))
  })

  it('may keep a later change of names without an earlier one, and both moves of a file or none', async () => {
    const disk = await withFile('a', 'content')
    await disk.makeDirectory('/folder')
    await disk.syncDirectory('/')
    await disk.rename('/a', '/folder/a')
    await (await disk.open('/b', 'create')).close()
    const names = outcomesOf(disk).map((files) => Object.keys(files).sort().join())
    expect(names.sort()).toEqual(['a,b,folder', 'a,folder', 'b,folder', 'folder'])
    for (const { state } of powerCuts(disk.state, 20, randomFrom(1))) {
      const root = state.directory(ROOT)
      const folder = state.directory(root?.names.get('folder') ?? -1)
      expect(folder?.names.has('a')).toBe(root?.names.has('a') === false)
    }
  })

  it('of the process alone loses nothing but a part of the last write, and leaves the rest not yet durable', async () => {
    const disk = await withFile('a', '')
    const before = disk.state
    const file = await disk.open('/a', 'write')
    file.writeSync(bytes('written'), 0)
    const last = disk.operations.at(-1)
    const contents = new Set<string>()
    for (let seed = 0; seed < 200; seed++) {
      const { state } = killed(before, last, randomFrom(seed))
      contents.add(filesOf(state).a ?? '')
    }
    expect([...contents].sort()).toEqual(['', 'w', 'wr', 'wri', 'writ', 'writt', 'writte', 'written'])
    const { state } = killed(disk.state, undefined, randomFrom(0))
    expect(filesOf(state)).toEqual({ a: 'written' })
    expect(powerCuts(state, 4, randomFrom(0)).map((cut) => filesOf(cut.state).a)).toContain('')
  })

  it('leaves of a failed sync what had arrived, whatever was synced since', async () => {
    const disk = await withFile('a', '')
    const file = await disk.open('/a', 'write')
    for (let count = 0; count < 20; count++) file.writeSync(bytes('x'), count)
    disk.fault = { calls: ['sync'], nth: 1, effect: 'EIO', lasts: false }
    await expect(file.sync()).rejects.toThrow('EIO')
    await file.sync()
    const outcomes = outcomesOf(disk)
    expect(outcomes).toHaveLength(1)
    expect(outcomes[0]?.a).not.toBe('x'.repeat(20))
  })
})
