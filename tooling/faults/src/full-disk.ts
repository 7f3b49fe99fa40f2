/**
 * The full disk rig: a disk of 1 MiB is filled until nothing fits any more. Every write is acknowledged, or refused with
 * `NO_SPACE` and leaves nothing; what was there before is there to the byte; records can still be removed; the store
 * can be closed and opened; and once there is room it takes writes again, or is counted as stuck.
 */

import { type FolderSubject, runWithPrivateMounts, whyNotMounted } from './private-mounts.ts'
import type { Rig } from './rig.ts'

export const fullDiskRigs: readonly Rig[] = [fullDiskRig('file'), fullDiskRig('sqlite')]

/** Does once all that the rig needs, in the folder `$1`. */
const PROBE = 'mount -t tmpfs -o size=1m,mode=0700 tmpfs "$1"'

function fullDiskRig(subject: FolderSubject): Rig {
  return {
    name: `full-disk.${subject}`,
    description:
      'fills a small disk: nothing that was acknowledged changes, and records can still be removed',
    unavailable: () => whyNotMounted(PROBE),
    run: (options) => runWithPrivateMounts({ rig: 'full-disk', subject }, options),
  }
}
