/**
 * A disk in memory with the errors of Linux. It notes every change, so that `simulated-disk-crash.ts` can say
 * what a crash after any of them leaves, and it fails where it is told to. It has no symbolic links.
 */

import type { EntryStatus, FileSystem, OpenFile, OpenMode } from '@coffer/file'
import { type Random, randomFrom } from './random.ts'
import {
  type Call,
  type CallKind,
  type Fault,
  FaultPlan,
  shortLength,
  systemError,
} from './simulated-disk-faults.ts'
import {
  type DirectoryChange,
  type DirectoryNode,
  type DiskNode,
  type DiskOperation,
  DiskState,
  type FileNode,
  type NameSetting,
  ROOT,
} from './simulated-disk-state.ts'

/** The room that a disk gives to files at a time, in bytes. */
const BLOCK_BYTES = 4_096

export interface SimulatedDiskOptions {
  /** What is there at first; the disk does not change it. Default: an empty root. */
  readonly state?: DiskState
  /** Decides what a failure does. */
  readonly random?: Random
  /** What every call waits for before it does anything, as for a real disk. Default: nothing but a microtask. */
  readonly latency?: () => Promise<void>
  /** Milliseconds since 1970. Default: the system's clock. */
  readonly now?: () => number
  /** The room for files, in bytes. Default: no limit. */
  readonly capacity?: number
}

export class SimulatedDisk implements FileSystem {
  readonly #state: DiskState
  readonly #random: Random
  readonly #latency: () => Promise<void>
  readonly #now: () => number
  readonly #opens = new Map<number, number>()
  readonly #operations: DiskOperation[] = []
  readonly #capacity: number
  #plan: FaultPlan | undefined

  constructor(options: SimulatedDiskOptions = {}) {
    this.#state = new DiskState(options.state)
    this.#random = options.random ?? randomFrom(0)
    this.#latency = options.latency ?? (() => Promise.resolve())
    this.#now = options.now ?? Date.now
    this.#capacity = options.capacity ?? Number.POSITIVE_INFINITY
  }

  /** The changes so far, in their order. */
  get operations(): readonly DiskOperation[] {
    return this.#operations
  }

