/**
 * Stops a file system as a power cut does, by Linux's `FS_IOC_SHUTDOWN`. Node has no `ioctl`, so an interpreter that
 * nearly every Linux has is asked for it: perl or else python3. It is started beforehand, so that a cut does not have
 * to wait for it.
 */

import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { promisify } from 'node:util'

/** `_IOR('X', 125, __u32)` as most architectures number it: all but MIPS, PowerPC and SPARC. */
const FS_IOC_SHUTDOWN = 0x8004587d
/** `EXT4_GOING_FLAGS_NOLOGFLUSH`: what the journal has not on the disk is lost. */
const NO_LOG_FLUSH = 2

/** A program that opens a folder, waits for the end of its input, and stops the file system of the folder. */
interface Interpreter {
  readonly program: string
  readonly flag: string
  readonly script: string
}

/** In order of preference: perl starts sooner. Neither script may hold a `'`. */
const INTERPRETERS: readonly Interpreter[] = [
  {
    program: 'perl',
    flag: '-e',
    script: `
      open(my $folder, "<", $ARGV[0]) or die "$!";
      <STDIN>;
      my $flags = pack("L", ${NO_LOG_FLUSH});
      ioctl($folder, ${FS_IOC_SHUTDOWN}, $flags) or die "$!";`,
  },
  {
    program: 'python3',
    flag: '-c',
    script: [
      'import fcntl, os, struct, sys',
      'folder = os.open(sys.argv[1], os.O_RDONLY)',
      'sys.stdin.read()',
      `fcntl.ioctl(folder, ${FS_IOC_SHUTDOWN}, struct.pack("I", ${NO_LOG_FLUSH}))`,
    ].join('\n'),
  },
]

/** Lines of a shell script that stop a file system and fail unless nothing can be written to it afterwards. */
export function stopperProbe(folder: string): string {
  const attempts = INTERPRETERS.map(
    ({ program, flag, script }) =>
      `if command -v ${program} >&2; then ${program} ${flag} '${script}' "${folder}" </dev/null; el`,
  )
  return `
${attempts.join('')}se echo 'neither perl nor python3 is installed' >&2; exit 1; fi
if touch "${folder}/probe" 2>&1; then echo 'ext4 can not be stopped' >&2; exit 1; fi`
}

let chosen: Promise<Interpreter> | undefined

/** The interpreter of this machine. */
async function interpreterHere(): Promise<Interpreter> {
  for (const interpreter of INTERPRETERS) {
    try {
      await promisify(execFile)(interpreter.program, ['--version'])
      return interpreter
    } catch {
      // Perhaps there is the next one.
    }
  }
  throw new Error(`none of ${INTERPRETERS.map(({ program }) => program).join(', ')} is installed`)
}

export class DiskStopper {
  readonly #process: ChildProcessByStdio<Writable, null, Readable>
  readonly #closed: Promise<unknown>
  #complaint = ''

  private constructor({ program, flag, script }: Interpreter, folder: string) {
    this.#process = spawn(program, [flag, script, folder], { stdio: ['pipe', 'ignore', 'pipe'] })
    this.#closed = once(this.#process, 'close')
    this.#process.stderr.on('data', (chunk: Buffer) => {
      this.#complaint += String(chunk)
    })
  }

  /** Starts the program, for the file system that a folder is in. Until its end the file system is in use. */
  static async start(folder: string): Promise<DiskStopper> {
    chosen ??= interpreterHere()
    return new DiskStopper(await chosen, folder)
  }

  get processId(): number | undefined {
    return this.#process.pid
  }

  /** Stops the file system, and ends. */
  async stopDisk(): Promise<void> {
    this.#process.stdin.end()
    await this.#closed
    if (this.#process.exitCode === 0) return
    throw new Error(`the file system could not be stopped: ${this.#complaint}`)
  }

  /** Ends and leaves the file system alone. */
  async end(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#closed
  }
}
