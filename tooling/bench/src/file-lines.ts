/** The rival by hand: records appended to one file as lines of JSON, and made durable by `fdatasync`. */

import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Step } from './step.ts'

/** A file of lines that is written at once: the fastest way for a program that does nothing else meanwhile. */
export interface Lines {
  /** One write and one `fdatasync`, which hold up everything else in the process. */
  put(step: Step): void
  /** All in one write, and one `fdatasync`. */
  putMany(steps: readonly Step[]): void
  close(): void
}

/** Makes the file. */
export function openLines(path: string): Lines {
  const file = openSync(path, 'ax')
  return {
    put: (step) => append(file, line(step)),
    putMany: (steps) => append(file, steps.map(line).join('')),
    close: () => closeSync(file),
  }
}

/** As `Lines`, without holding up others. */
export interface LinesBeside {
  /** One write and one `fdatasync`, on other threads. */
  put(step: Step): Promise<void>
  close(): Promise<void>
}

/** Makes the file. */
export async function openLinesBeside(path: string): Promise<LinesBeside> {
  const file = await open(path, 'ax')
  return {
    put: async (step) => {
      await file.write(line(step))
      await file.datasync()
    },
    close: () => file.close(),
  }
}

function append(file: number, text: string): void {
  writeSync(file, text)
  fdatasyncSync(file)
}

function line(step: Step): string {
  return `${JSON.stringify(step)}\n`
}
