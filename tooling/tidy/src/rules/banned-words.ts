import type { Module } from '../module.ts'
import type { Rule } from '../rule.ts'
import { modulesOf } from '../source-tree.ts'

/** Files that a tool reads by their default export. */
const CONFIG_FILE = /(?:\.config\.ts|^vitest\.workspace\.ts)$/

const COMPILER_SILENCED = new RegExp(['@ts-', '(?:ignore|nocheck)'].join(''))
const UNFINISHED = new RegExp(
  `\\b(?:${['TO', 'FIX'].map((start, at) => start + ['DO', 'ME'][at]).join('|')}|XXX|HACK)\\b`,
)
const RUNNER_CALL = /^(?:it|test|describe|suite|bench)(?:\.\w+)*\.(only|skip|todo|skipIf|runIf)$/

/** Constructs that the house does without, each with what to write instead. */
export const bannedWords: Rule = {
  title: 'no any, no silenced compiler, no default export, no export *, no unfinished work, no skipped test',
  check: (tree) => modulesOf(tree).flatMap(bannedIn),
}

function bannedIn(module: Module): readonly string[] {
  const { path } = module
  return [
    ...module.anyTypes.map((line) => `${path}:${line}: 'any': use 'unknown' and parse, or a type parameter`),
    ...module.comments.flatMap(({ text, line }) => [
      ...(COMPILER_SILENCED.test(text)
        ? [`${path}:${line}: silences the compiler: repair the type, or expect the error in a test`]
        : []),
      ...(UNFINISHED.test(text)
        ? [`${path}:${line}: unfinished: do it now, or say what is not supported`]
        : []),
    ]),
    ...module.exports.flatMap(({ name, line }) => {
      if (name === '*') return [`${path}:${line}: 'export *': name what is exported`]
      if (name !== 'default' || CONFIG_FILE.test(path)) return []
      return [`${path}:${line}: default export: export it by its name`]
    }),
    ...module.memberCalls.flatMap(({ text, line }) => {
      const word = RUNNER_CALL.exec(text)?.[1]
      return word === undefined ? [] : [`${path}:${line}: '.${word}': every test runs, or is deleted`]
    }),
  ]
}
