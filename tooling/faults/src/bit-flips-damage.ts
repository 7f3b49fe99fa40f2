/** Ways of damaging the files of a store. */

import type { Files } from './bit-flips-directory.ts'
import { linesOf } from './bit-flips-plain-reader.ts'
import type { Random } from './random.ts'

/** Files after damage, and what was done to them. */
export interface Damaged {
  readonly label: string
  readonly files: Files
}

/** A single bit that was changed. */
export interface Flip extends Damaged {
  readonly file: string
  readonly position: number
}

/** Flips one bit of one file that is not empty. */
export function flipBit(files: Files, random: Random): Flip {
  const file = random.pick([...files].flatMap(([name, { length }]) => (length > 0 ? [name] : [])))
  const content = new Uint8Array(contentOf(files, file))
  const position = random.below(content.length)
  const bit = random.below(8)
  content[position] = (content[position] ?? 0) ^ (1 << bit)
  return {
    label: `bit ${bit} of byte ${position} of ${file}`,
    file,
    position,
    files: withFile(files, file, content),
  }
}

/** One of the ways in which whole lines and files go wrong. */
export function damage(files: Files, random: Random): Damaged {
  const file = random.pick([...files.keys()].filter((name) => name.endsWith('.jsonl')))
  const content = contentOf(files, file)
  const lines = linesOf(content)
  const line = random.below(lines.length)
  const { from, to } = lines[line] ?? { from: 0, to: 0 }
  const piece = content.subarray(from, to + 1)
  const replaced = (label: string, ...pieces: readonly Uint8Array[]): Damaged => ({
    label: `${label} of ${file}`,
    files: withFile(files, file, Buffer.concat(pieces)),
  })
  const kinds = [
    () => replaced(`cut at a byte`, content.subarray(0, random.below(content.length))),
    () => replaced(`cut behind line ${line}`, content.subarray(0, random.pick([from, to]))),
    () => replaced(`line ${line} twice`, content.subarray(0, to + 1), content.subarray(from)),
    () => replaced(`line ${line} gone`, content.subarray(0, from), content.subarray(to + 1)),
    () =>
      replaced(`line ${line} moved to the end`, content.subarray(0, from), content.subarray(to + 1), piece),
    () => swapLines(files, file, line),
    () => replaced(`a hole`, ...withHole(content, random)),
    () => withoutFile(files, file),
    () => swapFiles(files, file, random),
    () => replaced('a line of another file at the end', content, otherLine(files, file, random)),
    () => replaced('noise at the end', content, random.bytes(1 + random.below(100))),
  ]
  return random.pick(kinds)()
}

function swapLines(files: Files, file: string, line: number): Damaged {
  const content = contentOf(files, file)
  const lines = linesOf(content)
  const first = lines[line === lines.length - 1 ? line - 1 : line] ?? { from: 0, to: 0 }
  const second = lines.find(({ from }) => from === first.to + 1) ?? first
  const swapped = Buffer.concat([
    content.subarray(0, first.from),
    content.subarray(second.from, second.to + 1),
    content.subarray(first.from, first.to + 1),
    content.subarray(second.to + 1),
  ])
  return { label: `line ${line} and its neighbour swapped of ${file}`, files: withFile(files, file, swapped) }
}

/** A sector of zeros. */
function withHole(content: Uint8Array, random: Random): readonly Uint8Array[] {
  const from = 512 * random.below(Math.ceil(content.length / 512))
  const to = Math.min(content.length, from + 512)
  return [content.subarray(0, from), new Uint8Array(to - from), content.subarray(to)]
}

function withoutFile(files: Files, file: string): Damaged {
  return { label: `${file} gone`, files: new Map([...files].filter(([name]) => name !== file)) }
}

function swapFiles(files: Files, file: string, random: Random): Damaged {
  const other = random.pick([...files.keys()].filter((name) => name.endsWith('.jsonl') && name !== file))
  const once = withFile(files, file, contentOf(files, other))
  return { label: `${file} and ${other} swapped`, files: withFile(once, other, contentOf(files, file)) }
}

function otherLine(files: Files, file: string, random: Random): Uint8Array {
  const other = random.pick([...files.keys()].filter((name) => name.endsWith('.jsonl') && name !== file))
  const content = contentOf(files, other)
  const { from, to } = random.pick(linesOf(content))
  return content.subarray(from, to + 1)
}

function withFile(files: Files, name: string, content: Uint8Array): Files {
  return new Map([...files, [name, content]])
}

function contentOf(files: Files, name: string): Uint8Array {
  const content = files.get(name)
  if (content === undefined) throw new Error(`there is no file ${name}`)
  return content
}
