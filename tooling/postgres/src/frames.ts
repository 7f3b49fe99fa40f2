/**
 * The messages of PostgreSQL's wire protocol, as far as their boundaries: a type byte and a length, but for
 * the first messages of a client, which have no type, and the single byte that answers a request for
 * encryption. What comes after encryption was agreed on is passed through as it arrives.
 *
 * Source: PostgreSQL's manual, "Message Formats".
 */

/** One message of one side. */
export interface Frame {
  /** The type's letter; empty for what has none: a client's first messages, and encrypted bytes. */
  readonly type: string
  /** All of it, type and length included. */
  readonly bytes: Buffer
}

type Mode = 'first messages' | 'typed messages' | 'one byte' | 'opaque'

const ENCRYPTION_REQUESTS = new Set([80_877_103, 80_877_104])
const LENGTH_BYTES = 4

/** Cuts the bytes of both sides of one connection into messages. */
export interface Framing {
  client(chunk: Buffer): readonly Frame[]
  server(chunk: Buffer): readonly Frame[]
}

/** A framing for a connection that begins. Both sides are read by one, as each tells what the other will send. */
export function framing(): Framing {
  const client: Side = { mode: 'first messages', pending: Buffer.alloc(0) }
  const server: Side = { mode: 'typed messages', pending: Buffer.alloc(0) }
  return {
    client: (chunk) =>
      framesOf(client, chunk, (frame) => {
        if (client.mode !== 'first messages') return
        if (isEncryptionRequest(frame)) server.mode = 'one byte'
        else client.mode = 'typed messages'
      }),
    server: (chunk) =>
      framesOf(server, chunk, (frame) => {
        if (server.mode !== 'one byte') return
        const isRefused = frame.bytes.toString('latin1') === 'N'
        server.mode = isRefused ? 'typed messages' : 'opaque'
        if (!isRefused) client.mode = 'opaque'
      }),
  }
}

/** True for the messages after which the server answers and says that it is ready: Query, FunctionCall, Sync. */
export function endsRequest({ type }: Frame): boolean {
  return type === 'Q' || type === 'F' || type === 'S'
}

/** True for the message with which a session begins. */
export function isStartup(frame: Frame): boolean {
  return frame.type === '' && frame.bytes.length > 8 && frame.bytes.readInt32BE(LENGTH_BYTES) >> 16 === 3
}

interface Side {
  mode: Mode
  pending: Buffer
}

function framesOf(side: Side, chunk: Buffer, seen: (frame: Frame) => void): readonly Frame[] {
  const frames: Frame[] = []
  side.pending = side.pending.length === 0 ? chunk : Buffer.concat([side.pending, chunk])
  for (let size = nextSize(side); size !== undefined; size = nextSize(side)) {
    const bytes = side.pending.subarray(0, size)
    side.pending = side.pending.subarray(size)
    const frame = { type: side.mode === 'typed messages' ? bytes.toString('latin1', 0, 1) : '', bytes }
    seen(frame)
    frames.push(frame)
  }
  return frames
}

/** The size of the message that stands first, or `undefined` while it is not complete. */
function nextSize({ mode, pending }: Side): number | undefined {
  if (pending.length === 0) return undefined
  if (mode === 'opaque') return pending.length
  if (mode === 'one byte') return 1
  const typeBytes = mode === 'typed messages' ? 1 : 0
  if (pending.length < typeBytes + LENGTH_BYTES) return undefined
  const size = typeBytes + pending.readInt32BE(typeBytes)
  return pending.length < size ? undefined : size
}

function isEncryptionRequest({ bytes }: Frame): boolean {
  return bytes.length === 8 && ENCRYPTION_REQUESTS.has(bytes.readInt32BE(LENGTH_BYTES))
}
