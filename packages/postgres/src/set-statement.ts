/** Statements over a set of records, and how one is made to fail when it could not do all that was asked. */

/** What a statement takes behind the records and the instant: nothing, the layout's name, or that and the tenants. */
export type FurtherParameters = 'nothing' | 'layout' | 'floors'

/** A statement over a set of records. A strict one takes the number of records as its last parameter. */
export interface SetStatement {
  readonly text: string
  readonly takes: FurtherParameters
}

/**
 * Joins the parts of a statement and selects from one of them. A strict statement divides by zero unless as
 * many rows are there as its last parameter says: the only way for a statement to fail by itself, so that a
 * commit on its heels commits nothing.
 *
 * @param takes the parameters that the parts use
 */
export function counted(
  parts: readonly string[],
  source: string,
  columns: readonly string[],
  takes: FurtherParameters,
  isStrict: boolean,
): SetStatement {
  const start = `WITH ${parts.join(', ')}`
  if (!isStrict) return { text: `${start} SELECT ${columns.join(', ')} FROM ${source}`, takes }
  const expected = { nothing: 3, layout: 4, floors: 5 }[takes]
  return {
    text:
      `${start}, counted AS (SELECT count(*) AS rows FROM ${source}) ` +
      `SELECT ${columns.join(', ')} FROM counted LEFT JOIN ${source} ON true ` +
      `WHERE 1 / (CASE counted.rows WHEN $${expected}::bigint THEN 1 ELSE 0 END) = 1`,
    takes,
  }
}

/** What the server answers when a strict statement could not do all that was asked. */
export const UNMET = '22012'

/** A statement that fails unless the condition, a text with its own parameters, holds. */
export function required(condition: string): string {
  return `SELECT 1 / (CASE WHEN ${condition} THEN 1 ELSE 0 END)`
}
