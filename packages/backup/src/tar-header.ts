/** The one form that headers of an archive's members have. */

import { type Header, pack } from 'tar-stream'

/** Every block of a tar has this size. */
export const BLOCK = 512

/** What stands in the header of a member: nothing that differs from one archive to the next. */
export function headerFields(name: string, size: number): Partial<Header> & Pick<Header, 'name'> {
  return { name, size, type: 'file', mode: 0o600, uid: 0, gid: 0, mtime: new Date(0) }
}

/** The header of a member, to the byte. */
export async function headerBlock(name: string, size: number): Promise<Buffer> {
  const packing = pack()
  // Its body never comes, and it says so when it is put away.
  packing.entry(headerFields(name, size)).on('error', () => undefined)
  try {
    for await (const block of packing) return Buffer.from(block as Uint8Array)
  } finally {
    packing.destroy()
  }
  throw new Error('a member without a header')
}

/** The zeros behind a member of so many bytes. */
export function paddingOf(bytes: number): number {
  return (BLOCK - (bytes % BLOCK)) % BLOCK
}
