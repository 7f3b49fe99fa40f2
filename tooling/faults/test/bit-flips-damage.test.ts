import { describe, expect, it } from 'vitest'
import { damage, flipBit } from '../src/bit-flips-damage.ts'
import type { Files } from '../src/bit-flips-directory.ts'
import { linesOf, provenEnd, readPlainly } from '../src/bit-flips-plain-reader.ts'
import { randomFrom } from '../src/random.ts'

const lines = (...texts: readonly string[]) => Buffer.from(texts.map((text) => `${text}\n`).join(''))

const files: Files = new Map([
  ['lock', new Uint8Array()],
  [
    'snapshot-000002.jsonl',
    lines(
      '1 {"number":2}',
      '1 {"put":"notes","id":"a","version":1,"record":{"text":"old"}}',
      '1 {"end":true}',
    ),
  ],
  [
    'log-000002.jsonl',
    lines(
      '1 {"commit":2,"put":"notes","id":"a","version":2,"record":{"text":"new"}}',
      '1 {"commit":3,"changes":[{"put":"notes","id":"b","version":1,"record":{}},{"remove":"notes","id":"a"}]}',
    ),
  ],
])

describe('damage to the files of a store', () => {
  it('flips exactly one bit, of a file that is not empty', () => {
    const flipped = new Set<string>()
    for (let seed = 0; seed < 200; seed++) {
      const { file, position, files: after } = flipBit(files, randomFrom(seed))
      flipped.add(file)
      for (const [name, before] of files) {
        const differences = [...before].flatMap((byte, at) => {
          const bits = (byte ^ (after.get(name)?.[at] ?? 0)).toString(2).replaceAll('0', '').length
          return bits === 0 ? [] : [[at, bits]]
        })
        expect(differences).toEqual(name === file ? [[position, 1]] : [])
      }
    }
    expect([...flipped].sort()).toEqual(['log-000002.jsonl', 'snapshot-000002.jsonl'])
  })

  it('damages whole lines and files in every way, and leaves the files that it was given alone', () => {
    const before = new Map([...files].map(([name, content]) => [name, content.slice()]))
    const kinds = new Set<string>()
    for (let seed = 0; seed < 300; seed++) {
      const { label } = damage(files, randomFrom(seed))
      kinds.add(label.replace(/\S+\.jsonl|\d+/g, '…'))
    }
    expect([...kinds].sort()).toEqual([
      'a hole of …',
      'a line of another file at the end of …',
      'cut at a byte of …',
      'cut behind line … of …',
      'line … and its neighbour swapped of …',
      'line … gone of …',
      'line … moved to the end of …',
      'line … twice of …',
      'noise at the end of …',
      '… and … swapped',
      '… gone',
    ])
    for (const [name, content] of before)
      expect(Buffer.from(files.get(name) ?? []).equals(content)).toBe(true)
  })

  it('may look like a torn end behind the last commit that a later line says to be durable', () => {
    const log = lines('1 {"number":1}', '1 {"commit":1}', '1 {"commit":2,"synced":1}', '1 {"commit":3}')
    const [, first] = linesOf(log)
    expect(provenEnd(new Map([['log-000001.jsonl', log]]))).toEqual({
      file: 'log-000001.jsonl',
      end: (first?.to ?? 0) + 1,
    })
  })

  it('is read over by a plain reader, which passes over the lines that it is told', () => {
    expect([...readPlainly(files)]).toEqual([['notes/b', { version: 1, record: {} }]])
    const [, second] = linesOf(files.get('log-000002.jsonl') ?? new Uint8Array())
    const rows = readPlainly(files, (file, line) => file === 'log-000002.jsonl' && line.from === second?.from)
    expect([...rows]).toEqual([['notes/a', { version: 2, record: { text: 'new' } }]])
  })
})
