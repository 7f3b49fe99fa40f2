import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { confirm } from '../src/output/confirmation.ts'
import { Output, type Terminal } from '../src/output/terminal.ts'

/** A terminal at which somebody types. */
function terminal(typed: string, isTTY: boolean): Terminal {
  const stdin = Object.assign(new PassThrough(), { isTTY })
  stdin.end(typed)
  const output = () => new Output(Object.assign(new PassThrough(), { isTTY, columns: 80 }))
  return { out: output(), err: output(), stdin, environment: {} }
}

test.each(['yes\n', 'y\n', 'YES\n'])('%j goes on', async (typed) => {
  await expect(confirm(terminal(typed, true), 'This replaces all.')).resolves.toBeUndefined()
})

test.each(['no\n', '\n', 'yesterday\n', ''])('%j changes nothing', async (typed) => {
  const asked = confirm(terminal(typed, true), 'This replaces all.')
  await expect(asked).rejects.toMatchObject({ message: 'nothing was changed', exitCode: 130 })
})

test('a question that is left without an answer ends its line', async () => {
  const left = terminal('', true)
  await expect(confirm(left, 'This replaces all.')).rejects.toThrow()
  expect(String((left.err.stream as PassThrough).read())).toMatch(/go on: .*\n$/s)
})

test('nobody is asked where there is no terminal', async () => {
  await expect(confirm(terminal('', false), 'This replaces all.')).resolves.toBeUndefined()
})
