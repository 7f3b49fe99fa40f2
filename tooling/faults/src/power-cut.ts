/**
 * The power cut rig: processes work on a store with many callers at once, and the power of their disk is cut at any
 * moment. What they were told is done must be there when the disk is back. Whatever was not synced is lost, as far as
 * the file system's own journal does not bring it back: content, names and lengths of files alike.
 */

import { imageProbe } from './mounted-image.ts'
import { type FolderSubject, runWithPrivateMounts, whyNotMounted } from './private-mounts.ts'
import type { Rig } from './rig.ts'

export const powerCutRigs: readonly Rig[] = [powerCutRig('file'), powerCutRig('sqlite')]

function powerCutRig(subject: FolderSubject): Rig {
  return {
    name: `power-cut.${subject}`,
    description:
      'cuts the power of the disk in the middle of the work: what was acknowledged is there, and nothing in part',
    unavailable: () => whyNotMounted(imageProbe),
    run: (options) => runWithPrivateMounts({ rig: 'power-cut', subject }, options),
  }
}
