/** All rigs, in the order in which they run. */

import { backupRigs } from './backup.ts'
import { bitFlipsOfFile } from './bit-flips.ts'
import { bitFlipsOfSqlite } from './bit-flips-sqlite.ts'
import { copyRigs } from './copy.ts'
import { crashModelOfFile } from './crash-model.ts'
import { fullDiskRigs } from './full-disk.ts'
import { ioErrorsOfFile } from './io-errors.ts'
import { ioErrorsOfSqlite } from './io-errors-sqlite.ts'
import { killRigs } from './kill.ts'
import { logTamperingRigs } from './log-tampering.ts'
import { logWriterRigs } from './log-writers.ts'
import { migrationRigs } from './migration.ts'
import { powerCutRigs } from './power-cut.ts'
import type { Rig } from './rig.ts'

export const rigs: readonly Rig[] = [
  ...killRigs,
  ...logWriterRigs,
  ...logTamperingRigs,
  ...backupRigs,
  ...copyRigs,
  ...migrationRigs,
  crashModelOfFile,
  ioErrorsOfFile,
  ioErrorsOfSqlite,
  bitFlipsOfFile,
  bitFlipsOfSqlite,
  ...fullDiskRigs,
  ...powerCutRigs,
]
