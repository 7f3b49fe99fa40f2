/** Proves an archive, from its first bit to its last, without any store. */

import { canonicalJson } from '@coffer/core'
import { chunksOf } from './archive-lines.ts'
import { ArchiveReader } from './archive-reader.ts'
import { hashOfContents, type LayoutDigest, LayoutDigester } from './content-digest.ts'
import { heldLayout } from './layout-schema.ts'
import { HeadCollector, headLayouts, type LogHeads } from './log-heads.ts'
import type { Manifest, ManifestLayout } from './manifest.ts'

/** How far the reading of an archive has come. */
export interface ArchiveProgress {
  /** Bytes of the archive that were read. */
  readonly bytes: number
  /** Bytes of the whole archive. */
  readonly totalBytes: number
  readonly rows: number
}

/** What `verifyArchive` takes. */
export interface VerifyArchiveOptions {
  readonly onProgress?: (progress: ArchiveProgress) => void
  readonly signal?: AbortSignal
}

/** What an archive that is in order says of itself. */
export interface ArchiveSummary {
  /** The release of Coffer that wrote it. */
  readonly release: string
  /** By the clock of the store that it was made of. */
  readonly createdAt: Date
  /** The backend that it was made of. */
  readonly backend: string
  readonly compression: string
  readonly bytes: number
  /** Rows of all layouts, in whatever state. */
  readonly rows: number
  readonly layouts: readonly {
    readonly name: string
    readonly rows: number
    readonly tenants: number
    readonly stale: boolean
  }[]
  /** The heads of logs, to be compared with what was kept elsewhere. */
  readonly logs: readonly LogHeads[]
  /** As `contentHash` of a store that holds the same. */
  readonly contentHash: string
}

/** What the manifest of an archive says. */
export function summaryOf({ manifest, bytes }: ArchiveReader): ArchiveSummary {
  const { release, createdAt, backend, compression, contentHash, layouts } = manifest
  return {
    release,
    createdAt: new Date(createdAt),
    backend,
    compression,
    bytes,
    rows: layouts.reduce((sum, { rows }) => sum + rows, 0),
    layouts: layouts.map(({ layout, rows, tenants, stale }) => ({ name: layout.name, rows, tenants, stale })),
    logs: logsOf(manifest),
    contentHash,
  }
}

function logsOf({ logs }: Manifest): readonly LogHeads[] {
  return logs.map(({ heads, ...rest }) => ({ ...rest, ...(heads !== undefined && { heads }) }))
}

/**
 * Reads an archive's frame and its manifest, but not its rows: quick, and enough to tell a cut or a foreign file.
 *
 * @throws as `verifyArchive`
 */
export async function readManifest(path: string): Promise<ArchiveSummary> {
  await using archive = await ArchiveReader.open(path)
  return summaryOf(archive)
}

/**
 * Reads all of an archive and checks all of it, in bounded memory: every bit, every row against its layout, every
 * number and hash that the manifest names. It shows that nothing was changed by accident; who writes an archive
 * anew can make its hashes too, so compare `contentHash` or the heads of logs with what was kept elsewhere.
 *
 * @throws `CORRUPT` for what is damaged, `UNSUPPORTED` for the format of a newer release, `NOT_FOUND`, or
 *   `INVALID_ARGUMENT` for a file that is no archive
 */
export async function verifyArchive(
  path: string,
  options: VerifyArchiveOptions = {},
): Promise<ArchiveSummary> {
  await using archive = await ArchiveReader.open(path)
  await proveArchive(archive, options)
  return summaryOf(archive)
}

/** As `verifyArchive`, of one that is open. */
export async function proveArchive(archive: ArchiveReader, options: VerifyArchiveOptions): Promise<void> {
  const { manifest } = archive
  const headsOf = headLayouts(manifest.layouts.map(({ layout, stale }) => heldLayout(layout, stale)))
  const digests: LayoutDigest[] = []
  const logs: LogHeads[] = []
  const progress = new ProgressMeter(archive, options.onProgress)
  for (const entry of manifest.layouts) {
    const collector = headsOf.has(entry.layout.name) ? new HeadCollector(entry.layout.name) : undefined
    digests.push(await proveLayout(archive, entry, collector, progress, options.signal))
    if (collector !== undefined) logs.push(collector.end())
  }
  if (canonicalJson(logs) !== canonicalJson(manifest.logs)) {
    archive.refuse('the heads of its logs are not what the manifest says')
  }
  if (hashOfContents(digests) !== manifest.contentHash) archive.refuse('it does not match its content hash')
}

async function proveLayout(
  archive: ArchiveReader,
  entry: ManifestLayout,
  collector: HeadCollector | undefined,
  progress: ProgressMeter,
  signal: AbortSignal | undefined,
): Promise<LayoutDigest> {
  const { layout } = heldLayout(entry.layout, entry.stale)
  const digester = new LayoutDigester(layout)
  for await (const { chunk, rows, floors } of chunksOf(archive, entry, signal)) {
    for (const { row, document } of rows) {
      digester.row(row, document)
      collector?.add(row, document)
    }
    for (const floor of floors) digester.floor(floor)
    progress.add(chunk.bytes, rows.length)
  }
  const digest = digester.end()
  const said = [entry.tenants, entry.rowsHash, entry.floorsHash]
  if (canonicalJson(said) !== canonicalJson([digest.tenants, digest.rowsHash, digest.floorsHash])) {
    archive.refuse(`${layout.name} does not come to what the manifest says`)
  }
  return digest
}

/** Tells how far reading has come. */
export class ProgressMeter {
  readonly #totalBytes: number
  readonly #tell: (progress: ArchiveProgress) => void
  #bytes = 0
  #rows = 0

  constructor(
    { bytes }: { readonly bytes: number },
    tell: (progress: ArchiveProgress) => void = () => undefined,
  ) {
    this.#totalBytes = bytes
    this.#tell = tell
  }

  add(bytes: number, rows: number): void {
    this.#bytes += bytes
    this.#rows += rows
    this.#tell({ bytes: this.#bytes, totalBytes: this.#totalBytes, rows: this.#rows })
  }
}
