/** Lines: what is written is read, and no single bit can change unnoticed. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkLine } from '../src/line.ts'
import { encodeLine, LineBuffer } from '../src/line-buffer.ts'

const jsonText = fc.json({ maxDepth: 2 })

function read(line: Buffer): string | undefined {
  const text = checkLine(line, 0, line.length - 1)
  return text && line.toString('utf8', text.from, text.to)
}

test('a line is checksum, length in bytes, and text', () => {
  // The check value that every description of CRC-32 names.
  expect(encodeLine('123456789').toString()).toBe('cbf43926 9 123456789\n')
  expect(encodeLine('"ä"').toString().split(' ')[1]).toBe('4')
})

test('what was written is read', () => {
  fc.assert(fc.property(jsonText, (json) => read(encodeLine(json)) === json))
})

test('a text whose bytes are more digits than its letters is a line like any other', () => {
  for (const count of [4, 5, 49, 50, 98, 99, 499, 999, 5_000, 70_000]) {
    const json = JSON.stringify('ä'.repeat(count))
    expect(read(encodeLine(json))).toBe(json)
  }
})

test('lines stand one behind the other, in a buffer that grows', () => {
  const lines = new LineBuffer()
  const texts = Array.from({ length: 3_000 }, (_each, index) => JSON.stringify('€'.repeat(index % 90)))
  for (const text of texts) lines.add(text)
  const found = lines.bytes.toString().split('\n').slice(0, -1)
  expect(found).toEqual(texts.map((text) => encodeLine(text).toString().slice(0, -1)))
  lines.clear()
  lines.add('1')
  expect(lines.bytes).toEqual(encodeLine('1'))
})

test('a line with any bit flipped is not whole', () => {
  const line = encodeLine('{"commit":7,"put":"notes","id":"ä"}')
  for (let bit = 0; bit < (line.length - 1) * 8; bit++) {
    const flipped = Buffer.from(line)
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    expect(read(flipped)).toBeUndefined()
  }
})

test('a line cut anywhere is not whole', () => {
  const line = encodeLine('{"commit":7}')
  for (let length = 0; length < line.length - 1; length++) {
    expect(checkLine(line.subarray(0, length), 0, length)).toBeUndefined()
  }
})
