/** Guards of writes: what must be true of a workflow or a task for a write to happen. */

import { StoreError } from '@coffer/core'
import { checkOptionNames } from '../option-names.ts'

/**
 * What must be true of what is stored, or the write fails with `VERSION_CONFLICT` and changes nothing. Both
 * codes are one because both ask for the same: load it again and decide anew.
 */
export interface StateGuard {
  /** The version that it was loaded with; 0 means that it must not be there. */
  readonly ifVersion?: number | undefined
  /**
   * The status that it must have, or several of which it must have one; what is not there has none. Keeps
   * two workers from both taking a workflow from `paused` to `running`. A write that leaves the status as
   * it is leaves the door open for the next: guard that with `ifVersion`.
   */
  readonly expectedStatus?: string | readonly string[] | undefined
}

/** A guard that was checked and copied. */
export interface CheckedGuard {
  readonly ifVersion: number | undefined
  readonly expectedStatus: readonly string[] | undefined
}

/** @throws `INVALID_ARGUMENT` for unknown options and for what is no version or status */
export function checkedGuard(guard: StateGuard, where: string): CheckedGuard {
  checkOptionNames(guard, ['ifVersion', 'expectedStatus'], where)
  const { ifVersion, expectedStatus } = guard
  if (ifVersion !== undefined && !(Number.isSafeInteger(ifVersion) && ifVersion >= 0)) {
    throw invalid(`${where}: 'ifVersion' is a version, or 0 for what is not there`)
  }
  const statuses = typeof expectedStatus === 'string' ? [expectedStatus] : expectedStatus
  if (statuses === undefined) return { ifVersion, expectedStatus: undefined }
  if (!Array.isArray(statuses) || !statuses.every((status) => typeof status === 'string')) {
    throw invalid(`${where}: 'expectedStatus' is a status or an array of them`)
  }
  return { ifVersion, expectedStatus: [...statuses] }
}

/** @throws `VERSION_CONFLICT` where the guard does not hold for what is stored */
export function holdGuard(
  stored: { readonly version: number; readonly record: { readonly status: string } } | undefined,
  { ifVersion, expectedStatus }: CheckedGuard,
  { collection, key }: { readonly collection: string; readonly key: string },
): void {
  const conflict = (problem: string) =>
    new StoreError('VERSION_CONFLICT', `${collection}: ${problem}; load it again`, {
      collection,
      keys: [key],
    })
  if (ifVersion !== undefined && ifVersion !== (stored?.version ?? 0)) {
    throw conflict("it does not have the version that 'ifVersion' asks for")
  }
  if (expectedStatus === undefined) return
  if (stored === undefined || !expectedStatus.includes(stored.record.status)) {
    throw conflict("it does not have the status that 'expectedStatus' asks for")
  }
}

function invalid(message: string): StoreError {
  return new StoreError('INVALID_ARGUMENT', message)
}
