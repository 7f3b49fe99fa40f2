/** What the tests of faults store. */

import { defineCollection } from '@coffer/core'
import * as z from 'zod'

const schema = z.object({ id: z.string(), group: z.string(), text: z.string().optional() })

export type Mark = z.infer<typeof schema>

export const marks = defineCollection({
  name: 'marks',
  schema,
  key: 'id',
  fields: { group: 'index' },
})
