/** Addresses of stores, as they stand in one variable: `sqlite:./agents.db`, `file:./data`, `postgresql://…`, `memory:`. */

import type { BackendConfig } from './config.ts'
import { connectionString } from './postgres-options.ts'

/** The config of a backend that is named by an address. */
export type AddressedConfig = Extract<BackendConfig, { type: 'memory' | 'file' | 'sqlite' | 'postgresql' }>

/** What an address means, or `undefined` where it is none. */
export function configOfAddress(address: string): AddressedConfig | undefined {
  if (/^memory:?$/.test(address)) return { type: 'memory' }
  if (connectionString.safeParse(address).success) return postgresConfig(address)
  const path = /^(sqlite|file):(?:\/\/(?=[/.]))?(.+)$/s.exec(address)
  if (path?.[2] === undefined) return undefined
  return path[1] === 'file' ? { type: 'file', basePath: path[2] } : { type: 'sqlite', path: path[2] }
}

/** `?schema=name` is Coffer's and names the schema; all else in the address is the driver's, to the byte. */
function postgresConfig(address: string): AddressedConfig {
  const [server = '', query] = splitOnce(address, '?')
  const parameters = query?.split('&') ?? []
  const rest = parameters.filter((each) => !isSchema(each))
  // Of two the last counts, as for the driver.
  const schema = parameters.filter(isSchema).at(-1)
  return {
    type: 'postgresql',
    connectionString: rest.length === 0 ? server : `${server}?${rest.join('&')}`,
    ...(schema !== undefined && { schema: new URLSearchParams(schema).get('schema') ?? '' }),
  }
}

function isSchema(parameter: string): boolean {
  return /^schema(?:=|$)/.test(parameter)
}

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}
