import { isStoreError, type StoreError } from '../src/errors.ts'

/** The error that the call is refused with, so that its code and sentence can be looked at. */
export function refusalOf(run: () => unknown): StoreError {
  try {
    run()
  } catch (error) {
    if (isStoreError(error)) return error
    throw error
  }
  throw new Error('it was not refused')
}
