import { withCache } from '@coffer/cache'
import { describeConformance } from '@coffer/conformance'
import { describe, it } from 'vitest'
import { memory } from '../src/index.ts'

describeConformance(
  {
    name: 'memory',
    capabilities: memory().capabilities,
    create: async () => ({ backend: () => memory(), withCache, destroy: async () => undefined }),
  },
  { describe, it },
)
