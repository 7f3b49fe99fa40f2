/**
 * A bad network between a client and PostgreSQL, on 127.0.0.1. It forwards whole messages, so that every
 * fault is at a known place. It reads no encrypted connection: there it knows no messages, and traps see
 * bytes as they come.
 */

import { openDoor } from './door.ts'
import { throughPort } from './names.ts'
import { type ProxiedConnection, proxyConnection } from './proxied-connection.ts'
import { type ArmedTrap, armTrap, type CutMode, type Sender, type Trap, type TrapOptions } from './trap.ts'

/** A proxy that listens. Faults are for all connections unless they say otherwise. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number
  /** How long every message takes in each direction, in ms; 0 at first. */
  latencyMs: number
  /** Connections that are open now. */
  readonly connections: number
  /** Connections since the start. */
  readonly accepted: number
  /** Requests that were forwarded: simple queries and syncs, and one for each startup. */
  readonly requests: number
  /** The same URL, through the proxy. */
  url(of: string): string
  /** Forwards new connections to another server. Those that are open stay where they are. */
  retarget(url: string): void
  /** Cuts all connections now; what was on its way is lost. `reset` (RST) without a mode; `end` is a FIN. */
  cut(how?: CutMode): void
  /** Sets a trap: cuts the connection that brings a certain message. */
  trap(options: TrapOptions): Trap
  /**
   * Silence: nothing is forwarded to that side, or to both without one, not even the end of a connection. New
   * connections are accepted and hear nothing.
   */
  pause(to?: Sender): void
  /** Ends the silence. What was sent meanwhile arrives. */
  resume(): void
  /** Refuses new connections, as a machine without a server does. */
  refuse(): void
  /** Accepts connections again, at the same port. */
  accept(): Promise<void>
  /** Cuts everything and ends. Idempotent. */
  close(): Promise<void>
}

/** Starts a proxy in front of the server that a URL names. */
export async function tcpProxy(target: string): Promise<TcpProxy> {
  let address = addressOf(target)
  let traps: readonly ArmedTrap[] = []
  let accepted = 0
  let requests = 0
  let latencyMs = 0
  let paused: ReadonlySet<Sender> = new Set()
  const open = new Set<ProxiedConnection>()
  const pumpAll = () => {
    for (const connection of open) connection.pump()
  }
  const cut = (how: CutMode = 'reset') => {
    for (const connection of open) connection.cut(how)
  }
  const door = await openDoor((client) => {
    accepted += 1
    const connection = proxyConnection({
      client,
      target: address,
      state: (to) => ({ isPaused: paused.has(to), latencyMs }),
      traps: () => traps,
      onRequest: () => {
        requests += 1
      },
      onClose: () => open.delete(connection),
    })
    open.add(connection)
  })
  const close = async () => {
    door.refuse()
    cut()
  }
  return {
    ...door,
    get latencyMs() {
      return latencyMs
    },
    set latencyMs(value) {
      latencyMs = value
    },
    get connections() {
      return open.size
    },
    get accepted() {
      return accepted
    },
    get requests() {
      return requests
    },
    url: (of) => throughPort(of, door.port),
    retarget: (url) => {
      address = addressOf(url)
    },
    cut,
    trap: (options) => {
      const trap = armTrap(options)
      traps = [...traps, trap]
      return trap
    },
    pause: (to) => {
      paused = new Set(to === undefined ? ['client', 'server'] : [...paused, to])
    },
    resume: () => {
      paused = new Set()
      pumpAll()
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function addressOf(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: port === '' ? 5432 : Number(port) }
}
