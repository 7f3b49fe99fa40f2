/** Compares what is stored with what was acknowledged, to the byte. */

import type { Store } from '@coffer/core'
import { journal, type Ledger, notes } from './full-disk-records.ts'

const PAGE = 1_000

export interface Difference {
  /** Of what was acknowledged: what is missing, cut or changed. */
  readonly lost: readonly string[]
  /** What was refused and is there, and what the store itself finds wrong. */
  readonly wrong: readonly string[]
}

/** Reads everything, and lets the store check itself. */
export async function difference(
  store: Store,
  ledger: Ledger,
  streams: readonly string[],
): Promise<Difference> {
  const lost: string[] = []
  const wrong: string[] = []
  const found = new Map<string, string>()
  for await (const { id, text } of store.collection(notes).iterate({ limit: PAGE })) found.set(id, text)
  for (const [id, text] of ledger.notes) {
    const stored = found.get(id)
    if (stored !== text) lost.push(`${id} has ${shown(stored)}, where ${shown(text)} was acknowledged`)
  }
  for (const [id, text] of found) {
    if (!ledger.notes.has(id)) wrong.push(`${id} has ${shown(text)}, and was refused or removed`)
  }
  const indexed = await store.collection(notes).count({ caller: { gte: 0 } })
  if (indexed !== found.size) wrong.push(`${indexed} notes are in the index, and ${found.size} are stored`)
  const report = await store.collection(notes).verify()
  if (!report.ok) wrong.push(`verify found ${JSON.stringify(report.problems[0])}`)
  for (const stream of streams) {
    const texts: string[] = []
    for await (const { text } of store.log(journal).iterate(stream, { limit: PAGE })) texts.push(text)
    const expected = ledger.streams.get(stream) ?? []
    const at = expected.findIndex((text, index) => text !== texts[index])
    if (at >= 0) lost.push(`${stream}: entry ${at + 1} has ${shown(texts[at])}, not ${shown(expected[at])}`)
    else if (texts.length > expected.length) wrong.push(`${stream}: has ${shown(texts[expected.length])}`)
    const { ok, problem } = await store.log(journal).verify(stream)
    if (!ok) wrong.push(`${stream}: verify found at ${problem?.sequence}: ${problem?.problem}`)
  }
  return { lost, wrong }
}

function shown(text: string | undefined): string {
  return text === undefined ? 'nothing' : `'${text.slice(0, 20)}…' of ${text.length} characters`
}
