/** Configurations of frameworks, one record for each version, after BrahminyKite's persistence layer. */

import { defineCollection, isoTimestamp } from '@coffer/core'
import * as z from 'zod'
import { metadata } from '../../registry/json-member.ts'
import { nameText } from '../checked.ts'

/** One version of a configuration as it is stored. `settings` take anything. */
export const frameworkConfiguration = z.strictObject({
  /** Made of the name and the version. */
  configuration_id: z.string(),
  /** Whose configuration it is: a framework's name, or any other. */
  name: nameText,
  /** 1 and up, without a gap. */
  version: z.int(),
  /** True for the version that counts: one of each name. */
  active: z.boolean(),
  settings: metadata,
  created_at: isoTimestamp,
  /** Who set it. */
  created_by: z.string().optional(),
  /** Why it was set. */
  comment: z.string().optional(),
})

/** A version as the store gives it: what the schema `frameworkConfiguration` describes. */
export type FrameworkConfiguration = z.output<typeof frameworkConfiguration>

/** The table `framework_configurations`. */
export const frameworkConfigurations = defineCollection({
  name: 'framework_configurations',
  schema: frameworkConfiguration,
  key: 'configuration_id',
  fields: {
    configuration_id: 'column',
    name: 'column',
    version: 'column',
    active: 'column',
    settings: 'json',
    created_at: 'column',
    created_by: 'column',
    comment: 'json',
  },
  indexes: [['name', 'version']],
})
