import { describeConformance } from '@coffer/conformance'
import { describe, it } from 'vitest'
import { postgres } from '../src/index.ts'
import { fileDatabase, placeIn } from './places.ts'

const { capabilities } = postgres()
const database = fileDatabase()
const create = async () => placeIn(await database())
describeConformance({ name: 'postgresql', capabilities, create }, { describe, it })
