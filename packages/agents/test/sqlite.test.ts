import { harnesses } from '@coffer-tooling/conformance/harnesses'
import { sharedServer } from '@coffer-tooling/postgres/vitest'
import { describeAgentStores } from './suite/describe.ts'

describeAgentStores(harnesses(async () => sharedServer()).sqlite)
