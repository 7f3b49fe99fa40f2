/**
 * Who holds a directory, and whether that process still lives. A process is never taken for dead on a guess:
 * where this system can't tell, as of a process in another container or on another machine, it says so, and
 * the owner's heartbeat decides.
 */

import { createHash } from 'node:crypto'
import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'

/** A process, as far as it can be told from others. What is not known is `undefined`. */
export interface LockOwner {
  /** For people to read. */
  readonly host: string
  readonly pid: number
  /** When it was started, in ticks since the system was. Tells a process from a later one of the same id. */
  readonly startTime: string | undefined
  /** Equal for processes of one machine, also after it was started again. */
  readonly machine: string | undefined
  /** Equal for processes that see each other under their ids, until the machine is started again. */
  readonly system: string | undefined
}

/** What is known of the process that asks. */
export interface ProcessFacts {
  readonly platform: string
  readonly host: string
  readonly pid: number
  /** The text of `/proc/self/stat`. */
  readonly stat: string | undefined
  readonly machineId: string | undefined
  readonly bootId: string | undefined
  /** As `/proc/self/ns/pid` says it. */
  readonly pidNamespace: string | undefined
  /** As `/proc/self/ns/time` says it; start times are counted in it. */
  readonly timeNamespace: string | undefined
}

/** What stands under a process id. */
export interface ProcessStatus {
  readonly exists: boolean
  readonly startTime: string | undefined
}

/**
 * - `dead`: the process is gone for certain, and all its threads
 * - `alive`: it is there, be it at work or stopped
 * - `unknown`: it can't be told from here
 */
export type Judgement = 'dead' | 'alive' | 'unknown'

/** The process namespace of a system that is in no container: PROC_PID_INIT_INO in Linux' proc_ns.h. */
const OUTERMOST_NAMESPACE = 'pid:[4026531836]'

/** The process that asks, as an owner. */
export async function currentOwner(): Promise<LockOwner> {
  const [stat, machineId, bootId, pidNamespace, timeNamespace] = await Promise.all([
    textOf('/proc/self/stat'),
    textOf('/etc/machine-id'),
    textOf('/proc/sys/kernel/random/boot_id'),
    readlink('/proc/self/ns/pid').catch(() => undefined),
    readlink('/proc/self/ns/time').catch(() => undefined),
  ])
  const { platform, pid } = process
  return describeOwner({
    platform,
    host: hostname(),
    pid,
    stat,
    machineId,
    bootId,
    pidNamespace,
    timeNamespace,
  })
}

/**
 * The owner that these facts describe.
 *
 * On Linux a machine is known only outside of containers: containers of one image may share a machine id
 * though they run on two machines, and one would be taken for the other before a restart. Elsewhere the host's
 * name stands for the machine.
 */
export function describeOwner(facts: ProcessFacts): LockOwner {
  const { platform, host, pid, bootId, pidNamespace } = facts
  const own = facts.stat === undefined ? undefined : parseStat(facts.stat)
  if (platform !== 'linux') {
    return { host, pid, startTime: undefined, machine: digest(platform, host), system: undefined }
  }
  // Where `/proc` shows another namespace than ours, an id in it means another process.
  if (own?.pid !== pid || bootId === undefined || pidNamespace === undefined) {
    return { host, pid, startTime: undefined, machine: undefined, system: undefined }
  }
  const isOutermost = pidNamespace === OUTERMOST_NAMESPACE && facts.machineId !== undefined
  return {
    host,
    pid,
    startTime: own.startTime,
    machine: isOutermost ? digest(facts.machineId, host) : undefined,
    system: digest(bootId, pidNamespace, facts.timeNamespace),
  }
}

/** Judges an owner from where `self` is. */
export async function judgeOwner(
  owner: LockOwner,
  self: LockOwner,
  statusOf: (pid: number) => Promise<ProcessStatus> = processStatus,
): Promise<Judgement> {
  const isSystemKnown = owner.system !== undefined && self.system !== undefined
  if (isSystemKnown && owner.system === self.system) {
    const { exists, startTime } = await statusOf(owner.pid)
    if (!exists) return 'dead'
    if (startTime === undefined || owner.startTime === undefined) return 'unknown'
    return startTime === owner.startTime ? 'alive' : 'dead'
  }
  if (owner.machine === undefined || owner.machine !== self.machine) return 'unknown'
  // One machine and not one system: it was started again since.
  if (isSystemKnown) return 'dead'
  return (await statusOf(owner.pid)).exists ? 'unknown' : 'dead'
}

/** Whether two owners are one process, as far as can be told from one machine. */
export function isSameProcess(a: LockOwner, b: LockOwner): boolean {
  const isOnePlace = a.system === b.system && a.machine === b.machine
  const isPlaceKnown = a.system !== undefined || a.machine !== undefined
  return isOnePlace && isPlaceKnown && a.pid === b.pid && a.startTime === b.startTime
}

/** Looks at a process of this system. One that has ended exists as long as a thread of it may still write. */
export async function processStatus(pid: number): Promise<ProcessStatus> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') {
      return { exists: false, startTime: undefined }
    }
  }
  const stat = await textOf(`/proc/${pid}/stat`)
  const seen = stat === undefined ? undefined : parseStat(stat)
  return { exists: seen?.hasEnded !== true, startTime: seen?.startTime }
}

/** Reads `/proc/<pid>/stat`, by proc_pid_stat(5). The second field, a name, may hold spaces and parentheses. */
export function parseStat(text: string) {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, threads, startTime] = [fields[0], fields[17], fields[19]]
  const hasEnded = (state === 'Z' || state === 'X') && Number(threads) <= 1
  return { pid: Number.parseInt(text, 10), hasEnded, startTime }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim() || undefined
  } catch {
    return undefined
  }
}

/** Machine ids are not to be shown: machine-id(5) asks for a digest of them. */
function digest(...parts: readonly (string | undefined)[]): string {
  return createHash('sha256')
    .update(JSON.stringify(['coffer lock', ...parts]))
    .digest('hex')
    .slice(0, 12)
}
