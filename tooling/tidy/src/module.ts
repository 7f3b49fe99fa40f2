/** One source file as the rules see it: what it imports and exports, its literals, functions and comments. */

import { type Comment, type ParseResult, parseSync, Visitor } from 'oxc-parser'

/** A place that says something: a literal, a comment, a word that is banned. */
export interface Mark {
  readonly text: string
  /** From 1. */
  readonly line: number
}

/** A function with a body. */
export interface FunctionSpan {
  /** Its own name, that of what it is assigned to, or the words of the call that it is passed to. */
  readonly name: string
  readonly line: number
  readonly lines: number
}

/** A name that a file offers to others. */
export interface Export {
  /** `default`, or `*` for `export *`. */
  readonly name: string
  /** The name inside the file it is declared in. */
  readonly local: string
  /** Where it comes from, when it is only passed on. */
  readonly from: string | undefined
  readonly line: number
}

export interface Module {
  readonly path: string
  readonly text: string
  readonly lines: number
  /** What is imported, re-exported, imported at run time by a literal, or named in an `import()` type. */
  readonly imports: readonly Mark[]
  readonly exports: readonly Export[]
  /** Names that the file imports, with the specifier they come from and their name there. */
  readonly bindings: ReadonlyMap<string, { readonly from: string; readonly name: string }>
  /** String literals and the fixed parts of templates. */
  readonly literals: readonly Mark[]
  readonly comments: readonly Mark[]
  readonly functions: readonly FunctionSpan[]
  /** Lines with the type `any`. */
  readonly anyTypes: readonly number[]
  /** Calls such as `it.only(…)`, as `it.only`. */
  readonly memberCalls: readonly Mark[]
  /** Names declared at the top level that have a TSDoc comment. */
  readonly documented: ReadonlySet<string>
}

type Node = { readonly type: string; readonly start: number; readonly end: number }

/** Parses a file. Throws when it is not valid TypeScript. */
export function parseModule(path: string, text: string): Module {
  const result = parseSync(path, text)
  if (result.errors.length > 0) throw new Error(`${path}: ${result.errors[0]?.message}`)
  const lineOf = lineFinder(text)
  return {
    path,
    text,
    lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
    comments: result.comments.map((comment) => ({ text: comment.value, line: lineOf(comment.start) })),
    documented: documentedNames(result, text),
    ...linksOf(result, lineOf),
    ...walk(result, text, lineOf),
  }
}

function lineFinder(text: string): (offset: number) => number {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return (offset) => {
    let low = 0
    let high = starts.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle
    }
    return low + 1
  }
}

function linksOf(
  { module }: ParseResult,
  lineOf: (offset: number) => number,
): Pick<Module, 'exports' | 'bindings'> {
  const exports: Export[] = []
  const bindings = new Map<string, { from: string; name: string }>()
  for (const statement of module.staticImports) {
    for (const entry of statement.entries) {
      const name = entry.importName.name ?? (entry.importName.kind === 'Default' ? 'default' : '*')
      bindings.set(entry.localName.value, { from: statement.moduleRequest.value, name })
    }
  }
  for (const statement of module.staticExports) {
    for (const entry of statement.entries) {
      const name = entry.exportName.name ?? (entry.exportName.kind === 'Default' ? 'default' : '*')
      const local = (entry.moduleRequest === null ? entry.localName.name : entry.importName.name) ?? name
      exports.push({ name, local, from: entry.moduleRequest?.value, line: lineOf(entry.start) })
    }
  }
  return { exports, bindings }
}

