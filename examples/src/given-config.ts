/** The config that an example is given: the file that its first argument names, as `createStore` takes it. */

import { readFileSync } from 'node:fs'
import { createAgentStore } from '@coffer/agents'
import type { StoreConfig } from '@coffer/core'

/**
 * The config of the store; in memory without an argument. An example makes records of its own and shows what
 * there is, so the store has to be empty. Where something is not as it should be, one line says so and what to
 * do, and the process ends with 1.
 */
export async function givenConfig(): Promise<StoreConfig> {
  const [, , file] = process.argv
  if (file === undefined) return { type: 'memory' }
  try {
    const config = readConfig(file)
    await requireEmpty(config, file)
    return config
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  }
}

function readConfig(file: string): StoreConfig {
  const config = parsed(file, readText(file))
  if (typeof config === 'object' && config !== null && ('type' in config || 'backend' in config)) {
    return config as StoreConfig
  }
  throw new Error(`${file}: it must hold a store's config, such as { "type": "sqlite", "path": "agents.db" }`)
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const problem = code === 'ENOENT' ? 'there is no such config file' : `it can't be read (${code})`
    throw new Error(`${file}: ${problem}; without an argument the example runs in memory`)
  }
}

function parsed(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the file, which may hold a password.
    throw new Error(`${file}: it is not valid JSON`)
  }
}

async function requireEmpty(config: StoreConfig, file: string): Promise<void> {
  await using store = createAgentStore(config)
  for (const definition of store.definitions) {
    if (!(await store.collection(definition).exists())) continue
    throw new Error(`the store has records already; remove it, or name an empty one in ${file}`)
  }
}
