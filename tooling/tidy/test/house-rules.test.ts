import { describe, expect, it } from 'vitest'
import { rules } from '../src/rules.ts'
import { listByWalking, ROOT, readTree } from '../src/source-tree.ts'

const tree = readTree(ROOT)

describe('the house rules hold', () => {
  it.each(rules)('$title', ({ check }) => {
    expect(check(tree)).toEqual([])
  })
})

describe('the tree that is looked at', () => {
  it('holds sources, tests, pages and package.json files', () => {
    for (const path of [
      'package.json',
      'packages/core/src/index.ts',
      'packages/core/package.json',
      'tooling/tidy/test/house-rules.test.ts',
      'CONTRIBUTING.md',
      '.ci/run',
    ]) {
      expect(tree.has(path), path).toBe(true)
    }
  })

  it('is found by walking too, where there is no repository', () => {
    const walked = new Set(listByWalking(ROOT))
    expect([...tree.keys()].filter((path) => !walked.has(path))).toEqual([])
    expect([...walked].filter((path) => path.includes('node_modules/'))).toEqual([])
  })
})
