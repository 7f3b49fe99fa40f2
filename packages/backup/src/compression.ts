/** How chunks are pressed together, and how they are expanded without being led astray. */

import { promisify } from 'node:util'
import zlib from 'node:zlib'
import { StoreError } from '@coffer/core'

/** `zstd` is the fastest, and needs Node 22.15 or 23.8; `gzip` is read by everything; `none` is plain lines. */
export type Compression = 'zstd' | 'gzip' | 'none'

/** How the name of a chunk ends. */
export const EXTENSIONS: Readonly<Record<Compression, string>> = {
  zstd: '.jsonl.zst',
  gzip: '.jsonl.gz',
  none: '.jsonl',
}

const hasZstd = typeof zlib.zstdCompress === 'function'

/** The best that this Node has. */
export const bestCompression: Compression = hasZstd ? 'zstd' : 'gzip'

/** Refuses what this Node can't do. */
export function requireCompression(compression: Compression): void {
  if (compression !== 'zstd' || hasZstd) return
  throw new StoreError('UNSUPPORTED', 'zstd needs Node 22.15 or 23.8, or later: update Node, or say gzip')
}

/** Compresses on another thread. */
export async function compress(data: Buffer, compression: Compression): Promise<Buffer> {
  if (compression === 'none') return data
  return compression === 'zstd' ? promisify(zlib.zstdCompress)(data) : promisify(zlib.gzip)(data)
}

/** Expands on another thread, and gives up as soon as more comes out than was said; then it answers `undefined`. */
export async function expand(
  data: Buffer,
  compression: Compression,
  maxBytes: number,
): Promise<Buffer | undefined> {
  if (compression === 'none') return data.length > maxBytes ? undefined : data
  const options = { maxOutputLength: Math.max(1, maxBytes) }
  try {
    return compression === 'zstd'
      ? await promisify(zlib.zstdDecompress)(data, options)
      : await promisify(zlib.gunzip)(data, options)
  } catch {
    return undefined
  }
}
