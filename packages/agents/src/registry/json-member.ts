/** Members of any shape: what the CRA storage API keeps as JSONB. */

import * as z from 'zod'

/** An array of any JSON values. */
export const jsonArray: z.ZodArray<z.ZodUnknown> = z.array(z.unknown())

/** An object with any members. */
export const metadata: z.ZodRecord<z.ZodString, z.ZodUnknown> = z.record(z.string(), z.unknown())
