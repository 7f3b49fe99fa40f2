/** Row-level security: who the commands of a transaction are for. */

import type { Command } from './session.ts'

/** A command and the tenant that it is for; `undefined` for none, and `ALL_TENANTS` for maintenance. */
export interface TenantCommand {
  readonly command: Command
  readonly tenant: string | undefined | typeof ALL_TENANTS
}

/** Work that concerns rows of all tenants: sweeps, rewriting, and the list of tenants. */
export const ALL_TENANTS = Symbol('all tenants')

/** The setting that the policies compare with a row's tenant, and the one that lets maintenance through. */
export const TENANT_SETTING = 'coffer.tenant'
export const MAINTENANCE_SETTING = 'coffer.maintenance'

/** How commands are told apart by tenant: with row-level security, or not at all. */
export interface Confinement {
  readonly isOn: boolean
  /** The commands, each behind what lets the rows of its tenant be seen until the end of the transaction. */
  confine(commands: readonly TenantCommand[]): readonly Command[]
  /** Where the answers of the given commands are among those of the confined ones. */
  answersOf<T>(commands: readonly TenantCommand[], answers: readonly T[]): readonly T[]
}

/** No row-level security: commands as they are. */
export const unconfined: Confinement = {
  isOn: false,
  confine: (commands) => commands.map(({ command }) => command),
  answersOf: (_commands, answers) => answers,
}

/** Row-level security: a setting that ends with the transaction, before each change of tenant. */
export const confined: Confinement = {
  isOn: true,
  confine: (commands) => {
    const confined: Command[] = []
    forEachTenant(commands, ({ command, tenant }, isNew) => {
      if (isNew) confined.push(tenantCommand(tenant))
      confined.push(command)
    })
    return confined
  },
  answersOf: (commands, answers) => {
    const own: (typeof answers)[number][] = []
    let position = 0
    forEachTenant(commands, (_command, isNew) => {
      if (isNew) position++
      const answer = answers[position++]
      if (answer !== undefined) own.push(answer)
    })
    return own
  },
}

function forEachTenant(
  commands: readonly TenantCommand[],
  visit: (command: TenantCommand, isNew: boolean) => void,
): void {
  let current: TenantCommand['tenant']
  for (const command of commands) {
    const isNew = command.tenant !== undefined && command.tenant !== current
    visit(command, isNew)
    if (isNew) current = command.tenant
  }
}

function tenantCommand(tenant: TenantCommand['tenant']): Command {
  const isAll = tenant === ALL_TENANTS
  return {
    text: `SELECT set_config('${TENANT_SETTING}', $1, true), set_config('${MAINTENANCE_SETTING}', $2, true)`,
    parameters: [typeof tenant === 'string' ? tenant : '', isAll ? 'on' : ''],
  }
}
