/** Whether a Docker engine answers, found out without the weight of a client. */

import { existsSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** An engine that is there answers a ping in a few milliseconds; one that hangs must not hold up the tests. */
const PATIENCE_MS = 700

/** True when the engine that `DOCKER_HOST` names, or else one at the usual sockets, answers in time. */
export async function dockerAnswers(): Promise<boolean> {
  const signal = AbortSignal.timeout(PATIENCE_MS)
  const named = process.env.DOCKER_HOST
  if (named !== undefined && named !== '') return hostAnswers(named, signal)
  const answers = await Promise.all(usualSockets().map((path) => pings(path, signal)))
  return answers.includes(true)
}

/** The places that testcontainers looks at too. */
function usualSockets(): readonly string[] {
  const home = homedir()
  const runtime = process.env.XDG_RUNTIME_DIR
  return [
    '/run/docker.sock',
    ...(runtime === undefined ? [] : [join(runtime, 'docker.sock')]),
    join(home, '.docker', 'run', 'docker.sock'),
    join(home, '.docker', 'desktop', 'docker.sock'),
  ].filter((path) => existsSync(path))
}

async function hostAnswers(host: string, signal: AbortSignal): Promise<boolean> {
  if (!URL.canParse(host)) return false
  const { protocol, pathname, hostname, port } = new URL(host)
  if (protocol === 'unix:') return pings(pathname, signal)
  // The engine may want TLS: that somebody listens has to do.
  return listens(hostname, port === '' ? 2375 : Number(port), signal)
}

function pings(socketPath: string, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: '/_ping', agent: false, signal }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    asked.on('error', () => resolve(false))
    asked.end()
  })
}

function listens(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const finish = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    signal.addEventListener('abort', () => finish(false), { once: true })
    socket.on('connect', () => finish(true))
    socket.on('error', () => finish(false))
  })
}
