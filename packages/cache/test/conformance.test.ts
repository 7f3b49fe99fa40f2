import { describeConformance, modelHarness } from '@coffer/conformance'
import { describe, it } from 'vitest'
import { withCache } from '../src/index.ts'

const { capabilities } = modelHarness
const create = async () => ({ ...(await modelHarness.create()), withCache })
describeConformance({ name: 'model', capabilities, create }, { describe, it })
