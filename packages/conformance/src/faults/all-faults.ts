/** Every planted fault. */

import { aggregateFaults } from './aggregates.ts'
import { batchFaults } from './batches.ts'
import { cacheFaults } from './caches.ts'
import { conditionFaults } from './conditions.ts'
import { consistencyFaults } from './consistency.ts'
import { damageFaults } from './damage.ts'
import { deadlineFaults } from './deadlines.ts'
import type { Fault } from './fault.ts'
import { filterFaults } from './filters.ts'
import { groupFaults } from './groups.ts'
import { healthFaults } from './health.ts'
import { isolationFaults } from './isolation.ts'
import { lifeFaults } from './life.ts'
import { logFaults } from './logs.ts'
import { memberFaults } from './members.ts'
import { mergeFaults } from './merges.ts'
import { nativeCopyFaults } from './native-copies.ts'
import { olderProgramFaults } from './older-programs.ts'
import { orderFaults } from './order.ts'
import { pageFaults } from './pages.ts'
import { pastFaults } from './past.ts'
import { placeFaults } from './places.ts'
import { planFaults } from './plans.ts'
import { readingFaults } from './reading.ts'
import { relationFaults } from './relations.ts'
import { replacementFaults } from './replacements.ts'
import { snapshotFaults } from './snapshots.ts'
import { softDeleteFaults } from './soft-deletion.ts'
import { sweepFaults } from './sweeps.ts'
import { tenantFaults } from './tenants.ts'
import { transactionFaults } from './transactions.ts'
import { valueFaults } from './values.ts'
import { versionFaults } from './versions.ts'

/** Broken backends, each in one way, that the suite must tell from a healthy one. */
export const allFaults: readonly Fault[] = [
  ...readingFaults,
  ...consistencyFaults,
  ...valueFaults,
  ...orderFaults,
  ...filterFaults,
  ...memberFaults,
  ...aggregateFaults,
  ...pageFaults,
  ...groupFaults,
  ...batchFaults,
  ...conditionFaults,
  ...versionFaults,
  ...deadlineFaults,
  ...sweepFaults,
  ...softDeleteFaults,
  ...relationFaults,
  ...tenantFaults,
  ...isolationFaults,
  ...transactionFaults,
  ...lifeFaults,
  ...pastFaults,
  ...damageFaults,
  ...logFaults,
  ...cacheFaults,
  ...snapshotFaults,
  ...replacementFaults,
  ...mergeFaults,
  ...placeFaults,
  ...planFaults,
  ...nativeCopyFaults,
  ...healthFaults,
  ...olderProgramFaults,
]
