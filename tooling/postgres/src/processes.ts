/** The processes of this machine: which are alive, and whose children they are. */

import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** True while a process exists and has not ended; one that its parent did not collect yet has ended. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !existsSync('/proc/self/stat') || stateAndParentOf(pid)?.[0] !== 'Z'
  } catch {
    return false
  }
}

/** The ids of a process's direct children. From `/proc` where it exists, as slim images have no `ps`. */
export function childrenOf(parent: number): readonly number[] {
  const pairs = existsSync('/proc/self/stat') ? pairsOfProc() : pairsOfPs()
  return pairs.filter(([, of]) => of === parent).map(([pid]) => pid)
}

type Pair = readonly [pid: number, parent: number]

function pairsOfProc(): readonly Pair[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name): Pair => [Number(name), Number(stateAndParentOf(Number(name))?.[1])])
}

/** Two fields of Linux' account of a process; `undefined` when there is no such process. */
function stateAndParentOf(pid: number): readonly (string | undefined)[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is a name in parentheses and may hold anything; state and parent follow.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ', 2)
  } catch {
    return undefined
  }
}

function pairsOfPs(): readonly Pair[] {
  const listing = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
  return listing
    .trim()
    .split('\n')
    .map((line): Pair => {
      const [pid, parent] = line.trim().split(/\s+/)
      return [Number(pid), Number(parent)]
    })
}
