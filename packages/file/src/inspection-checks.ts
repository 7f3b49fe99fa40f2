/** What of a directory is not as it should be. */

import type { Check, CheckState } from '@coffer/core/backend'
import { deadShareOf, type Findings, type InspectionOptions } from './inspection.ts'

/** Whoever else may do anything with a file. */
const OTHERS = 0o077

/** Below this share of what a compaction needs, the disk is as good as full. */
const HARDLY_ANY = 0.1

export function checksOf(options: InspectionOptions, found: Findings): readonly Check[] {
  const checks = [
    checkDurability(options),
    checkLock(options),
    checkPermissions(options, found),
    checkReserve(options, found),
    checkDisk(options, found),
    checkCompaction(options, found),
    checkUnneeded(options, found),
    checkRepairs(options, found),
    checkForeign(options, found),
  ]
  return checks.filter((check) => check !== undefined)
}

function good(topic: string, says: string): Check {
  return { topic, state: 'good', says }
}

function wrong(topic: string, state: Exclude<CheckState, 'good'>, says: string, advice: string): Check {
  return { topic, state, says, advice }
}

function checkDurability({ durability }: InspectionOptions): Check {
  const topic = 'durability'
  const advice = "leave durability out, or set it to 'power'"
  if (durability === 'power') return good(topic, 'what is acknowledged survives a power cut')
  if (durability === 'process') {
    const says = 'what was acknowledged in the last second is lost with the power'
    return wrong(topic, 'warning', says, advice)
  }
  return wrong(topic, 'bad', 'the log is never synced: a power cut may take any part of the data', advice)
}

function checkLock({ directory, writer }: InspectionOptions): Check | undefined {
  if (writer === undefined) return undefined
  if (writer.isLockHeld) return good('lock', 'this store holds the directory')
  const says = `another process has taken over ${directory}, or its lock was removed`
  return wrong('lock', 'bad', says, 'close the store and open it again; look who else writes there')
}

function checkPermissions(
  { directory }: InspectionOptions,
  { directoryMode, modes }: Findings,
): Check | undefined {
  const topic = 'permissions'
  if (directoryMode === undefined) return undefined
  const open = [...modes].filter(([, mode = 0]) => (mode & OTHERS) !== 0).map(([name]) => name)
  if ((directoryMode & OTHERS) !== 0) {
    const says = `others than the owner may use ${directory} (mode ${octal(directoryMode)})`
    return wrong(topic, 'warning', says, `chmod 700 '${directory}'`)
  }
  const [first] = open
  if (first === undefined) return good(topic, 'only the owner may read directory and files')
  const says = `others than the owner may use ${open.length} files, such as ${first} (mode ${octal(modes.get(first) ?? 0)})`
  return wrong(topic, 'warning', says, `chmod 600 '${directory}'/*.jsonl '${directory}'/reserve`)
}

function octal(mode: number): string {
  return mode.toString(8).padStart(3, '0')
}

function checkReserve({ writer }: InspectionOptions, { reserveBytes }: Findings): Check {
  const topic = 'reserve'
  const advice = 'make room on the disk; the store then makes the reserve again'
  if (writer?.isShort) {
    return wrong(topic, 'bad', 'the disk is full: nothing but removals is written', advice)
  }
  if (reserveBytes > 0) return good(topic, `${sizeOf(reserveBytes)} are kept for removals on a full disk`)
  return wrong(topic, 'warning', 'nothing is kept for removals on a full disk', advice)
}

/** A compaction, and a restore, takes as much room as what is there. */
function checkDisk(
  { writer }: InspectionOptions,
  { freeBytes, logBytes, snapshotBytes }: Findings,
): Check | undefined {
  if (freeBytes === undefined) return undefined
  const needed = Math.ceil(writer?.liveBytes ?? logBytes + snapshotBytes)
  const says = `${sizeOf(freeBytes)} are free, and a compaction needs about ${sizeOf(needed)}`
  if (freeBytes >= needed) return good('disk', says)
  const state = freeBytes < needed * HARDLY_ANY ? 'bad' : 'warning'
  return wrong('disk', state, says, 'make room on the disk')
}

function checkCompaction({ writer, compaction }: InspectionOptions, found: Findings): Check | undefined {
  if (writer === undefined) return undefined
  const percent = Math.round(deadShareOf(found, writer) * 100)
  const bytes = found.logBytes + found.snapshotBytes
  const says = `${percent} % of ${sizeOf(bytes)} stand for nothing any more`
  const isDue = bytes >= compaction.minBytes && deadShareOf(found, writer) > compaction.deadShare
  if (!isDue) return good('compaction', says)
  const advice = 'the store compacts by itself with the next write; where this stays, make room on the disk'
  return wrong('compaction', 'warning', says, advice)
}

/** In kB below a megabyte, for a person. */
function sizeOf(bytes: number): string {
  const [amount, unit] = bytes < 1e6 ? [bytes / 1e3, 'kB'] : [bytes / 1e6, 'MB']
  return `${Math.round(amount).toLocaleString('en-US')} ${unit}`
}

/** What a compaction or a replacement has taken the place of goes at once, unless that fails. */
function checkUnneeded({ directory }: InspectionOptions, { unneeded }: Findings): Check | undefined {
  const [first] = unneeded
  if (first === undefined) return undefined
  const says = `${directory} still has ${first}, which newer files have taken the place of`
  return wrong('unneeded files', 'warning', says, 'open the store for writing once: it removes them')
}

function checkRepairs({ directory }: InspectionOptions, { list }: Findings): Check {
  const kept = list.filter((name) => name.startsWith('damaged-')).sort()
  if (kept.length === 0) return good('repairs', 'no repair has left damaged files')
  const says = `${directory} has damaged files that ${kept.length === 1 ? 'a repair' : 'repairs'} kept: ${kept[0]}`
  return wrong('repairs', 'warning', says, 'look what was lost, move the folder away and remove it')
}

function checkForeign({ directory }: InspectionOptions, { names }: Findings): Check {
  const [first] = names.foreign
  if (first === undefined) return good('files', 'nothing is there that does not belong there')
  const says = `${directory} holds '${first}', which is no file of a store`
  return wrong('files', 'warning', says, 'move it away: the store does not open beside it')
}
