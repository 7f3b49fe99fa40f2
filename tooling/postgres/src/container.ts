/** PostgreSQL in a container, through testcontainers. */

import { randomBytes } from 'node:crypto'
import type { Settings } from './settings.ts'

/** The image that tests run on; `COFFER_TEST_POSTGRES_IMAGE` names another. */
const IMAGE = 'postgres:18'
const IMAGE_VARIABLE = 'COFFER_TEST_POSTGRES_IMAGE'

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1'])

/** A running container and the superuser's URL. */
export interface Container {
  readonly url: string
  stop(): Promise<void>
}

/** Starts a container. Its image is pulled when the engine does not have it. */
export async function startContainer(settings: Settings): Promise<Container> {
  // Loaded only where an engine answers: it is the heaviest part of all.
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql')
  const { getContainerRuntimeClient } = await import('testcontainers')
  const { host } = (await getContainerRuntimeClient()).info.containerRuntime
  class PrivateContainer extends PostgreSqlContainer {
    /** Testcontainers publishes to the whole network. Where we reach the port by 127.0.0.1, nobody else has to. */
    protected override async beforeContainerCreated(): Promise<void> {
      if (!LOOPBACK.has(host)) return
      this.hostConfig.PortBindings = { '5432/tcp': [{ HostIp: '127.0.0.1', HostPort: '0' }] }
    }
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const container = await new PrivateContainer(process.env[IMAGE_VARIABLE] ?? IMAGE)
    .withUsername('postgres')
    .withPassword(randomBytes(16).toString('hex'))
    .withDatabase('postgres')
    .withCommand(['postgres', ...flags])
    .start()
  return {
    url: container.getConnectionUri().replace(/^postgres:/, 'postgresql:'),
    stop: async () => {
      await container.stop()
    },
  }
}
