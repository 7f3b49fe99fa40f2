/** What an archive says of itself: its last member, `manifest.json`. */

import { canonicalJson, StoreError, sha256 } from '@coffer/core'
import { compareText } from '@coffer/core/backend'
import * as z from 'zod'
import { EXTENSIONS } from './compression.ts'
import { layoutSchema } from './layout-schema.ts'

/** The name of the member. */
export const MANIFEST = 'manifest.json'

/** The format that this release writes, and the only one that it reads. */
export const FORMAT_VERSION = 1

/** What a chunk of several rows comes to at most, in bytes before it is compressed. */
export const CHUNK_BYTES = 4 * 1_024 * 1_024
/** What a chunk of one row comes to at most: a document of the largest size that a store takes, and its keys. */
export const MAX_CHUNK_BYTES = 320 * 1_024 * 1_024
/** What a manifest comes to at most: several hundred gigabytes of rows. */
export const MAX_MANIFEST_BYTES = 128 * 1_024 * 1_024

const count = z.int().min(0)
const sha = z.string().regex(/^[0-9a-f]{64}$/)

const chunkSchema = z.strictObject({
  name: z.string(),
  /** As it stands in the archive. */
  bytes: z
    .int()
    .min(1)
    .max(MAX_CHUNK_BYTES * 2),
  expandedBytes: z.int().min(1).max(MAX_CHUNK_BYTES),
  /** Lines: rows, or floors. */
  rows: z.int().min(1),
  sha256: sha,
  expandedSha256: sha,
})

const layoutEntry = z.strictObject({
  layout: layoutSchema,
  stale: z.boolean(),
  rows: count,
  tenants: count,
  floors: count,
  rowsHash: sha,
  floorsHash: sha,
  chunks: z.array(chunkSchema),
})

const head = z.tuple([z.string(), z.string(), z.number().nullable(), z.string().nullable()])

const manifestSchema = z.strictObject({
  format: z.literal('coffer-backup'),
  formatVersion: z.literal(FORMAT_VERSION),
  /** The release of Coffer that wrote it. */
  release: z.string(),
  /** By the clock of the store. */
  createdAt: z.iso.datetime({ precision: 3 }),
  backend: z.string(),
  compression: z.enum(['zstd', 'gzip', 'none']),
  contentHash: sha,
  logs: z.array(
    z.strictObject({ log: z.string(), streams: count, digest: sha, heads: z.array(head).optional() }),
  ),
  layouts: z.array(layoutEntry),
  /** Over all the others. */
  digest: sha,
})

/** What an archive says of itself. */
export type Manifest = z.output<typeof manifestSchema>
/** What is said of one layout. */
export type ManifestLayout = Manifest['layouts'][number]
/** What is said of one chunk. */
export type Chunk = z.output<typeof chunkSchema>

/** The digest that a manifest carries of the rest of itself. */
function digestOf(manifest: Omit<Manifest, 'digest'>): string {
  return sha256(canonicalJson({ coffer: 'backup-manifest/1', manifest }))
}

/**
 * The member's text.
 *
 * @param maxBytes what a reader takes
 * @throws `LIMIT_EXCEEDED` for one that no reader would take
 */
export function manifestText(manifest: Omit<Manifest, 'digest'>, maxBytes = MAX_MANIFEST_BYTES): string {
  const text = textOf(manifest)
  if (Buffer.byteLength(text) <= maxBytes) return text
  throw new StoreError(
    'LIMIT_EXCEEDED',
    'the store is too large for one archive: make a native backup, or copy it onto another place',
  )
}

function textOf(manifest: Omit<Manifest, 'digest'>): string {
  return `${JSON.stringify({ ...manifest, digest: digestOf(manifest) }, undefined, 1)}\n`
}

/**
 * Reads the member's text; nothing that this release would not have written itself gets through.
 *
 * @param refuse throws for what is damaged
 */
export function parseManifest(text: string, refuse: (problem: string) => never): Manifest {
  let found: unknown
  try {
    found = JSON.parse(text)
  } catch {
    refuse('the manifest is not JSON')
  }
  const { format, formatVersion, release } = Object(found) as Partial<Record<string, unknown>>
  if (format !== 'coffer-backup') refuse('the manifest is none of Coffer')
  if (Number.isSafeInteger(formatVersion) && (formatVersion as number) > FORMAT_VERSION) {
    const by = typeof release === 'string' && /^[\w.-]{1,40}$/.test(release) ? ` (written by ${release})` : ''
    throw new StoreError(
      'UNSUPPORTED',
      `the archive has format ${formatVersion}${by}, this release reads ${FORMAT_VERSION}: update Coffer`,
    )
  }
  const parsed = manifestSchema.safeParse(found)
  if (!parsed.success) {
    const path = parsed.error.issues[0]?.path.map(String).join('.') ?? ''
    return refuse(`the manifest does not make sense${path === '' ? '' : ` at ${path}`}`)
  }
  const { digest, ...rest } = parsed.data
  if (digest !== digestOf(rest) || textOf(rest) !== text) {
    refuse('the manifest does not match its own digest')
  }
  checkOrder(parsed.data, refuse)
  return parsed.data
}

/** Members have one order only, and names that follow from it. */
function checkOrder({ layouts, compression }: Manifest, refuse: (problem: string) => never): void {
  let last = ''
  for (const { layout, chunks, rows, floors } of layouts) {
    if (last !== '' && compareText(last, layout.name) >= 0) refuse('layouts are not in their order')
    last = layout.name
    const ofRows = chunks.filter(({ name }) => name.startsWith('rows/'))
    const ofFloors = chunks.slice(ofRows.length)
    const expected = [
      ...ofRows.map((_chunk, position) => chunkName('rows', layout.name, position, EXTENSIONS[compression])),
      ...ofFloors.map((_chunk, position) =>
        chunkName('floors', layout.name, position, EXTENSIONS[compression]),
      ),
    ]
    if (chunks.some(({ name }, position) => name !== expected[position])) {
      refuse(`the chunks of ${layout.name} are not in their order`)
    }
    if (linesOf(ofRows) !== rows || linesOf(ofFloors) !== floors) {
      refuse(`the chunks of ${layout.name} do not add up`)
    }
    if (chunks.some((chunk) => chunk.rows > 1 && chunk.expandedBytes > CHUNK_BYTES)) {
      refuse(`a chunk of ${layout.name} is larger than there are any`)
    }
  }
}

function linesOf(chunks: readonly Chunk[]): number {
  return chunks.reduce((sum, { rows }) => sum + rows, 0)
}

/** The name of a chunk by its position, from 0. */
export function chunkName(
  folder: 'rows' | 'floors',
  layout: string,
  position: number,
  extension: string,
): string {
  return `${folder}/${layout}/${String(position + 1).padStart(6, '0')}${extension}`
}
