/** Sixteen processes open one place at once, and one of them is killed. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Layout, PostgresOptions } from '@coffer/core/backend'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { postgres } from '../src/index.ts'
import { AT, AUDIT, entry, group, LATER_AUDIT, LATER_NOTES, NOTES, put } from './layouts.ts'
import type { Opening } from './opening-worker.ts'
import { fileDatabase, freshSchema } from './places.ts'
import { type SchemaLog, schemaLog } from './schema-log.ts'

const ROUNDS = 20
const PROCESSES = 16
/** Processes that have died are replaced in the background; these are ready meanwhile. */
const SPARE = 4
/** A round is over by then, when nobody is killed. */
const LONGEST_LIFE_MS = 150

const database = fileDatabase()
let log: SchemaLog
const ready: ChildProcess[] = []
const starting = new Set<Promise<void>>()
/** What the processes have compiled, so that the next starts sooner. */
const compiled = mkdtempSync(join(tmpdir(), 'coffer-opening-'))

function startProcess(): void {
  const env = { ...process.env, NODE_COMPILE_CACHE: compiled }
  const child = fork(fileURLToPath(new URL('./opening-worker.ts', import.meta.url)), { env })
  const started = once(child, 'message').then(() => {
    ready.push(child)
    starting.delete(started)
  })
  starting.add(started)
}

async function takeProcesses(): Promise<readonly ChildProcess[]> {
  while (ready.length < PROCESSES) await Promise.race(starting)
  return ready.splice(0, PROCESSES)
}

beforeAll(async () => {
  log = await schemaLog(await database())
  // The first shares what it has compiled with the others.
  startProcess()
  await Promise.all(starting)
  for (let count = 1; count < PROCESSES + SPARE; count++) startProcess()
})

afterAll(async () => {
  await Promise.all(starting)
  const ended = ready.map((child) => once(child, 'exit'))
  for (const child of ready) child.disconnect()
  await Promise.all(ended)
  await log.end()
  rmSync(compiled, { recursive: true })
})

/** What a process says of its opening; `killed` when it died instead. */
async function open(child: ChildProcess, opening: Opening): Promise<string> {
  const isOver = new AbortController()
  const said = once(child, 'message', isOver).then(([answer]) => String(answer))
  const died = once(child, 'exit', isOver).then(() => 'killed')
  child.send(opening)
  return Promise.race([said, died]).finally(() => isOver.abort())
}

/** One round. Answers what each process said; the one that was killed comes first. */
async function openAtOnce(options: PostgresOptions, layouts: readonly Layout[]): Promise<readonly string[]> {
  const children = await takeProcesses()
  const answers = children.map((child) => open(child, { options: { ...options, max: 2 }, layouts }))
  const [victim, ...others] = children
  const timer = setTimeout(() => victim?.kill('SIGKILL'), Math.random() * LONGEST_LIFE_MS)
  const said = await Promise.all(answers)
  clearTimeout(timer)
  ready.push(...others)
  if (said[0] === 'killed' || victim?.killed) startProcess()
  else if (victim !== undefined) ready.push(victim)
  return said
}

/** Opens alone, and closes again. */
async function openAlone(options: PostgresOptions, layouts: readonly Layout[], rows: boolean): Promise<void> {
  const backend = postgres(options)
  await backend.open(layouts)
  if (rows) await backend.write([group(put('a'), entry('b'))], AT)
  await backend.close()
}

interface Case {
  readonly title: string
  readonly before: readonly Layout[]
  readonly layouts: readonly Layout[]
  readonly answer: string
}

test.each<Case>([
  { title: 'an empty database', before: [], layouts: [NOTES, AUDIT], answer: 'opened, awaiting ' },
  {
    title: 'one of an earlier release',
    before: [NOTES, AUDIT],
    layouts: [LATER_NOTES, LATER_AUDIT],
    answer: 'opened, awaiting notes,audit',
  },
])('sixteen processes open $title at once, one is killed, and each change is made once', async (each) => {
  const connectionString = (await database()).url
  const alone = { connectionString, schema: freshSchema() }
  await openAlone(alone, each.before, each.before.length > 0)
  await openAlone(alone, each.layouts, false)
  const changes = await log.changes(alone.schema)
  const shape = await log.shape(alone.schema)
  expect(new Set(changes).size).toBeGreaterThan(10)
  const fates: string[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const options = { connectionString, schema: freshSchema() }
    await openAlone(options, each.before, each.before.length > 0)
    const [victim, ...others] = await openAtOnce(options, each.layouts)
    expect(others).toEqual(others.map(() => each.answer))
    expect(await log.changes(options.schema)).toEqual(changes)
    expect(
      (await log.shape(options.schema)).map((line) => line.replaceAll(options.schema, alone.schema)),
    ).toEqual(shape)
    fates.push(victim ?? '')
  }
  // Some die in the middle, or the case would show nothing.
  expect(fates).toContain('killed')
})
