import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createDatabase } from '@coffer-tooling/postgres'
import { sharedServer } from '@coffer-tooling/postgres/vitest'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildAll } from '../src/build.ts'
import { packAll } from '../src/pack.ts'
import { type Publishable, publishablePackages, ROOT } from '../src/publishable.ts'

const packages = publishablePackages()
const folder = mkdtempSync(join(tmpdir(), 'coffer-packaging-'))
const application = join(folder, 'application')
const coreAlone = join(folder, 'core-alone')
let tarballs: ReadonlyMap<string, string> = new Map()

/** An application knows nothing of this workspace: `NODE_PATH` would let it see what is installed here. */
const { NODE_PATH: _, ...environment } = process.env

function run(where: string, program: string, ...words: readonly string[]): string {
  return runWith({}, where, program, ...words)
}

function runWith(
  more: NodeJS.ProcessEnv,
  where: string,
  program: string,
  ...words: readonly string[]
): string {
  return execFileSync(program, words, {
    cwd: where,
    encoding: 'utf8',
    env: { ...environment, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** A fresh project outside of the workspace, with packed packages and others from the registry. */
function project(place: string, packed: readonly string[], others: Readonly<Record<string, string>>): void {
  mkdirSync(place)
  const local = packed.map((name) => [name, `file:${tarballs.get(name)}`])
  const dependencies = { ...Object.fromEntries(local), ...others }
  writeFileSync(join(place, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies }))
  run(place, 'npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error')
}

/** The version that the workspace has installed at its root. */
function installed(name: string): string {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8'))
  return version
}

/** What the packages leave to their users to install, the optional too: every door is opened here. */
function peers(): Readonly<Record<string, string>> {
  const manifests = packages.map(({ folder: place }) =>
    JSON.parse(readFileSync(join(place, 'package.json'), 'utf8')),
  )
  const all = manifests.flatMap(({ peerDependencies }) => Object.entries<string>(peerDependencies ?? {}))
  return Object.fromEntries(all.filter(([name]) => !name.startsWith('@coffer/')))
}

function unpacked(place: string, { name }: Publishable, path: string): string {
  return readFileSync(join(place, 'node_modules', name, path), 'utf8')
}

beforeAll(() => {
  buildAll(packages)
  tarballs = packAll(packages, folder)
  const others = { zod: installed('zod') }
  project(coreAlone, ['@coffer/core'], others)
  project(application, [...tarballs.keys()], {
    ...peers(),
    ...others,
    '@types/node': installed('@types/node'),
  })
}, 300_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.each(packages)('the tarball of $name', (each) => {
  it('is well-formed', async () => {
    const data = readFileSync(tarballs.get(each.name) ?? '')
    const tarball = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength)
    const { messages, pkg } = await publint({ pack: { tarball }, strict: true })
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([])
  })

  it('has its licence, its page, and no sources', () => {
    expect(unpacked(application, each, 'LICENSE')).toContain('MIT')
    expect(unpacked(application, each, 'README.md')).toContain(each.name)
    expect(existsSync(join(application, 'node_modules', each.name, 'src'))).toBe(false)
  })

  it('names versions, not places in the workspace', () => {
    const manifest = JSON.parse(unpacked(application, each, 'package.json'))
    expect(manifest.exports).toEqual(each.publishConfig.exports)
    expect(JSON.stringify(manifest.dependencies ?? {})).not.toMatch(/workspace:|catalog:/)
  })

  it('can be imported by every door', () => {
    for (const door of Object.keys(each.exports)) {
      const specifier = join(each.name, door)
      run(application, process.execPath, '--input-type=module', '-e', `await import('${specifier}')`)
    }
  })
})

describe('an application with the packed packages', () => {
  it('compiles under strict, declarations of the packages included, and runs', async () => {
    for (const source of ['../consumer/stores.ts', '../consumer/tsconfig.json']) {
      copyFileSync(join(import.meta.dirname, source), join(application, basename(source)))
    }
    run(application, join(ROOT, 'node_modules', '.bin', 'tsc'), '-p', 'tsconfig.json')
    // Types of the driver must not be needed: nobody would know to install them.
    expect(existsSync(join(application, 'node_modules', '@types', 'pg'))).toBe(false)
    await using database = await createDatabase(sharedServer())
    runWith({ DATABASE_URL: database.url }, application, process.execPath, 'stores.js')
    expect(existsSync(join(application, 'type.db'))).toBe(true)
    for (const directory of ['by-type', 'by-instance']) {
      expect(existsSync(join(application, directory, 'log-000001.jsonl'))).toBe(true)
    }
  })

  it('has the command', () => {
    expect(run(application, join(application, 'node_modules', '.bin', 'coffer'), '--help')).toContain(
      'coffer',
    )
  })
})

describe('an application with the core alone', () => {
  it('is told what to install for a backend that is missing', () => {
    const script = 'missing-backend.mjs'
    copyFileSync(join(import.meta.dirname, '../consumer/missing-backend.mjs'), join(coreAlone, script))
    run(coreAlone, process.execPath, script)
    expect(existsSync(join(coreAlone, 'node_modules', '@coffer', 'memory'))).toBe(false)
  })
})
