/**
 * A server with metrics for Prometheus: `node examples/src/metrics.ts`. It works a little, reads its own `/metrics` as
 * Prometheus would, prints a part of what comes, and ends.
 */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createStore, defineCollection } from '@coffer/core'
import { collectMetrics } from '@coffer/metrics/prometheus'
import { register } from 'prom-client'
import * as z from 'zod'

const notes = defineCollection({
  name: 'notes',
  schema: z.object({ id: z.string(), text: z.string() }),
  key: 'id',
})

await using store = createStore({ type: 'sqlite', path: ':memory:' })
using _metrics = collectMetrics({ stores: { main: store } })

const all = store.tenant('a-tenant').collection(notes)
await Promise.all(Array.from({ length: 20 }, (_each, number) => all.put({ id: `${number}`, text: 'hello' })))
await all.insert({ id: '1', text: 'again' }).catch(() => undefined)
await store.transaction((tx) => tx.collection(notes).count())

const server = createServer(async (request, response) => {
  if (request.url !== '/metrics') response.writeHead(404).end()
  else response.writeHead(200, { 'content-type': register.contentType }).end(await register.metrics())
})
await once(server.listen(0, '127.0.0.1'), 'listening')
const { port } = server.address() as AddressInfo
const scrape = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
server.close()

const shown = /^coffer_(?:operations_total|operation_errors|batch_groups_sum|transaction_attempts|waiting)/
for (const line of scrape.split('\n')) if (shown.test(line)) console.log(line)
