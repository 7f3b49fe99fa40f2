/**
 * The backup rig: backups of a bank that is at work, each proven by restoring it; archives that were damaged; and
 * processes that are killed while they save or restore. What comes of it is one state of the bank, whole, or nothing.
 * `backup.*` are the archives of Coffer, `backup-native.*` what the engines make themselves.
 */

import { badArchives } from './backup-damage.ts'
import { type BackupCourse, type BackupTally, type Extent, emptyTally } from './backup-extent.ts'
import { killedBackups, killedRestores, startKillScene } from './backup-kills.ts'
import { backupsUnderLoad } from './backup-load.ts'
import { type BackendName, Grounds } from './grounds.ts'
import type { Effort, Rig, RigOptions, RigResult } from './rig.ts'
import { type SubjectKind, subjects } from './subjects.ts'
import { postgresWithPrograms } from './subjects-postgres.ts'

const EXTENTS: Readonly<Record<Effort, Extent>> = {
  short: { backups: 4, flips: 48, cuts: 12, kills: 3, controls: 2, papers: 400, papersOfKills: 1_500 },
  long: { backups: 50, flips: 500, cuts: 100, kills: 50, controls: 10, papers: 2_000, papersOfKills: 10_000 },
}
/** What is different of native backups, which take long to start: each runs programs of the engine. */
const NATIVE_EXTENTS: Readonly<Record<Effort, Extent>> = {
  short: { ...EXTENTS.short, backups: 3, kills: 2, controls: 1 },
  long: EXTENTS.long,
}
/** The backends with a form of their own. What tells damages there is the note beside it, not the engine. */
const NATIVE = ['sqlite', 'postgresql'] as const

export const backupRigs: readonly Rig[] = [
  ...(['memory', 'file', 'sqlite', 'postgresql'] as const).map((name) => ({
    name: `backup.${name}`,
    description:
      'saves a bank at work and restores it, damages archives, kills who saves and restores: one whole state, always',
    unavailable: async () => (name === 'memory' ? undefined : subjects[name].unavailable()),
    run: (options: RigOptions) => run(name, 'archive', subjects, options),
  })),
  ...NATIVE.map((name) => {
    const kinds = { ...subjects, postgresql: postgresWithPrograms }
    return {
      name: `backup-native.${name}`,
      description:
        'the same of backups that the engine makes itself: what was saved at work or killed is one whole state',
      unavailable: () => kinds[name].unavailable(),
      run: (options: RigOptions) => run(name, 'native', kinds, options),
    }
  }),
]

async function run(
  name: BackendName,
  format: BackupCourse['format'],
  kinds: Readonly<Record<SubjectKind['name'], SubjectKind>>,
  { effort, seed, onProgress }: RigOptions,
): Promise<RigResult> {
  const extent = (format === 'archive' ? EXTENTS : NATIVE_EXTENTS)[effort]
  const isDamaged = format === 'archive'
  // A memory place goes with its process, so there is nothing to kill.
  const isLasting = name !== 'memory'
  const total =
    extent.backups + (isDamaged ? extent.flips + extent.cuts : 0) + (isLasting ? 2 * extent.kills : 0)
  let done = 0
  const tally: BackupTally = { ...emptyTally(), onStep: () => onProgress(++done, total) }
  await using grounds = await Grounds.start([...new Set<BackendName>([name, 'file', 'sqlite'])], kinds)
  const course: BackupCourse = { name, grounds, format, extent, seed, tally }
  await backupsUnderLoad(course)
  if (isDamaged) await badArchives(course)
  if (isLasting) {
    await using scene = await startKillScene(course)
    await killedRestores(scene)
    await killedBackups(scene)
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