  /** The disk as it is now, pending changes included: what another program on the machine would find. */
  get state(): DiskState {
    return new DiskState(this.#state)
  }

  /** The room that files take, also those without a name that are still open. */
  get usedBytes(): number {
    const named = new Set(this.#opens.keys())
    for (const [, node] of this.#state.nodes()) {
      if (node.type === 'directory') for (const number of node.names.values()) named.add(number)
    }
    return [...named].reduce(
      (used, number) => used + roomOf(this.#state.file(number)?.content.length ?? 0),
      0,
    )
  }

  /** Plans a failure in the place of one planned before; `undefined` for none. */
  set fault(fault: Fault | undefined) {
    this.#plan = fault === undefined ? undefined : new FaultPlan(fault)
  }

  /** How often the planned failure has struck. */
  get strikes(): number {
    return this.#plan?.strikes ?? 0
  }

  /** The call that the planned failure struck first. */
  get firstStrike(): Call | undefined {
    return this.#plan?.first
  }

  // Names

  async status(path: string): Promise<EntryStatus | undefined> {
    await this.#begin('status', path)
    const number = this.#find(path, 'lstat')
    const node = number === undefined ? undefined : this.#state.node(number)
    if (node === undefined) return undefined
    const size = node.type === 'file' ? node.content.length : 0
    return { type: node.type, size, modifiedAt: node.modifiedAt }
  }

  existsSync(path: string): boolean {
    try {
      return this.#find(path, 'access') !== undefined
    } catch {
      return false
    }
  }

  async list(path: string): Promise<readonly string[]> {
    await this.#begin('list', path)
    return [...this.#directoryAt(path, 'scandir').directory.names.keys()]
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#begin('makeDirectory', path)
    this.#make(path, 'directory', 'mkdir')
  }

  async link(from: string, to: string): Promise<void> {
    await this.#begin('link', to)
    const node = this.#existing(from, 'link')
    const { parent, name } = this.#placeOf(to, 'link')
    if (this.#state.directory(parent)?.names.has(name)) throw systemError('EEXIST', 'link', to)
    if (this.#state.file(node) === undefined) throw systemError('EPERM', 'link', from)
    this.#setNames([{ directory: parent, settings: [[name, node]] }])
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#begin('rename', from)
    const source = this.#placeOf(from, 'rename')
    const target = this.#placeOf(to, 'rename')
    const node = this.#existing(from, 'rename')
    const replaced = this.#find(to, 'rename')
    // Two names of one file: POSIX says that nothing happens.
    if (replaced === node) return
    if (isWithin(to, from)) throw systemError('EINVAL', 'rename', from)
    if (isWithin(from, to)) throw systemError('ENOTEMPTY', 'rename', to)
    if (replaced !== undefined) this.#checkReplacing(node, replaced, to)
    const goes: NameSetting = [source.name, undefined]
    const comes: NameSetting = [target.name, node]
    this.#setNames(
      source.parent === target.parent
        ? [{ directory: source.parent, settings: [goes, comes] }]
        : [
            { directory: source.parent, settings: [goes] },
            { directory: target.parent, settings: [comes] },
          ],
    )
  }

  #checkReplacing(node: number, replaced: number, to: string): void {
    const directory = this.#state.directory(replaced)
    const isDirectory = this.#state.directory(node) !== undefined
    if (directory !== undefined && !isDirectory) throw systemError('EISDIR', 'rename', to)
    if (directory === undefined && isDirectory) throw systemError('ENOTDIR', 'rename', to)
    if (directory !== undefined && directory.names.size > 0) throw systemError('ENOTEMPTY', 'rename', to)
  }

  async remove(path: string): Promise<void> {
    await this.#begin('remove', path)
    const node = this.#existing(path, 'rm')
    if (this.#state.directory(node) !== undefined) throw systemError('ERR_FS_EISDIR', 'rm', path)
    const { parent, name } = this.#placeOf(path, 'rm')
    this.#setNames([{ directory: parent, settings: [[name, undefined]] }])
  }

  async touch(path: string): Promise<void> {
    await this.#begin('touch', path)
    this.#do({ type: 'touch', node: this.#existing(path, 'utime'), at: this.#now() })
  }

  async syncDirectory(path: string): Promise<void> {
    const upTo = this.#state.sequence
    await this.#begin('syncDirectory', path)
    this.#do({ type: 'sync directory', directory: this.#directoryAt(path, 'fsync').number, upTo })
    this.#state.forgetUnnamed((node) => this.#opens.has(node))
  }

  // Files

  async open(path: string, mode: OpenMode): Promise<OpenFile> {
    await this.#begin(mode === 'create' ? 'create' : 'open', path)
    const node = mode === 'create' ? this.#make(path, 'file', 'open') : this.#existing(path, 'open')
    if (this.#state.file(node) === undefined) throw systemError('EISDIR', 'open', path)
    this.#opens.set(node, (this.#opens.get(node) ?? 0) + 1)
    return this.#openFile(node, path, mode)
  }

  #openFile(node: number, path: string, mode: OpenMode): OpenFile {
    let isOpen = true
    const file = (call: string, code = 'EBADF', writes = false): FileNode => {
      const found = this.#state.file(node)
      if (!isOpen || found === undefined) throw systemError('EBADF', call, path)
      if (writes && mode === 'read') throw systemError(code, call, path)
      return found
    }
    const write = (bytes: Uint8Array, position: number, effect: Fault['effect'] | undefined): number =>
      this.#write(node, path, file('write', 'EBADF', true), bytes, position, effect)
    return {
      read: async (buffer, position) => {
        const effect = await this.#begin('read', path)
        const length = effect === 'short' ? shortLength(buffer.length, this.#random) : buffer.length
        return file('read').content.read(buffer.subarray(0, length), position)
      },
      write: async (bytes, position) => {
        // What the caller does with its buffer while the disk is slow is the caller's fault.
        await this.#latency()
        return write(bytes, position, this.#plan?.strike({ kind: 'write', path }))
      },
      writeSync: (bytes, position) => {
        // The number of a closed file is none that Node would ask the system with.
        if (!isOpen) throw systemError('ERR_OUT_OF_RANGE', 'write', path)
        return write(bytes, position, this.#plan?.strike({ kind: 'write', path }))
      },
      sync: async () => {
        const upTo = this.#state.sequence
        await this.#latency()
        file('fdatasync')
        this.#sync(node, path, upTo)
      },
      syncBlocking: () => {
        if (!isOpen) throw systemError('ERR_OUT_OF_RANGE', 'fdatasync', path)
        this.#sync(node, path, this.#state.sequence)
      },
      truncate: async (length) => {
        await this.#begin('truncate', path)
        file('ftruncate', 'EINVAL', true)
        this.#do({ type: 'truncate', node, length, at: this.#now() })
      },
      close: async () => {
        if (!isOpen) return
        isOpen = false
        const opens = (this.#opens.get(node) ?? 1) - 1
        if (opens > 0) this.#opens.set(node, opens)
        else this.#opens.delete(node)
        await this.#begin('close', path)
      },
    }
  }

  #write(
    node: number,
    path: string,
    file: FileNode,
    bytes: Uint8Array,
    position: number,
    effect: Fault['effect'] | undefined,
  ): number {
    const room = this.#roomFor(file, position, bytes.length)
    const isFull = bytes.length > 0 && room === 0
    if (effect === 'ENOSPC' || isFull) throw systemError('ENOSPC', 'write', path)
    const length = Math.min(room, this.#writtenBytes(bytes.length, effect))
    if (length > 0) {
      this.#do({
        type: 'write',
        node,
        position,
        bytes: new Uint8Array(bytes.subarray(0, length)),
        at: this.#now(),
      })
    }
    if (effect === 'EIO') throw systemError('EIO', 'write', path)
    return length
  }

  #writtenBytes(length: number, effect: Fault['effect'] | undefined): number {
    if (effect === 'EIO') return this.#random.below(length + 1)
    return effect === 'short' ? shortLength(length, this.#random) : length
  }

  /** How many bytes of a write there is room for. */
  #roomFor(file: FileNode, position: number, length: number): number {
    const free = Math.max(0, this.#capacity - this.usedBytes)
    const end = roomOf(file.content.length) + Math.floor(free / BLOCK_BYTES) * BLOCK_BYTES
    return Math.max(0, Math.min(length, end - position))
  }

  /** A sync that fails has lost some of the changes: the system takes them for written from then on. */
  #sync(node: number, path: string, upTo: number): void {
    const effect = this.#plan?.strike({ kind: 'sync', path })
    if (effect === undefined || effect === 'short') {
      this.#do({ type: 'sync', node, upTo })
      return
    }
    const lost = new Set<number>()
    for (const { sequence } of this.#state.file(node)?.pending ?? []) {
      if (sequence <= upTo && this.#random.percent(50)) lost.add(sequence)
    }
    this.#do({ type: 'failed sync', node, upTo, lost })
    throw systemError(effect, 'fdatasync', path)
  }

  // Inside

  /** Waits as for a disk, and fails where that was planned. */
  async #begin(kind: CallKind, path: string): Promise<Fault['effect'] | undefined> {
    await this.#latency()
    const effect = this.#plan?.strike({ kind, path })
    if (effect === 'EIO' || effect === 'ENOSPC') throw systemError(effect, kind, path)
    return effect
  }

  #do(operation: DiskOperation): void {
    this.#state.apply(operation)
    this.#operations.push(operation)
  }

  #make(path: string, type: DiskNode['type'], call: string): number {
    const { parent, name } = this.#placeOf(path, call)
    if (name === '' || this.#state.directory(parent)?.names.has(name)) throw systemError('EEXIST', call, path)
    const node = this.#state.nextNode
    this.#setNames([{ directory: parent, settings: [[name, node]] }], { node, type })
    return node
  }

  #setNames(
    changes: readonly DirectoryChange[],
    makes?: { readonly node: number; readonly type: DiskNode['type'] },
  ): void {
    const operation = { type: 'names', changes, at: this.#now() } as const
    this.#do(makes === undefined ? operation : { ...operation, makes })
  }

  /** What stands under a path, `undefined` where nothing does; fails where the way there leads through a file. */
  #find(path: string, call: string): number | undefined {
    let number: number | undefined = ROOT
    for (const name of path.split('/').filter((part) => part !== '')) {
      if (number === undefined) return undefined
      const node = this.#state.node(number)
      if (node?.type === 'file') throw systemError('ENOTDIR', call, path)
      number = node?.names.get(name)
    }
    return number
  }

  #existing(path: string, call: string): number {
    const number = this.#find(path, call)
    if (number === undefined) throw systemError('ENOENT', call, path)
    return number
  }

  #directoryAt(path: string, call: string): { readonly number: number; readonly directory: DirectoryNode } {
    const number = this.#existing(path, call)
    const directory = this.#state.directory(number)
    if (directory === undefined) throw systemError('ENOTDIR', call, path)
    return { number, directory }
  }

  /** A path's directory, which must be there, and its last name. */
  #placeOf(path: string, call: string): { readonly parent: number; readonly name: string } {
    const names = path.split('/').filter((part) => part !== '')
    const name = names.pop() ?? ''
    return { parent: this.#directoryAt(`/${names.join('/')}`, call).number, name }
  }
}

/** Whether a path leads through another. */
function isWithin(path: string, other: string): boolean {
  return path.startsWith(`${other}/`)
}

function roomOf(length: number): number {
  return Math.ceil(length / BLOCK_BYTES) * BLOCK_BYTES
}
