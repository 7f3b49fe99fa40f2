import { describeConformance } from '@coffer/conformance'
import { describe, it } from 'vitest'
import { sqlite } from '../src/index.ts'

const backend = () => sqlite({ path: ':memory:' })
describeConformance(
  {
    name: 'sqlite :memory:',
    capabilities: backend().capabilities,
    create: async () => ({ backend, destroy: async () => undefined }),
  },
  { describe, it },
)
