/** JSON lines as `coffer export` writes them, or bare records one a line, as records of collections. */

import type { CollectionDefinition } from '@coffer/core'
import type { Catalog } from '../catalog.ts'
import { arrive, type Incoming } from './incoming.ts'
import type { Line } from './lines.ts'

/**
 * Reads lines `{ collection, record, version }`. Versions are passed over: a store gives its own.
 *
 * @param into where records go whatever their line says; then a line may be the record alone
 */
export async function* readRecordLines(
  lines: AsyncIterable<Line>,
  catalog: Catalog,
  into: CollectionDefinition | undefined,
): AsyncGenerator<Incoming> {
  for await (const line of lines) {
    if ('problem' in line) yield { line: line.number, problem: line.problem }
    else yield readLine(line.text, line.number, catalog, into)
  }
}

function readLine(
  text: string,
  line: number,
  catalog: Catalog,
  into: CollectionDefinition | undefined,
): Incoming {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { line, problem: 'it is not valid JSON' }
  }
  if (isEnvelope(value)) {
    const { collection, record } = value
    const log = catalog.logOf(collection)
    if (log !== undefined) return { line, log }
    const definition = into ?? catalog.listed.find((each) => each.definition.name === collection)?.definition
    if (definition !== undefined) return arrive(definition, record, line, text.length)
    return { line, problem: 'its collection is defined neither here nor in a config file' }
  }
  if (into !== undefined) return arrive(into, value, line, text.length)
  return { line, problem: 'it is no { collection, record, version }; --into says where bare records go' }
}

const ENVELOPE = ['collection', 'record', 'version']

function isEnvelope(value: unknown): value is { readonly collection: string; readonly record: unknown } {
  if (typeof value !== 'object' || value === null) return false
  const { collection, record } = value as { collection?: unknown; record?: unknown }
  const isKnown = Object.keys(value).every((member) => ENVELOPE.includes(member))
  return isKnown && typeof collection === 'string' && typeof record === 'object' && record !== null
}
