/** Instants: milliseconds inside, ISO 8601 UTC outside. */

import * as z from 'zod'

/** 0001-01-01T00:00:00.000Z */
const EARLIEST = -62_135_596_800_000
/** 9999-12-31T23:59:59.999Z */
const LATEST = 253_402_300_799_999

/** RFC 3339 with a time and an offset; anything looser depends on the process's time zone or on the engine. */
const ISO = /^\d{4}-\d{2}-\d{2}T(?:[01]\d|2[0-3]):\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/

/** True for an instant that every engine can hold: whole milliseconds in the years 0001 to 9999. */
export function isInstant(milliseconds: number): boolean {
  return Number.isInteger(milliseconds) && milliseconds >= EARLIEST && milliseconds <= LATEST
}

/** Reads an ISO 8601 timestamp with an offset as milliseconds, cutting anything finer; `undefined` if it is none. */
export function parseInstant(text: string): number | undefined {
  if (!ISO.test(text) || !namesDay(text)) return undefined
  const milliseconds = Date.parse(text)
  return isInstant(milliseconds) ? milliseconds : undefined
}

/** False for a day that its month does not have: `Date.parse` takes the 30th of February for the 2nd of March. */
function namesDay(text: string): boolean {
  const day = Number(text.slice(8, 10))
  return day <= 28 || new Date(`${text.slice(0, 10)}T00:00:00Z`).getUTCDate() === day
}

/** What `toISOString` writes in the years 0000 to 9999. */
const CANONICAL = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/

/** A timestamp as it stands in a document, in the years that every engine can hold. */
const storedTimestamp = z.iso
  .datetime({ offset: true })
  .refine(
    (text) => (CANONICAL.test(text) ? !text.startsWith('0000') : parseInstant(text) !== undefined),
    'expected a timestamp in the years 0001 to 9999',
  )

/** A `Date` in the record, an ISO 8601 UTC timestamp with milliseconds in the store. */
export const isoDate: z.ZodCodec<z.ZodISODateTime, z.ZodDate> = z.codec(storedTimestamp, z.date(), {
  decode: (text) => new Date(text),
  encode: (date) => date.toISOString(),
})

/**
 * An ISO 8601 timestamp as text, in the record as in the store. Any offset is accepted and written as UTC
 * with milliseconds, so that equal instants are equal texts.
 */
export const isoTimestamp: z.ZodISODateTime = storedTimestamp.overwrite((text) => {
  if (CANONICAL.test(text) || parseInstant(text) === undefined) return text
  return new Date(text).toISOString()
})
