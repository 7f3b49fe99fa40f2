/** Faults in what a field of many texts keeps and how it is asked: words, and what a path over members finds. */

import { type FieldValue, matches } from '@coffer/core/backend'
import type { Fault } from './fault.ts'
import { meaning, ruleFault } from './question-rules.ts'
import { onPuts } from './rewrites.ts'
import { alter } from './seams.ts'

type Texts = readonly string[]

/** A fault in the texts that are kept. */
function keptFault(
  id: string,
  clause: string,
  title: string,
  change: (texts: Texts | null) => FieldValue,
): Fault {
  return {
    id,
    clause,
    title,
    plant: (backend) =>
      alter(
        backend,
        onPuts((put) => ({
          ...put,
          fields: put.fields.map((value, position) =>
            put.layout.fields[position]?.type === 'texts' ? change(value as Texts | null) : value,
          ),
        })),
      ),
  }
}

export const memberFaults: readonly Fault[] = [
  keptFault('members-beyond-some-lost', 'R7', 'only the first 4,096 texts of a field are kept', (texts) =>
    texts === null ? null : texts.slice(0, 4_096),
  ),
  keptFault('members-long-cut', 'R7', 'texts of a field are cut after 64 characters', (texts) =>
    texts === null ? null : texts.map((text) => text.slice(0, 64)),
  ),
  keptFault('members-decomposed', 'R7', 'texts of a field are kept in normal form D', (texts) =>
    texts === null ? null : texts.map((text) => text.normalize('NFD')),
  ),
  keptFault('members-split-at-commas', 'R7', 'a comma in a text of a field parts it', (texts) =>
    texts === null ? null : texts.flatMap((text) => text.split(',')),
  ),
  keptFault('members-null-as-none', 'R7', 'a field of texts that is null is kept without texts', (texts) =>
    texts === null ? [] : texts,
  ),
  keptFault('members-none-as-null', 'R8', 'a field without texts is kept as null', (texts) =>
    texts?.length === 0 ? null : texts,
  ),
  keptFault('members-empty-dropped', 'R8', 'an empty text among those of a field is not kept', (texts) =>
    texts === null ? null : texts.filter((text) => text !== ''),
  ),
  keptFault('members-in-utf-16-order', 'R8', 'texts of a field are sorted by UTF-16 code units', (texts) =>
    texts === null ? null : texts.toSorted(),
  ),
  ruleFault(
    'members-first-asked-only',
    'R7',
    'of all texts asked for only the first counts',
    meaning((row, predicate) =>
      predicate.type === 'hasAll'
        ? matches(row, { ...predicate, values: predicate.values.slice(0, 1) })
        : undefined,
    ),
  ),
  ruleFault(
    'members-any-of-few',
    'R7',
    'of any texts asked for only the first two count',
    meaning((row, predicate) =>
      predicate.type === 'hasAny'
        ? matches(row, { ...predicate, values: predicate.values.slice(0, 2) })
        : undefined,
    ),
  ),
]
