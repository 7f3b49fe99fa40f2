/** Faults in reading by key, and in keys themselves. */

import type { StoredRow } from '@coffer/core/backend'
import type { Fault } from './fault.ts'
import { onIds } from './rewrites.ts'
import { alter, type Seams } from './seams.ts'

type Answers = readonly (StoredRow | undefined)[]

function onAnswers(change: (rows: Answers) => Answers): Seams {
  return { read: async (door, layout, keys) => change(await door.read(layout, keys)) }
}

export const readingFaults: readonly Fault[] = [
  {
    id: 'read-drops-duplicates',
    clause: 'R1',
    title: 'a key that is asked twice is answered once',
    plant: (backend) =>
      alter(backend, {
        read: async (door, layout, keys) => {
          const rows = await door.read(layout, keys)
          const first = (position: number) =>
            keys.findIndex((key) => key.id === keys[position]?.id && key.tenant === keys[position]?.tenant)
          return rows.map((row, position) => (first(position) === position ? row : undefined))
        },
      }),
  },
  {
    id: 'read-in-key-order',
    clause: 'R1',
    title: 'rows are answered in the order of the store, not of the question',
    plant: (backend) =>
      alter(
        backend,
        onAnswers((rows) => [...rows].sort((left, right) => ((left?.id ?? '') < (right?.id ?? '') ? -1 : 1))),
      ),
  },
  {
    id: 'read-reversed',
    clause: 'R1',
    title: 'rows are answered in the reverse order',
    plant: (backend) =>
      alter(
        backend,
        onAnswers((rows) => [...rows].reverse()),
      ),
  },
  {
    id: 'read-missing-shift',
    clause: 'R1',
    title: 'a row that is not there makes the ones behind it move up',
    plant: (backend) =>
      alter(
        backend,
        onAnswers((rows) => {
          const found = rows.filter((row) => row !== undefined)
          return rows.map((_row, position) => found[position])
        }),
      ),
  },
  {
    id: 'read-many-loses-last',
    clause: 'R1',
    title: 'the last of many keys is not looked up',
    plant: (backend) =>
      alter(
        backend,
        onAnswers((rows) =>
          rows.map((row, position) => (position > 0 && position === rows.length - 1 ? undefined : row)),
        ),
      ),
  },
  {
    id: 'read-stale',
    clause: 'R1',
    title: 'a row that was read once is answered from a cache for ever',
    plant: (backend) => {
      const cache = new Map<string, StoredRow>()
      return alter(backend, {
        read: async (door, layout, keys) => {
          const rows = await door.read(layout, keys)
          return rows.map((row, position) => {
            const name = JSON.stringify([layout.name, keys[position]])
            if (row !== undefined && !cache.has(name)) cache.set(name, row)
            return cache.get(name)
          })
        },
      })
    },
  },
  {
    id: 'key-normalised',
    clause: 'K4',
    title: 'keys are brought into Unicode normal form C',
    plant: (backend) =>
      alter(
        backend,
        onIds((id) => id.normalize('NFC')),
      ),
  },
  {
    id: 'key-lower-cased',
    clause: 'K4',
    title: 'keys that differ in case are one key',
    plant: (backend) =>
      alter(
        backend,
        onIds((id) => id.toLowerCase()),
      ),
  },
  {
    id: 'key-trimmed',
    clause: 'K1',
    title: 'spaces around a key are cut off',
    plant: (backend) =>
      alter(
        backend,
        onIds((id) => id.trim() || id),
      ),
  },
  {
    id: 'key-cut',
    clause: 'K1',
    title: 'keys are cut after 255 characters',
    plant: (backend) =>
      alter(
        backend,
        onIds((id) => id.slice(0, 255)),
      ),
  },
  {
    id: 'key-path-cleaned',
    clause: 'K4',
    title: 'a slash and a backslash in a key are the same',
    plant: (backend) =>
      alter(
        backend,
        onIds((id) => id.replaceAll('\\', '/').replaceAll(':', '/')),
      ),
  },
  {
    id: 'key-astral-replaced',
    clause: 'K1',
    title: 'characters beyond the basic plane become U+FFFD',
    plant: (backend) =>
      alter(
        backend,
        onIds((id) => id.replace(/[\u{10000}-\u{10ffff}]/gu, '\ufffd')),
      ),
  },
]
