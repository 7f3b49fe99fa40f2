/** The log as it stands in its file: https://www.sqlite.org/fileformat2.html#the_write_ahead_log */

const HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24
/** The last bit says whether the words of the checksums are big-endian. */
const MAGIC = 0x377f0682

/** Both sums. Each frame's goes on from that of the frame before. */
export type Checksum = readonly [first: number, second: number]

/** The beginning of the log. */
export interface LogHeader {
  /** Whether it is what was written. */
  readonly isSound: boolean
  readonly isBigEndian: boolean
  /** Frames with another salt are remains of an earlier round through the file. */
  readonly salt: bigint
  readonly checksum: Checksum
}

/** One frame: a page as it is after a commit. */
export interface LogFrame {
  readonly salt: bigint
  /** Whether a commit ends with it. */
  readonly isCommit: boolean
  readonly checksum: Checksum
  /** What is summed up: the first bytes of the header, and the page. */
  readonly content: readonly [Buffer, Buffer]
}

/** How many bytes of the file the header takes, or a frame does. */
export const LOG_HEADER_BYTES = HEADER_BYTES
export function frameBytes(pageBytes: number): number {
  return FRAME_HEADER_BYTES + pageBytes
}

export function parseHeader(bytes: Buffer): LogHeader {
  const magic = bytes.readUInt32BE(0)
  const isBigEndian = magic === MAGIC + 1
  const checksum = checksumAt(bytes, 24)
  const computed = sum(bytes.subarray(0, 24), [0, 0], isBigEndian)
  const isSound = (isBigEndian || magic === MAGIC) && isSame(computed, checksum)
  return { isSound, isBigEndian, salt: bytes.readBigUInt64BE(16), checksum }
}

export function parseFrame(bytes: Buffer): LogFrame {
  return {
    salt: bytes.readBigUInt64BE(8),
    isCommit: bytes.readUInt32BE(4) !== 0,
    checksum: checksumAt(bytes, 16),
    content: [bytes.subarray(0, 8), bytes.subarray(FRAME_HEADER_BYTES)],
  }
}

/** Whether a frame is what was written behind the one with the checksum `before`. */
export function follows({ content, checksum }: LogFrame, before: Checksum, isBigEndian: boolean): boolean {
  const [start, page] = content
  return isSame(sum(page, sum(start, before, isBigEndian), isBigEndian), checksum)
}

function checksumAt(bytes: Buffer, offset: number): Checksum {
  return [bytes.readUInt32BE(offset), bytes.readUInt32BE(offset + 4)]
}

function isSame(left: Checksum, right: Checksum): boolean {
  return left[0] === right[0] && left[1] === right[1]
}

function sum(bytes: Buffer, [first, second]: Checksum, isBigEndian: boolean): Checksum {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let one = first
  let other = second
  for (let offset = 0; offset < bytes.byteLength; offset += 8) {
    one = (one + view.getUint32(offset, !isBigEndian) + other) >>> 0
    other = (other + view.getUint32(offset + 4, !isBigEndian) + one) >>> 0
  }
  return [one, other]
}
