import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createStore, defineCollection } from '@coffer/core'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { folder, MAIN } from './command.ts'

const notes = defineCollection({
  name: 'notes',
  schema: z.object({ id: z.string(), text: z.string() }),
  key: 'id',
})

/**
 * Runs a command in a process of its own, halts it as soon as something is there, and interrupts it while it can do
 * nothing else.
 */
function interrupted(commandLine: readonly string[], isUnderWay: () => boolean) {
  const child = spawn(process.execPath, [MAIN, ...commandLine], { cwd: folder })
  let err = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  let wasUnderWay = false
  const watch = setInterval(() => {
    if (wasUnderWay || !isUnderWay()) return
    child.kill('SIGSTOP')
    wasUnderWay = isUnderWay()
    child.kill('SIGINT')
    child.kill('SIGCONT')
  }, 1)
  return new Promise<{ code: number | null; err: string; wasUnderWay: boolean }>((resolve) => {
    child.on('close', (code) => {
      clearInterval(watch)
      resolve({ code, err, wasUnderWay })
    })
  })
}

test('Ctrl-C stops a backup and leaves nothing of it behind', async () => {
  {
    await using store = createStore({ type: 'sqlite', path: 'notes.db', durability: 'none' })
    const text = 'x'.repeat(2_000)
    for (let batch = 0; batch < 30; batch++) {
      const records = Array.from({ length: 1_000 }, (_none, index) => ({ id: `${batch}-${index}`, text }))
      await store.collection(notes).putMany(records)
    }
  }
  const backups = join(folder, 'backups')
  const found = await interrupted(
    ['backup', '--store', 'notes.db', '--out', 'backups'],
    () => existsSync(backups) && readdirSync(backups).some((name) => name.endsWith('.partial')),
  )
  expect(found).toEqual({
    code: 130,
    err: 'coffer: interrupted; nothing was left behind\n',
    wasUnderWay: true,
  })
  expect(readdirSync(backups)).toEqual([])
})
