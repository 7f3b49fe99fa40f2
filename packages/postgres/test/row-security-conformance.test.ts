/** The suite on tables that are protected by row-level security. */

import { postgres } from '../src/index.ts'
import { fileDatabase, placeIn } from './places.ts'
import { describeSome, isNoVariant } from './some-cases.ts'

const options = { rowLevelSecurity: true }
const { capabilities } = postgres(options)
const database = fileDatabase()
const create = async () => placeIn(await database(), options)

describeSome(
  { name: 'postgresql with row-level security', capabilities, create },
  (id) => isNoVariant(id) && /^(?:(?:N\d|W[156]|T4|H\d|I\d|X[257]|G\d|B\d|U\d|L4)-|R6-(?!refused))/.test(id),
)