/** Collects what needs a look at every node. */
function walk(
  { program }: ParseResult,
  text: string,
  lineOf: (offset: number) => number,
): Pick<Module, 'imports' | 'literals' | 'functions' | 'anyTypes' | 'memberCalls'> {
  const imports: Mark[] = []
  const literals: Mark[] = []
  const functions: FunctionSpan[] = []
  const anyTypes: number[] = []
  const memberCalls: Mark[] = []
  const names = new Map<number, string>()
  const importOf = (source: (Node & { readonly value?: unknown }) | null) => {
    if (typeof source?.value === 'string') imports.push({ text: source.value, line: lineOf(source.start) })
  }
  const name = (value: Node | null | undefined, called: string) => {
    if (value != null) names.set(value.start, called)
  }
  const body = (node: Node & { readonly body?: unknown }, own?: string) => {
    const called = own ?? names.get(node.start) ?? `function in line ${lineOf(node.start)}`
    if (node.body == null || called === SUITE) return
    const line = lineOf(node.start)
    functions.push({ name: called, line, lines: lineOf(node.end) - line + 1 })
  }
  new Visitor({
    ImportDeclaration: (node) => importOf(node.source),
    ExportNamedDeclaration: (node) => importOf(node.source),
    ExportAllDeclaration: (node) => importOf(node.source),
    ImportExpression: (node) => importOf(node.source),
    TSImportType: (node) => importOf(node.source),
    Literal: (node) => {
      if (typeof node.value === 'string') literals.push({ text: node.value, line: lineOf(node.start) })
    },
    TemplateElement: (node) => {
      literals.push({ text: node.value.cooked ?? node.value.raw, line: lineOf(node.start) })
    },
    TSAnyKeyword: (node) => {
      anyTypes.push(lineOf(node.start))
    },
    VariableDeclarator: (node) => name(node.init, text.slice(node.id.start, node.id.end).split(':')[0] ?? ''),
    Property: (node) => name(node.value, text.slice(node.key.start, node.key.end)),
    PropertyDefinition: (node) => name(node.value, text.slice(node.key.start, node.key.end)),
    MethodDefinition: (node) => name(node.value, text.slice(node.key.start, node.key.end)),
    CallExpression: (node) => {
      const callee = text.slice(node.callee.start, node.callee.end)
      if (node.callee.type === 'MemberExpression') {
        memberCalls.push({ text: callee, line: lineOf(node.start) })
      }
      const suite = /^(?:describe|suite)\b/.test(callee)
      const title = node.arguments[0]?.type === 'Literal' ? String(node.arguments[0].value) : callee
      for (const argument of node.arguments) name(argument, suite ? SUITE : title)
    },
    FunctionDeclaration: (node) => body(node, node.id?.name),
    FunctionExpression: (node) => body(node, node.id?.name),
    ArrowFunctionExpression: (node) => body(node),
  }).visit(program)
  return { imports, literals, functions, anyTypes, memberCalls }
}

/** The callback of `describe` is a chapter, not a function. */
const SUITE = '(suite)'

function documentedNames({ program, comments }: ParseResult, text: string): ReadonlySet<string> {
  const documented = new Set<string>()
  for (const statement of program.body) {
    if (!hasDocumentation(statement, comments, text)) continue
    const declaration =
      statement.type === 'ExportNamedDeclaration' && statement.declaration !== null
        ? statement.declaration
        : statement
    if (declaration.type === 'VariableDeclaration') {
      for (const each of declaration.declarations)
        if (each.id.type === 'Identifier') documented.add(each.id.name)
    } else if ('id' in declaration && declaration.id?.type === 'Identifier') {
      documented.add(declaration.id.name)
    }
  }
  return documented
}

/** True when a `/** … *\/` stands right before the statement. A module header, with a blank line after it, is not its. */
function hasDocumentation(statement: Node, comments: readonly Comment[], text: string): boolean {
  return comments.some((comment) => {
    if (comment.type !== 'Block' || !comment.value.startsWith('*') || comment.end > statement.start)
      return false
    const between = text.slice(comment.end, statement.start)
    return (
      /^\s*$/.test(between) && (between.match(/\n/g)?.length ?? 0) <= 1 && /[\p{L}\p{N}]/u.test(comment.value)
    )
  })
}
