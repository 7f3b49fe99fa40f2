/** A run of the full disk rig, in a process with mounts of its own. */

import { mkdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { createStore, type Store } from '@coffer/core'
import { overwritingStore } from './full-disk-control.ts'
import { type FullDiskPlan, type FullDiskResult, FullDiskScene, type Intruder } from './full-disk-scene.ts'
import { mountMemory, unmount } from './mounted-memory.ts'
import type { FolderSubject, MountedRun } from './private-mounts.ts'
import { randomFrom } from './random.ts'
import type { Effort, RigResult } from './rig.ts'
import { configIn } from './subjects.ts'

const extents: Readonly<Record<Effort, { readonly disks: number; readonly controlTrials: number }>> = {
  short: { disks: 3, controlTrials: 4 },
  long: { disks: 60, controlTrials: 10 },
}

/**
 * A log needs room for a compaction before what was removed gives any back. The file backend keeps such room; a
 * burst that outgrows it, or another program that takes it, leaves a store that needs room from outside.
 */
const MAY_STICK: readonly string[] = ['file']
/** Where a store may stick, waiting longer proves nothing. */
const PATIENCE_MS = 15_000
const SHORT_PATIENCE_MS = 2_000

const DISK_BYTES = 1_024 * 1_024

const INTRUDERS: readonly Intruder[] = ['never', 'beside the open store', 'while it is closed']
const LONGEST_TEXTS = [100, 1_000, 10_000, 50_000]
const CALLERS = [1, 3, 16]

/** With texts that are much longer or shorter, most disks have nothing that was overwritten and not again since. */
const CONTROL_TEXT = 1_000
/** Keeps the control's chance apart from that of the others. */
const CONTROL = 1

export async function runFullDisk({
  folder,
  subject,
  effort,
  seed,
  onProgress,
}: MountedRun): Promise<RigResult> {
  const { disks, controlTrials } = extents[effort]
  const counts = {
    disks,
    acknowledged: 0,
    'refused for want of space': 0,
    'removed on a full disk': 0,
  }
  let stuck = 0
  const violations: string[] = []
  for (let disk = 0; disk < disks; disk++) {
    const plan = draw(subject, seed, disk)
    const result = await onDisk(folder, plan, [seed, disk], (place) => createStore(configIn(subject, place)))
    counts.acknowledged += result.acknowledged
    counts['refused for want of space'] += result.refused
    counts['removed on a full disk'] += result.removed
    const where = `disk ${disk} (${plan.callers} callers, texts up to ${plan.longestText}, intruder ${plan.intruder})`
    violations.push(...[...result.lost, ...result.wrong].map((each) => `${where}: ${each}`))
    if (result.isStuck) stuck += 1
    if (result.isStuck && !MAY_STICK.includes(subject)) violations.push(`${where}: nothing can be written`)
    onProgress(disk + 1, disks + controlTrials)
  }
  let caught = 0
  for (let trial = 0; trial < controlTrials; trial++) {
    const plan = { ...draw(subject, seed, trial), longestText: CONTROL_TEXT }
    const { lost } = await onDisk(folder, plan, [seed, trial, CONTROL], overwritingStore)
    if (lost.length > 0) caught++
    onProgress(disks + trial + 1, disks + controlTrials)
  }
  return {
    counts: stuck === 0 ? counts : { ...counts, 'stuck after all was removed': stuck },
    violations,
    control: {
      description: 'a store with a file for each record that overwrites it in place',
      trials: controlTrials,
      violations: caught,
    },
  }
}

function draw(subject: FolderSubject, seed: number, index: number): FullDiskPlan {
  const random = randomFrom(seed, index)
  return {
    intruder: INTRUDERS[(seed + index) % INTRUDERS.length] ?? 'never',
    longestText: random.pick(LONGEST_TEXTS),
    callers: random.pick(CALLERS),
    patienceMs: MAY_STICK.includes(subject) ? SHORT_PATIENCE_MS : PATIENCE_MS,
  }
}

async function onDisk(
  folder: string,
  plan: FullDiskPlan,
  chance: readonly number[],
  openStore: (folder: string) => Store,
): Promise<FullDiskResult> {
  const disk = join(folder, 'disk')
  mkdirSync(disk)
  await mountMemory(disk, DISK_BYTES)
  try {
    const place = { folder: disk, store: () => openStore(disk) }
    await using scene = new FullDiskScene(place, plan, randomFrom(...chance))
    return await scene.play()
  } finally {
    await unmount(disk)
    rmdirSync(disk)
  }
}
