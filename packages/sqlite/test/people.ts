/** A collection before and after a change of its definition that rebuilds its table, and one that adds to it. */

import { defineCollection } from '@coffer/core'
import * as z from 'zod'

const name = 'people'
const key = 'id'
const schema = z.object({ id: z.string(), town: z.string(), age: z.int(), tags: z.array(z.string()) })

export const PEOPLE = defineCollection({ name, schema, key, fields: { town: 'index' } })

/** What the worker may be asked to change the people to. */
export const CHANGES = {
  added: defineCollection({ name, schema, key, fields: { town: 'index', age: 'index', tags: 'index' } }),
  rebuilt: defineCollection({ name, schema, key, fields: { age: 'index', tags: 'index' } }),
}

export function person(n: number) {
  return { id: `p${n}`, town: `town ${n % 7}`, age: n % 90, tags: [`tag ${n % 5}`, 'all'] }
}
