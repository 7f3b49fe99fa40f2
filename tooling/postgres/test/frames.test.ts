import { expect, test } from 'vitest'
import { framing, isStartup } from '../src/frames.ts'

/** A message as it is sent: its type, if it has one, its length, its content. */
function message(type: string, content: string | Buffer): Buffer {
  const body = Buffer.from(content)
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length + 4)
  return Buffer.concat([Buffer.from(type), length, body])
}

const startup = message('', Buffer.concat([Buffer.from([0, 3, 0, 0]), Buffer.from('user\0me\0\0')]))
const encryptionRequest = message('', Buffer.from([4, 210, 22, 47]))
const query = message('Q', 'SELECT 1\0')
const sync = message('S', '')

test.each([1, 2, 3, 7, 1000])('messages are the same in pieces of %i bytes', (size) => {
  const bytes = Buffer.concat([startup, query, sync])
  const { client } = framing()
  const frames = []
  for (let at = 0; at < bytes.length; at += size) frames.push(...client(bytes.subarray(at, at + size)))
  expect(frames.map(({ type }) => type)).toEqual(['', 'Q', 'S'])
  expect(frames.map((frame) => isStartup(frame))).toEqual([true, false, false])
  expect(Buffer.concat(frames.map((frame) => frame.bytes))).toEqual(bytes)
})

test('a refused encryption is followed by messages', () => {
  const { client, server } = framing()
  client(encryptionRequest)
  expect(server(Buffer.from('N'))).toMatchObject([{ type: '' }])
  expect(client(startup)).toHaveLength(1)
  expect(server(message('Z', 'I'))).toMatchObject([{ type: 'Z' }])
})

test('after an agreed encryption bytes come through as they are', () => {
  const { client, server } = framing()
  client(encryptionRequest)
  server(Buffer.from('S'))
  const secret = Buffer.from('Q\xff\xff\xff\xffopaque', 'latin1')
  expect(client(secret)).toEqual([{ type: '', bytes: secret }])
  expect(server(secret)).toEqual([{ type: '', bytes: secret }])
})
