/** V: values, from what a document may hold to how fields are compared and ordered. */

import type { Case } from '../case.ts'
import { absenceCases } from './absence.ts'
import { documentCases } from './documents.ts'
import { isolationCases } from './isolation.ts'
import { numberCases } from './numbers.ts'
import { randomDocumentCases } from './random-documents.ts'
import { refusedValueCases } from './refused-values.ts'
import { sortingCases } from './sorting.ts'
import { timestampCases } from './timestamps.ts'

export const valueCases: readonly Case[] = [
  ...documentCases,
  ...refusedValueCases,
  ...isolationCases,
  ...absenceCases,
  ...timestampCases,
  ...numberCases,
  ...sortingCases,
  ...randomDocumentCases,
]
