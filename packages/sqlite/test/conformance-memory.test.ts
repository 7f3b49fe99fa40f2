import { withCache } from '@coffer/cache'
import { describeConformance } from '@coffer/conformance'
import { describe, it } from 'vitest'
import { sqlite } from '../src/index.ts'

const backend = () => sqlite({ path: ':memory:' })
describeConformance(
  {
    name: 'sqlite :memory:',
    capabilities: backend().capabilities,
    create: async () => ({ backend, withCache, destroy: async () => undefined }),
  },
  { describe, it },
)
