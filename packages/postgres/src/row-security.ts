/**
 * Row-level security: the database itself shows and takes only rows of the tenant that a transaction is for,
 * so a forgotten condition answers nothing instead of another tenant's rows. Forced, so that it holds for the
 * owner of the tables too; superusers and roles with BYPASSRLS are above it.
 */

import { MAINTENANCE_SETTING, TENANT_SETTING } from './confine.ts'
import type { Schema } from './schema.ts'

/** The statements that protect a table. May be repeated. */
export function protect({ dialect }: Schema, tableName: string, tenantColumn: string): readonly string[] {
  const table = dialect.qualify(tableName)
  const policy = dialect.quote('coffer_tenant')
  const column = dialect.quote(tenantColumn)
  // A setting that was set in an earlier transaction of the session reads as an empty text.
  const isTenant = `${column} = nullif(current_setting('${TENANT_SETTING}', true), '')`
  const isMaintenance = `current_setting('${MAINTENANCE_SETTING}', true) = 'on'`
  const condition = `(${isTenant} OR ${isMaintenance})`
  return [
    `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`,
    `ALTER TABLE ${table} FORCE ROW LEVEL SECURITY`,
    `DROP POLICY IF EXISTS ${policy} ON ${table}`,
    `CREATE POLICY ${policy} ON ${table} USING ${condition} WITH CHECK ${condition}`,
  ]
}
