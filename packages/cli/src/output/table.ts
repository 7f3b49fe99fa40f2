/** Tables of text that fit the width of a terminal. */

import Table from 'cli-table3'
import stringWidth from 'string-width'

/** A column: its title, and to which side its cells go. */
export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** Whether its cells are never cut, for somebody copies them. Default: false. */
  readonly isWhole?: boolean
}

const GAP = '  '
/** A column is not made narrower than this to make room for others: a time stands whole in it. */
const LEAST_WIDTH = 24

/** How many of the columns can stand side by side in a width, from the first. */
export function fittingColumns(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): number {
  const least = naturalWidths(columns, rows).map((each) => Math.min(each, LEAST_WIDTH))
  let used = -GAP.length
  const first = least.findIndex((each) => {
    used += each + GAP.length
    return used > width
  })
  return Math.max(1, first === -1 ? columns.length : first)
}

/** Lays out a table without borders; cells that are too wide are cut with an ellipsis. */
export function layOut(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): string[] {
  const widths = shrunk(columns, naturalWidths(columns, rows), width)
  const table = new Table({
    chars: BORDERLESS,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
    colWidths: widths,
    colAligns: columns.map((column) => column.align ?? 'left'),
  })
  table.push(
    columns.map((column) => column.title),
    ...rows.map((row) => row.map(oneLine)),
  )
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
}

/** Text on one line, without what would steer a terminal. */
export function oneLine(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(
      /[\p{Cc}\p{Cf}]/gu,
      (control) => `\\u${control.codePointAt(0)?.toString(16).padStart(4, '0')}`,
    )
}

/** Text that is too wide ends in an ellipsis. */
export function cut(text: string, width: number): string {
  if (stringWidth(text) <= width) return text
  let kept = ''
  for (const character of text) {
    if (stringWidth(kept + character) >= width) break
    kept += character
  }
  return `${kept}…`
}

const BORDERLESS = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
  ]
    .map((name) => [name, ''])
    .concat([['middle', GAP]]),
)

function naturalWidths(columns: readonly Column[], rows: readonly (readonly string[])[]): number[] {
  return columns.map((column, position) =>
    Math.max(stringWidth(column.title), ...rows.map((row) => stringWidth(oneLine(row[position] ?? '')))),
  )
}

/** Takes from the widest column that may be cut until all fit. */
function shrunk(columns: readonly Column[], natural: readonly number[], width: number): number[] {
  const widths = natural.map((each) => Math.max(1, each))
  const room = width - GAP.length * (widths.length - 1)
  for (let over = widths.reduce((sum, each) => sum + each, 0) - room; over > 0; over--) {
    const most = Math.max(...widths.filter((_width, position) => columns[position]?.isWhole !== true))
    if (most <= 1) break
    const widest = widths.findIndex((each, position) => each === most && columns[position]?.isWhole !== true)
    widths[widest] = most - 1
  }
  return widths
}
