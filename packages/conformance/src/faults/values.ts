/** Faults that change what a document holds. */

import type { Fault } from './fault.ts'
import { onDocuments, onPuts, onRows, onValues } from './rewrites.ts'
import { alter } from './seams.ts'

export const valueFaults: readonly Fault[] = [
  {
    id: 'value-null-dropped',
    clause: 'V5',
    title: 'a member that is null is not stored',
    plant: (backend) =>
      alter(
        backend,
        onValues((value) => withoutMembers(value, (member) => member === null)),
      ),
  },
  {
    id: 'value-empty-text-is-null',
    clause: 'V1',
    title: 'an empty text comes back as null',
    plant: (backend) =>
      alter(
        backend,
        onValues((value) => (value === '' ? null : value)),
      ),
  },
  {
    id: 'value-empty-array-dropped',
    clause: 'V1',
    title: 'an empty array is not stored',
    plant: (backend) =>
      alter(
        backend,
        onValues((value) => withoutMembers(value, (member) => Array.isArray(member) && member.length === 0)),
      ),
  },
  {
    id: 'value-integer-32-bit',
    clause: 'V7',
    title: 'integers in documents are cut to 32 bits',
    plant: (backend) =>
      alter(
        backend,
        onValues((value) => (Number.isInteger(value) ? Number(value) | 0 : value)),
      ),
  },
  {
    id: 'value-single-precision',
    clause: 'V1',
    title: 'numbers are stored with single precision',
    plant: (backend) =>
      alter(
        backend,
        onValues((value) => (typeof value === 'number' ? Math.fround(value) : value)),
      ),
  },
  {
    id: 'value-text-cut',
    clause: 'V1',
    title: 'long texts are cut after 4,000 characters',
    plant: (backend) =>
      alter(
        backend,
        onValues((value) => (typeof value === 'string' ? value.slice(0, 4_000) : value)),
      ),
  },
  {
    id: 'value-text-trimmed',
    clause: 'V1',
    title: 'white space around a text is cut off',
    plant: (backend) =>
      alter(
        backend,
        onValues((value) => (typeof value === 'string' ? value.trim() : value)),
      ),
  },
  {
    id: 'value-text-normalised',
    clause: 'V1',
    title: 'texts are brought into Unicode normal form C',
    plant: (backend) =>
      alter(
        backend,
        onDocuments((document) => document.normalize('NFC')),
      ),
  },
  {
    id: 'value-prototype-member-lost',
    clause: 'V1',
    title: 'a member called __proto__ is lost',
    plant: (backend) =>
      alter(
        backend,
        onDocuments((document) => document.replace(/"__proto__":[^,}]*,?/g, '').replace(/,}/g, '}')),
      ),
  },
  {
    id: 'document-truncated',
    clause: 'V2',
    title: 'a document of over 64 KiB loses its end',
    plant: (backend) =>
      alter(
        backend,
        onDocuments((document) => (document.length > 65_536 ? document.slice(0, 65_536) : document)),
      ),
  },
  {
    id: 'field-integer-32-bit',
    clause: 'V7',
    title: 'integer fields hold 32 bits, so that questions miss larger ones',
    plant: (backend) =>
      alter(
        backend,
        onPuts((put) => ({
          ...put,
          fields: put.fields.map((value, position) =>
            put.layout.fields[position]?.type === 'integer' && value !== null ? Number(value) | 0 : value,
          ),
        })),
      ),
  },
  {
    id: 'field-timestamp-in-seconds',
    clause: 'V6',
    title: 'timestamp fields are cut to whole seconds',
    plant: (backend) =>
      alter(
        backend,
        onPuts((put) => ({
          ...put,
          fields: put.fields.map((value, position) =>
            put.layout.fields[position]?.type === 'timestamp' && value !== null
              ? Math.floor(Number(value) / 1_000) * 1_000
              : value,
          ),
        })),
      ),
  },
  {
    id: 'field-text-lower-cased',
    clause: 'V8',
    title: 'text fields are compared without regard to case',
    plant: (backend) =>
      alter(
        backend,
        onPuts((put) => ({
          ...put,
          fields: put.fields.map((value, position) =>
            put.layout.fields[position]?.type === 'text' && typeof value === 'string'
              ? value.toLowerCase()
              : value,
          ),
        })),
      ),
  },
  {
    id: 'created-at-moves',
    clause: 'W2',
    title: 'the time of creation is that of the last write',
    plant: (backend) =>
      alter(
        backend,
        onRows((row) => ({ ...row, createdAt: row.updatedAt })),
      ),
  },
  {
    id: 'updated-at-stays',
    clause: 'W2',
    title: 'the time of the last write is that of the first',
    plant: (backend) =>
      alter(
        backend,
        onRows((row) => ({ ...row, updatedAt: row.createdAt })),
      ),
  },
  {
    id: 'hash-lost',
    clause: 'I1',
    title: 'the hash that stands beside a record is not kept',
    plant: (backend) =>
      alter(
        backend,
        onRows((row) => ({ ...row, hash: null })),
      ),
  },
  {
    id: 'schema-version-lost',
    clause: 'U1',
    title: 'every row claims to be of the newest schema version',
    plant: (backend) =>
      alter(
        backend,
        onRows((row, layout) => ({ ...row, schemaVersion: layout.schemaVersion })),
      ),
  },
]

function withoutMembers(value: unknown, dropped: (member: unknown) => boolean): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([, member]) => !dropped(member)))
}
