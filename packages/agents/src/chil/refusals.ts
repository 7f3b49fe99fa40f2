/** Refusals of what the stored records do not allow. */

import { type CollectionDefinition, StoreError } from '@coffer/core'

type Named = Pick<CollectionDefinition, 'name'>

/** The error for a record that an argument names and that is not there. */
export function missing({ name }: Named, argument: string, key: string): StoreError {
  return new StoreError('NOT_FOUND', `${name}: there is no record that '${argument}' names`, {
    collection: name,
    keys: [key],
  })
}

/** The error for what was done before, which its repetition learns whatever has changed since. */
export function repeated({ name }: Named, problem: string, key: string): StoreError {
  return new StoreError('ALREADY_EXISTS', `${name}: ${problem}`, { collection: name, keys: [key] })
}

/** The error for a record that another is to refer to and that is not there. */
export function dangling({ name }: Named, keys: readonly string[]): StoreError {
  const message = `a record refers to '${name}', where there is no such record`
  return new StoreError('REFERENCE_VIOLATION', message, { collection: name, keys })
}

/** The error for a record whose state does not allow what is asked: look at it again and decide anew. */
export function conflicting({ name }: Named, problem: string, key: string): StoreError {
  return new StoreError('VERSION_CONFLICT', `${name}: ${problem}`, { collection: name, keys: [key] })
}

/** The error for what would go beyond a bound. */
export function beyond({ name }: Named, problem: string): StoreError {
  return new StoreError('LIMIT_EXCEEDED', `${name}: ${problem}`, { collection: name })
}
