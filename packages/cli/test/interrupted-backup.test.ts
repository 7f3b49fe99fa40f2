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

/** Runs a command in a process of its own, and interrupts it as soon as something is there. */
function interrupted(commandLine: readonly string[], isUnderWay: () => boolean) {
  const child = spawn(process.execPath, [MAIN, ...commandLine], { cwd: folder })
  let err = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  const watch = setInterval(() => {
    if (isUnderWay()) child.kill('SIGINT')
  }, 1)
  return new Promise<{ code: number | null; err: string }>((resolve) => {
    child.on('close', (code) => {
      clearInterval(watch)
      resolve({ code, err })
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
  let isSent = false
  const { code, err } = await interrupted(['backup', '--store', 'notes.db', '--out', 'backups'], () => {
    if (isSent || !existsSync(backups) || readdirSync(backups).length === 0) return false
    isSent = true
    return true
  })
  expect({ code, err }).toEqual({ code: 130, err: 'coffer: interrupted; nothing was left behind\n' })
  expect(readdirSync(backups)).toEqual([])
})
