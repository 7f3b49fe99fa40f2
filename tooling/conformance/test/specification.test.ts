import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { specification } from '../src/specification.ts'

it('SPEC.md says what the suite proves; `pnpm specification` writes it anew', () => {
  expect(readFileSync(new URL('../../../SPEC.md', import.meta.url), 'utf8')).toBe(specification())
})
