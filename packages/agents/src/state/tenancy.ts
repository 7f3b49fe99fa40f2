/** The tenant that a call names, as a handle of the store. */

import { type BaseStore, StoreError } from '@coffer/core'

/**
 * The handle for the tenant that a call names, the one at hand where it names none. A handle got from
 * `store.tenant()` is for that tenant alone.
 *
 * @throws `INVALID_ARGUMENT` for another tenant than that of a confined handle, and for what names no tenant
 */
export function handleOf(store: BaseStore, tenantId: string | undefined): BaseStore {
  if (tenantId === undefined || tenantId === store.tenantName) return store
  if (!store.confined) return store.tenant(tenantId)
  throw new StoreError(
    'INVALID_ARGUMENT',
    'tenantId names another tenant than the one that this handle is confined to; leave it out',
  )
}
