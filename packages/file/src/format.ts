/** The version of the format, which a header says before anything else is made of it. */

import { fileError } from './error-code.ts'
import { FORMAT_VERSION } from './record.ts'
import { isObject } from './stored-line.ts'

/** @throws StoreError `UNSUPPORTED` when a newer release wrote the file */
export function checkFormat(file: string, header: unknown): void {
  if (!isObject(header) || typeof header.format !== 'number' || header.format <= FORMAT_VERSION) return
  throw fileError(
    'UNSUPPORTED',
    `${file} has format ${header.format}, and this release of Coffer knows formats up to ${FORMAT_VERSION}: ` +
      'open it with a newer release',
  )
}
