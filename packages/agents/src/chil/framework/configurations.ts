/** The methods for configurations: every version is kept, and one of each name counts. */

import type { BaseStore, RecordPage } from '@coffer/core'
import * as z from 'zod'
import { checkedRecord } from '../../checked-record.ts'
import { compositeKey } from '../../composite-key.ts'
import { findListed, type Paging } from '../../listing.ts'
import { checkOptionNames } from '../../option-names.ts'
import { checked, checkedPaging, nameText } from '../checked.ts'
import { conflicting, missing } from '../refusals.ts'
import {
  type FrameworkConfiguration,
  frameworkConfiguration,
  frameworkConfigurations,
} from './framework-configuration.ts'

/** What `setConfiguration` takes beside the settings. */
export interface ConfigurationOptions {
  /** The newest version there may be, 0 for none: guards against a setting that the caller has not seen. */
  readonly ifVersion?: number | undefined
  /** Whether it counts at once. Default: true. The first version always does. */
  readonly activate?: boolean | undefined
  /** Who sets it. */
  readonly created_by?: string | undefined
  /** Why. */
  readonly comment?: string | undefined
}

/** Methods for configurations. */
export interface ConfigurationMethods {
  /**
   * Adds a version to a configuration; what was set before stays.
   *
   * @returns its version: 1, and one more each time
   * @throws `VERSION_CONFLICT` when `ifVersion` is not the newest one
   */
  setConfiguration(
    name: string,
    settings: Readonly<Record<string, unknown>>,
    options?: ConfigurationOptions,
  ): Promise<number>
  /** The version that counts, or the one that is asked for; `undefined` when it is not there. */
  getConfiguration(
    name: string,
    options?: { readonly version?: number | undefined },
  ): Promise<FrameworkConfiguration | undefined>
  /** Makes another version count. @throws `NOT_FOUND` for a version that is not there */
  activateConfiguration(name: string, version: number): Promise<FrameworkConfiguration>
  /** The versions of a configuration, newest first, 100 a page: `{ records, next }`; none for an unknown name. */
  configurationHistory(name: string, options?: Paging): Promise<RecordPage<FrameworkConfiguration>>
}

const newConfiguration = frameworkConfiguration
  .pick({ name: true, settings: true, created_by: true, comment: true })
  .extend({ ifVersion: z.int().min(0).optional(), activate: z.boolean().optional() })
const versionOption = z.strictObject({ version: z.int().min(1).optional() })

/** Makes the configuration methods of one handle. */
export function configurationMethods(store: BaseStore): ConfigurationMethods {
  const collection = store.collection(frameworkConfigurations)
  return {
    setConfiguration: async (of, settings, options = {}) => setConfiguration(store, of, settings, options),
    getConfiguration: async (of, options = {}) => {
      const { version } = checked(versionOption, options, 'getConfiguration')
      checked(nameText, of, 'getConfiguration: name')
      if (version !== undefined) return collection.get(configurationKey(of, version))
      return collection.findOne({ where: { name: of, active: true } })
    },
    activateConfiguration: async (of, version) => {
      checked(nameText, of, 'activateConfiguration: name')
      checked(z.int().min(1), version, 'activateConfiguration: version')
      return activateConfiguration(store, of, version)
    },
    configurationHistory: async (of, options = {}) => {
      const name = checked(nameText, of, 'configurationHistory: name')
      const paging = checkedPaging(options, 'configurationHistory')
      return findListed(collection, { ...paging, name }, { version: 'desc' })
    },
  }
}

function configurationKey(of: string, version: number): string {
  return compositeKey(of, `${version}`)
}

async function setConfiguration(
  store: BaseStore,
  of: string,
  settings: Readonly<Record<string, unknown>>,
  options: ConfigurationOptions,
): Promise<number> {
  checkOptionNames(options, ['ifVersion', 'activate', 'created_by', 'comment'], 'setConfiguration')
  const asked = checkedRecord(newConfiguration, { ...options, name: of, settings }, 'setConfiguration')
  const { ifVersion, activate = true, ...given } = asked
  return store.transaction(async (transaction) => {
    const collection = transaction.collection(frameworkConfigurations)
    const [newest] = (await collection.find({ where: { name: of }, orderBy: { version: 'desc' }, limit: 1 }))
      .records
    if (ifVersion !== undefined && ifVersion !== (newest?.version ?? 0)) {
      const key = configurationKey(of, newest?.version ?? 0)
      throw conflicting(frameworkConfigurations, "the newest version is another than 'ifVersion' says", key)
    }
    const version = (newest?.version ?? 0) + 1
    const active = activate || newest === undefined
    if (active) await deactivate(transaction, of)
    const configuration_id = configurationKey(of, version)
    const created_at = transaction.now().toISOString()
    await collection.insert({ ...given, configuration_id, version, active, created_at })
    return version
  })
}

async function activateConfiguration(
  store: BaseStore,
  of: string,
  version: number,
): Promise<FrameworkConfiguration> {
  return store.transaction(async (transaction) => {
    const collection = transaction.collection(frameworkConfigurations)
    const key = configurationKey(of, version)
    const meant = await collection.get(key)
    if (meant === undefined) throw missing(frameworkConfigurations, 'version', key)
    if (meant.active) return meant
    await deactivate(transaction, of)
    const active: FrameworkConfiguration = { ...meant, active: true }
    await collection.put(active)
    return active
  })
}

async function deactivate(transaction: BaseStore, of: string): Promise<void> {
  const collection = transaction.collection(frameworkConfigurations)
  const present = await collection.findOne({ where: { name: of, active: true } })
  if (present !== undefined) await collection.put({ ...present, active: false })
}
