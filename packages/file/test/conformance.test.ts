import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { withCache } from '@coffer/cache'
import { describeConformance } from '@coffer/conformance'
import { describe, it } from 'vitest'
import { file } from '../src/index.ts'

const { capabilities } = file({ basePath: 'unused' })
const create = async () => {
  const directory = mkdtempSync(`${tmpdir()}/coffer-`)
  return {
    backend: () => file({ basePath: `${directory}/data`, lockTimeoutMs: 100 }),
    withCache,
    destroy: async () => rmSync(directory, { recursive: true }),
  }
}
describeConformance({ name: 'file', capabilities, create }, { describe, it })
