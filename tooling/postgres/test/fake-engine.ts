/** Something at a Unix socket that may pass for a Docker engine. */

import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** An engine that answers with a status for each path, or not at all where that is `undefined`. */
export async function fakeEngine(
  statusOf: (path: string) => number | undefined,
): Promise<AsyncDisposable & { readonly host: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-engine-'))
  const socket = join(folder, 'docker.sock')
  const server = createServer((request, response) => {
    const status = statusOf(request.url ?? '')
    if (status !== undefined) response.writeHead(status).end('{}')
  }).listen(socket)
  await once(server, 'listening')
  return {
    host: `unix://${socket}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      rmSync(folder, { recursive: true })
    },
  }
}
