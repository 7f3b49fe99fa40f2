/** How the demo speaks: numbered steps, the code of each and its result, in 80 columns. */

import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

const COLUMNS = 80
const MARGIN = '   '
const GAP = '  '

let steps = 0

/** Begins a step: its title, and the code that it runs. */
export function step(title: string, ...code: readonly string[]): void {
  steps++
  if (steps > 1) print('')
  print(`${styled('cyan', String(steps))}  ${styled('bold', title)}`)
  for (const line of code) print(styled('dim', `${MARGIN}${line}`))
}

/** A result as it should be. */
export function good(text: string): void {
  print(`${MARGIN}${styled('green', '✓')} ${text}`)
}

/** A result as it should not be: the process will say so too. */
export function bad(text: string): void {
  print(`${MARGIN}${styled('red', '✗')} ${text}`)
  process.exitCode = 1
}

/** A remark. */
export function say(text: string): void {
  print(`${MARGIN}  ${text}`)
}

/** Rows with their columns aligned; what does not fit is cut. */
export function table(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_cell, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  for (const row of rows) {
    const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0))
    const line = `${MARGIN}  ${cells.join(GAP)}`.trimEnd()
    print(line.length > COLUMNS ? `${line.slice(0, COLUMNS - 1)}…` : line)
  }
}

/** The end: what to try next. */
export function end(commands: readonly string[]): void {
  print('')
  print(styled('bold', 'Try it yourself'))
  for (const command of commands) print(`${MARGIN}${command}`)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout })
}
