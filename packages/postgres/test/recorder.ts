/** A lent pool that writes down what is sent through it. */

import pg from 'pg'

/** A statement as it was sent. */
export interface Sent {
  readonly text: string
  readonly values: readonly unknown[]
  /** Under which it stays prepared; `undefined` for one that is planned with its values, or has none. */
  readonly name: string | undefined
}

/** Makes the pool; what it sends is added to the list. */
export function recordingPool(connectionString: string, sent: Sent[]): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: 3 })
  pool.on('connect', (client) => {
    const { query } = client
    const record = (...parameters: readonly [string | Partial<Sent>, ...unknown[]]) => {
      const [first] = parameters
      const { text = '', values = [], name } = typeof first === 'string' ? { text: first } : first
      sent.push({ text, values, name })
      return Reflect.apply(query, client, parameters)
    }
    Reflect.set(client, 'query', record)
  })
  return pool
}
