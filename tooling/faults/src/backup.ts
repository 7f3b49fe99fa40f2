/**
 * The backup rig: backups of a bank that is at work, each proven by restoring it; archives that were damaged; and
 * processes that are killed while they save or restore. What comes of it is one state of the bank, whole, or nothing.
 */

import { badArchives } from './backup-damage.ts'
import { type BackupTally, type Extent, emptyTally } from './backup-extent.ts'
import { type KillScene, killedBackups, killedRestores, startKillScene } from './backup-kills.ts'
import { backupsUnderLoad } from './backup-load.ts'
import { type BackendName, Grounds } from './grounds.ts'
import type { Effort, Rig, RigOptions, RigResult } from './rig.ts'
import { subjects } from './subjects.ts'

const EXTENTS: Readonly<Record<Effort, Extent>> = {
  short: { backups: 4, flips: 48, cuts: 12, kills: 3, controls: 2, papers: 400, papersOfKills: 1_500 },
  long: { backups: 50, flips: 500, cuts: 100, kills: 50, controls: 10, papers: 2_000, papersOfKills: 20_000 },
}

export const backupRigs: readonly Rig[] = (['memory', 'file', 'sqlite', 'postgresql'] as const).map(
  (name) => ({
    name: `backup.${name}`,
    description:
      'saves a bank at work and restores it, damages archives, kills who saves and restores: one whole state, always',
    unavailable: async () => (name === 'memory' ? undefined : subjects[name].unavailable()),
    run: (options) => run(name, options),
  }),
)

async function run(name: BackendName, { effort, seed, onProgress }: RigOptions): Promise<RigResult> {
  const extent = EXTENTS[effort]
  // A memory place goes with its process, so there is nothing to kill.
  const isLasting = name !== 'memory'
  const total = extent.backups + extent.flips + extent.cuts + (isLasting ? 2 * extent.kills : 0)
  let done = 0
  const tally: BackupTally = { ...emptyTally(), onStep: () => onProgress(++done, total) }
  await using grounds = await Grounds.start([...new Set<BackendName>([name, 'file', 'sqlite'])])
  await backupsUnderLoad(name, grounds, extent, seed, tally)
  await badArchives(name, grounds, extent, seed, tally)
  if (isLasting) {
    await using scene: KillScene = await startKillScene(name, grounds, extent, seed)
    await killedRestores(scene, extent, tally)
    await killedBackups(scene, extent, tally)
  }
  const { counts, violations, controls } = tally
  const caught = controls.every((control) => control.caught > 0)
  const sum = (of: 'trials' | 'caught') => controls.reduce((all, control) => all + control[of], 0)
  return {
    counts,
    violations,
    control: {
      description: controls.map(({ description }) => description).join(', or '),
      trials: sum('trials'),
      violations: caught ? sum('caught') : 0,
    },
  }
}
