import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { withCache } from '@coffer/cache'
import { describeConformance } from '@coffer/conformance'
import { describe, it } from 'vitest'
import { sqlite } from '../src/index.ts'

const { capabilities } = sqlite({ path: 'unused.db' })
const create = async () => {
  const directory = mkdtempSync(`${tmpdir()}/coffer-`)
  return {
    backend: () => sqlite({ path: `${directory}/test.db` }),
    withCache,
    destroy: async () => rmSync(directory, { recursive: true }),
  }
}
describeConformance({ name: 'sqlite', capabilities, create }, { describe, it })
