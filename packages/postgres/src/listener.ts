/**
 * The connection that listens. It is a help, never a condition: it comes up in the background, is made anew when
 * it is lost, and neither its failures nor its being open concern anybody.
 */

import type { Client } from 'pg'
import { socketOf } from './session.ts'

/** The pause before the second try, in milliseconds, by half of it at random; it doubles with every further one up to the bound. */
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 30_000
/** How long the connection may be silent before the system asks the other side, in milliseconds. */
const KEEP_ALIVE_MS = 10_000

export interface ListenerOptions {
  readonly makeClient: () => Client
  /** An identifier that needs no quotes. */
  readonly channel: string
  /** How long connecting, and ending, may take, in milliseconds. */
  readonly timeoutMs: number
  /** Takes what is heard. */
  readonly onText: (text: string) => void
  /** Called when something may not have been heard: when the connection is lost, and when there is one again. */
  readonly onGap: () => void
}

export class Listener {
  readonly #options: ListenerOptions
  /** The client that listens, or is about to. */
  #client: Client | undefined
  #isListening = false
  #failures = 0
  #nextTry: NodeJS.Timeout | undefined
  #isClosed = false

  /** Begins at once, and goes on until it is closed. */
  constructor(options: ListenerOptions) {
    this.#options = options
    this.#try()
  }

  /** Ends the connection. A server that does not answer is waited for `timeoutMs`. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#nextTry)
    const client = this.#client
    this.#client = undefined
    if (client === undefined) return
    if (!this.#isListening) {
      socketOf(client)?.destroy()
      return
    }
    const gone = new Promise((resolve) => client.once('end', resolve))
    // The connection does not keep the process alive, so the timer does until it has said goodbye.
    const timer = setTimeout(() => socketOf(client)?.destroy(), this.#options.timeoutMs)
    await Promise.allSettled([client.end(), gone])
    clearTimeout(timer)
  }

  #try(): void {
    let client: Client
    try {
      client = this.#options.makeClient()
    } catch {
      // The driver reads certificates when it makes a client.
      this.#tryLater()
      return
    }
    this.#client = client
    const lose = () => this.#lose(client)
    const timer = setTimeout(lose, this.#options.timeoutMs).unref()
    // They stay: whatever a client says after its end must find a listener, too.
    client.on('error', lose)
    client.on('end', lose)
    client.on('notification', ({ payload = '' }) => {
      if (this.#client === client) this.#options.onText(payload)
    })
    this.#listen(client)
      .catch(lose)
      .finally(() => clearTimeout(timer))
    socketOf(client)?.unref()
  }

  async #listen(client: Client): Promise<void> {
    await client.connect()
    // TLS is a socket of its own, and a second address a new one.
    socketOf(client)?.unref()
    socketOf(client)?.setKeepAlive(true, KEEP_ALIVE_MS)
    await client.query(`SET idle_session_timeout = 0; LISTEN ${this.#options.channel}`)
    if (this.#client !== client) return
    this.#failures = 0
    this.#isListening = true
    this.#options.onGap()
  }

  #lose(client: Client): void {
    if (this.#client !== client) return
    const wasListening = this.#isListening
    this.#client = undefined
    this.#isListening = false
    socketOf(client)?.destroy()
    this.#tryLater()
    if (wasListening) this.#options.onGap()
  }

  #tryLater(): void {
    if (this.#isClosed) return
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures)
    this.#failures++
    this.#nextTry = setTimeout(() => this.#try(), pauseMs * (0.5 + Math.random() / 2)).unref()
  }
}
