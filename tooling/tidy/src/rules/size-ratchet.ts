import * as z from 'zod'
import type { Rule } from '../rule.ts'
import { modulesOf, type SourceTree } from '../source-tree.ts'

/** Where the present exceptions are listed, with their size in lines. The list may only shrink. */
export const EXCEPTIONS_FILE = 'tooling/tidy/exceptions.json'

const MAX_FUNCTION_LINES = 70
const MAX_FILE_LINES = 400

/** Long files and functions, against the list of those that are there already. */
export const sizeRatchet: Rule = {
  title: `no file over ${MAX_FILE_LINES} lines, no function over ${MAX_FUNCTION_LINES}, but for a list that only shrinks`,
  check: (tree) => {
    const sizes = oversized(tree)
    const allowed = z.record(z.string(), z.number()).parse(JSON.parse(tree.get(EXCEPTIONS_FILE) ?? '{}'))
    const grown = [...sizes].flatMap(([what, lines]) => {
      const limit = allowed[what]
      if (limit === undefined) return [`${what}: ${lines} lines; split it by concept`]
      return lines > limit ? [`${what}: grew from ${limit} to ${lines} lines`] : []
    })
    const outdated = Object.entries(allowed).flatMap(([what, limit]) => {
      const lines = sizes.get(what)
      if (lines === undefined) return [`${EXCEPTIONS_FILE}: '${what}' needs no exception any more; remove it`]
      return lines < limit ? [`${EXCEPTIONS_FILE}: '${what}' shrank to ${lines} lines; lower it`] : []
    })
    return [...grown, ...outdated]
  },
}

function oversized(tree: SourceTree): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>()
  for (const module of modulesOf(tree)) {
    if (module.lines > MAX_FILE_LINES) sizes.set(module.path, module.lines)
    for (const { name, lines } of module.functions) {
      if (lines > MAX_FUNCTION_LINES) sizes.set(`${module.path}#${name}`, lines)
    }
  }
  return sizes
}
