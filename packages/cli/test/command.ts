/** The command in a folder of its own, within this process or in one of its own; and runs to feed it with. */

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { afterEach, beforeEach } from 'vitest'
import { Output } from '../src/output/terminal.ts'
import { runCommand } from '../src/program.ts'

/** Compiled sources of the command, kept from run to run: most of a process's time is spent on them. */
const COMPILE_CACHE = fileURLToPath(new URL('../node_modules/.cache/compile', import.meta.url))

export const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))

/** The folder of the test that runs. */
export let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'coffer-cli-'))
  process.chdir(folder)
  // Backends are looked for beside the program that runs.
  process.argv[1] = MAIN
})

afterEach(() => {
  process.chdir(tmpdir())
  rmSync(folder, { recursive: true })
})

export interface Result {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** How the command is run. */
export interface Surroundings {
  readonly input?: string
  /** With it, the command writes to a terminal. */
  readonly columns?: number
  /** Environment variables beside those of this process. */
  readonly more?: NodeJS.ProcessEnv
}

/** Runs the command within this process, in the test's folder. */
export async function coffer(
  commandLine: readonly string[],
  { input = '', columns, more }: Surroundings = {},
): Promise<Result> {
  const { COFFER_STORE: _store, COFFER_DEBUG: _debug, ...inherited } = process.env
  const environment = { ...inherited, ...more }
  const out = written(columns)
  const err = written(columns)
  const stdin = Readable.from([Buffer.from(input)])
  const terminal = { out: new Output(out.stream), err: new Output(err.stream), stdin, environment }
  const code = await runCommand(commandLine, terminal)
  return { code, out: out.text(), err: err.text() }
}

/** A stream that keeps what is written to it. */
function written(columns: number | undefined) {
  const parts: string[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      parts.push(chunk.toString())
      done()
    },
  })
  return {
    stream: Object.assign(stream, columns === undefined ? {} : { isTTY: true, columns }),
    text: () => stripVTControlCharacters(parts.join('')),
  }
}

/** Runs the command in a process of its own, in the test's folder. */
export function cofferProcess(
  commandLine: readonly string[],
  input = '',
  more: NodeJS.ProcessEnv = {},
): Promise<Result> {
  const { COFFER_STORE: _store, COFFER_DEBUG: _debug, ...inherited } = process.env
  const child = spawn(process.execPath, [MAIN, ...commandLine], {
    cwd: folder,
    env: { ...inherited, NODE_COMPILE_CACHE: COMPILE_CACHE, ...more },
  })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ code, out, err }))
  })
}

export function file(name: string, lines: readonly unknown[]): string {
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')
  writeFileSync(join(folder, name), `${text}\n`)
  return name
}

/** A run with one tool call: four messages, five events, one resolution. */
export function aRun(session_id: string, more: object = {}) {
  return {
    session_id,
    messages: [
      { role: 'user', content: 'How warm is it in Oslo?' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: 'call-1', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'call-1', name: 'weather', content: '21' },
      { role: 'assistant', content: '21 degrees.' },
    ],
    ...more,
  }
}

export const AT = ['--store', 'agents.db']
