/**
 * A disk whose power can be cut: an image file with an ext4 file system, mounted as a loop device. At the cut the
 * file system stops (`FS_IOC_SHUTDOWN` without a flush of its log), so that whatever was not synced never reaches the
 * image; mounting it again replays the journal, as after a real cut.
 */

import { execFile } from 'node:child_process'
import { mkdirSync, rmdirSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { continueChildren, stopChildren } from './child-processes.ts'
import { DiskStopper, stopperProbe } from './disk-stopper.ts'
import { unmount } from './mounted-memory.ts'

const execute = promisify(execFile)

const IMAGE_BYTES = 256 * 1_024 * 1_024

/** A shell script that does once, in the folder `$1`, all that such a disk needs. */
export const imageProbe = `
mount -t tmpfs -o size=64m,mode=0700 tmpfs "$1"
truncate -s 32M "$1/image"
mkfs.ext4 -q "$1/image"
mkdir "$1/disk"
mount -o loop "$1/image" "$1/disk"
${stopperProbe('$1/disk')}
`

/** Runs in a process with mounts of its own, as root. */
export class MountedImage {
  /** Where the file system is. */
  readonly folder: string
  readonly #image: string
  #stopper: DiskStopper | undefined

  private constructor(image: string, folder: string) {
    this.#image = image
    this.folder = folder
  }

  /** Makes an empty disk. Its image lies in the folder that is given, and so does the folder of the disk. */
  static async make(folder: string, name: string): Promise<MountedImage> {
    const image = join(folder, `${name}.image`)
    const file = await open(image, 'wx', 0o600)
    await file.truncate(IMAGE_BYTES)
    await file.close()
    await execute('mkfs.ext4', ['-q', image])
    const disk = new MountedImage(image, join(folder, name))
    mkdirSync(disk.folder, 0o700)
    await disk.#mount()
    return disk
  }

  /**
   * Cuts the power. All child processes of this one stop first: while a file system is being stopped, Linux 6 answers
   * one `fdatasync` in five that everything is written when it is not, and after a cut nobody is answered anything.
   */
  async cut(): Promise<void> {
    const stopper = this.#stopper
    this.#stopper = undefined
    stopChildren(stopper?.processId)
    await stopper?.stopDisk()
  }

  /** The power comes back. No process may have a file of the disk open. Child processes that are left go on. */
  async restart(): Promise<void> {
    await unmount(this.folder)
    await this.#mount()
    continueChildren()
  }

  /** Takes the disk away. No process may have a file of it open. */
  async remove(): Promise<void> {
    await this.#stopper?.end()
    await unmount(this.folder)
    rmdirSync(this.folder)
    rmSync(this.#image)
  }

  async #mount(): Promise<void> {
    await execute('mount', ['-o', 'loop', this.#image, this.folder])
    this.#stopper = await DiskStopper.start(this.folder)
  }
}
