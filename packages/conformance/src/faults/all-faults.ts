/** Every planted fault. */

import { expiryFaults } from './expiry.ts'
import type { Fault } from './fault.ts'
import { lifeFaults } from './life.ts'
import { queryFaults } from './queries.ts'
import { readingFaults } from './reading.ts'
import { relationFaults } from './relations.ts'
import { transactionFaults } from './transactions.ts'
import { valueFaults } from './values.ts'
import { writingFaults } from './writing.ts'

/** Broken backends, each in one way, that the suite must tell from a healthy one. */
export const allFaults: readonly Fault[] = [
  ...readingFaults,
  ...valueFaults,
  ...queryFaults,
  ...writingFaults,
  ...expiryFaults,
  ...relationFaults,
  ...transactionFaults,
  ...lifeFaults,
]
