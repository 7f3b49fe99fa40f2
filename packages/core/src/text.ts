/** What counts as text: well-formed Unicode without NUL, measured in UTF-8 bytes. */

import { invalid } from './errors.ts'

/** The longest key in bytes of UTF-8. */
export const MAX_KEY_BYTES = 1_024
/** The longest tenant name in bytes of UTF-8. */
export const MAX_TENANT_BYTES = 256
/** The most bytes of text in one index entry, the key not counted: what a B-tree page can take on every engine. */
export const MAX_INDEXED_BYTES = 1_024

/** True for text that every engine stores as it is. A lone surrogate or a NUL would be changed or refused by one. */
export function isStorableText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

/** The length in bytes of UTF-8. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8')
}

/** Checks a key and gives it back: 1 to 1,024 bytes of text. It is never trimmed or normalised. */
export function checkKey(key: unknown, collection: string): string {
  if (isName(key, MAX_KEY_BYTES)) return key
  throw invalid(
    `${collection}: a key must be text of 1 to ${MAX_KEY_BYTES} bytes, without NUL or lone surrogates`,
    {
      collection,
    },
  )
}

/** Checks a tenant's name and gives it back: 1 to 256 bytes of text. */
export function checkTenant(tenant: unknown): string {
  if (isName(tenant, MAX_TENANT_BYTES)) return tenant
  throw invalid(`a tenant must be text of 1 to ${MAX_TENANT_BYTES} bytes, without NUL or lone surrogates`)
}

function isName(value: unknown, maxBytes: number): value is string {
  if (typeof value !== 'string' || value.length === 0 || value.length > maxBytes) return false
  // At most three bytes a UTF-16 unit: short names need no counting.
  return isStorableText(value) && (value.length * 3 <= maxBytes || byteLength(value) <= maxBytes)
}
