import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { progressOn } from '../src/output/progress.ts'
import { Output } from '../src/output/terminal.ts'

test('a bar says what is done and fits the terminal', () => {
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 50 })
  const progress = progressOn(new Output(stream), 100)
  progress.update(50, '1 run')
  progress.hide()
  const drawn = stripVTControlCharacters(String(stream.read()))
  expect(drawn).toMatch(/50% {2}1 run(?!s)/)
  expect(Math.max(...drawn.split(/[\r\n]/).map((line) => line.length))).toBeLessThanOrEqual(50)
})
