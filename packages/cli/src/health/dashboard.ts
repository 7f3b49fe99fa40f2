/** What a person sees of a store's health, as lines. */

import { inWordsOfCommands } from '../failure.ts'
import { bytesOf } from '../output/bytes.ts'
import { counted, grouped } from '../output/numbers.ts'
import { cut, layOut, oneLine } from '../output/table.ts'
import type { Output, Style } from '../output/terminal.ts'
import { wrapped } from '../output/wrapped.ts'
import { loadOf } from './load.ts'
import { rowsOf, type Sample, type Samples, stateOf, troublesOf } from './sample.ts'

/** Tables that are shown at once; the largest come first. */
const MAX_TABLES = 12
/** Lines of what deserves attention; `coffer doctor` has room for all. */
const MAX_ATTENTION = 6
/** What stands around tables: an empty line, the titles, and how many more there are. */
const AROUND_TABLES = 3
/** The margin that names what a line is about. */
const MARGIN = 7

/**
 * The dashboard: how it answers, what it is busy with, what deserves attention, and how much it holds.
 *
 * @param rows the most lines that there may be; tables give way first
 */
export function dashboard(
  out: Output,
  store: string,
  samples: Samples,
  rows = Number.POSITIVE_INFINITY,
): readonly string[] {
  const { latest } = samples
  if (latest === undefined) return []
  const above = [
    ...headline(out, store, latest),
    ...(latest.health.ok ? ['', ...answers(out, samples), ...load(out, samples), ...size(out, samples)] : []),
    ...attention(out, latest),
  ]
  const room = Math.min(MAX_TABLES, rows - above.length - AROUND_TABLES)
  return [...above, ...(latest.health.ok && room > 0 ? tables(out, samples, room) : [])].slice(0, rows)
}

/** One look on one line, for a log: nothing is wrapped. */
export function lineOf(sample: Sample): string {
  const { health, inspection, openMs, at } = sample
  const { readMs, writeMs, failure } = health
  const troubles = troublesOf(sample).map(({ topic, says }) => `${topic}: ${says}`)
  return oneLine(
    [
      new Date(at).toISOString(),
      stateOf(sample),
      ...(readMs === null ? [] : [`read ${milliseconds(readMs)}`]),
      ...(writeMs === null ? [] : [`write ${milliseconds(writeMs)}`]),
      ...(health.ok ? [`open ${milliseconds(openMs)}`] : []),
      ...(typeof inspection?.bytes === 'number' ? [bytesOf(inspection.bytes)] : []),
      ...(failure === undefined ? [] : [`${failure.code}: ${inWordsOfCommands(failure.message)}`]),
      ...troubles,
    ].join(', '),
  )
}

function headline(out: Output, store: string, sample: Sample): readonly string[] {
  const { health, inspection, at } = sample
  const time = `${new Date(at).toISOString().slice(11, 19)}Z`
  const state = stateOf(sample)
  const rest = [time, inspection?.engine ?? health.backend, oneLine(store)].join('  ')
  return [
    `${out.styled(state === 'ok' ? 'green' : 'red', state)}  ${cut(rest, Math.max(1, out.width - state.length - 2))}`,
  ]
}

function answers(out: Output, samples: Samples): readonly string[] {
  const lines = [
    ['read', samples.spread(({ health }) => health.readMs)],
    ['write', samples.spread(({ health }) => health.writeMs)],
    ['open', samples.spread(({ health, openMs }) => (health.ok ? openMs : null))],
  ] as const
  return lines.flatMap(([name, spread]) => {
    if (spread === undefined) return []
    const [least, median, most] = spread.map(milliseconds)
    const between = least === most ? '' : `  (${least} to ${most})`
    return [cut(`${name.padEnd(MARGIN)}${median}${between}`, out.width)]
  })
}

function load(out: Output, samples: Samples): readonly string[] {
  const phrases = loadOf(samples)
  if (phrases.length === 0) return []
  const lines = wrapped(phrases.join(', '), out.width - MARGIN)
  return lines.map((line, position) => cut((position === 0 ? 'load' : '').padEnd(MARGIN) + line, out.width))
}

function size(out: Output, samples: Samples): readonly string[] {
  const bytes = samples.latest?.inspection?.bytes ?? null
  if (bytes === null) return []
  const growth = samples.perSecond((sample) => sample.inspection?.bytes)
  return [cut(`${'size'.padEnd(MARGIN)}${bytesOf(bytes)}  ${grownBy(growth, bytesOf)}`.trimEnd(), out.width)]
}

function tables(out: Output, samples: Samples, room: number): readonly string[] {
  const filled = (samples.latest?.inspection?.sizes ?? [])
    .filter(({ rows }) => rows > 0)
    .toSorted((one, other) => other.rows - one.rows)
  if (filled.length === 0) return []
  const cells = filled.slice(0, room).map(({ layout, rows, isEstimate, bytes }) => {
    const growth = grownBy(samples.perSecond(rowsOf(layout)), (rows) => grouped(Math.round(rows)))
    const count = `${isEstimate ? '~' : ''}${grouped(rows)}`
    return [layout, count, growth, bytes === null ? '-' : bytesOf(bytes)]
  })
  const columns = ['rows', '', 'size'].map((title) => ({ title, align: 'right' as const }))
  const [head = '', ...body] = layOut([{ title: 'table' }, ...columns], cells, out.width)
  const more = filled.length - cells.length
  return [
    '',
    out.styled('dim', head),
    ...body,
    ...(more > 0 ? [out.styled('dim', cut(`… and ${more} more`, out.width))] : []),
  ]
}

/** How much is added a second; nothing while that is not known. */
function grownBy(growth: number | undefined, shown: (amount: number) => string): string {
  return growth === undefined ? '' : `${growth < 0 ? '-' : '+'}${shown(Math.abs(growth))}/s`
}

function attention(out: Output, sample: Sample): readonly string[] {
  const { failure } = sample.health
  const told: readonly { readonly style: Style; readonly text: string }[] = [
    ...(failure === undefined
      ? []
      : [{ style: 'red', text: `${failure.code}: ${inWordsOfCommands(failure.message)}` } as const]),
    ...troublesOf(sample).map(({ state, topic, says }) => ({
      style: state === 'bad' ? ('red' as const) : ('yellow' as const),
      text: `${topic}: ${says}`,
    })),
  ]
  const lines = told.flatMap(({ style, text }) =>
    wrapped(text, out.width).map((line) => out.styled(style, cut(line, out.width))),
  )
  if (lines.length === 0) return []
  if (lines.length <= MAX_ATTENTION) return ['', ...lines]
  const more = counted(lines.length - MAX_ATTENTION + 1, 'more line')
  return ['', ...lines.slice(0, MAX_ATTENTION - 1), cut(`… ${more}: coffer doctor tells all`, out.width)]
}

/** 0.4123 → `0.41 ms`. */
function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(2) : Math.round(value)} ms`
}
