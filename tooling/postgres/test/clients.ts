/** Connections that end with the test. */

import { Client, type ClientConfig } from 'pg'
import { afterEach } from 'vitest'

const open: Client[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.end().catch(() => undefined)))
})

/** Connects, and closes when the test is finished. The error of an idle connection is kept, not thrown. */
export async function connected(url: string, config: ClientConfig = {}): Promise<Client> {
  const client = new Client({ connectionString: url, ...config })
  client.on('error', () => undefined)
  await client.connect()
  open.push(client)
  return client
}

/** Resolves when the connection is gone, in whatever way. Ask before you cut it. */
export function endOf(client: Client): Promise<void> {
  return new Promise((resolve) => {
    client.once('end', () => resolve())
  })
}
