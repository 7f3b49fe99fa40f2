/**
 * What a simulated disk holds: what programs see of it, and what of that would survive a loss of power.
 *
 * A write or a truncation is pending until the file is synced; a name that was made, changed or removed until
 * its directory is, or one of the two directories of a move. A sync covers what was done before it began.
 */

import { Content } from './simulated-disk-content.ts'

/** What happens to bytes of a file. `sequence` counts all operations of the disk. */
export type ContentChange = { readonly sequence: number } & (
  | { readonly type: 'write'; readonly position: number; readonly bytes: Uint8Array }
  | { readonly type: 'truncate'; readonly length: number }
)

/** A name, and the node that it leads to from now on: `undefined` where it is gone. */
export type NameSetting = readonly [name: string, node: number | undefined]

/** What happens to the names of a directory at once. A move to another directory is one of each, of one sequence. */
export interface NameChange {
  readonly sequence: number
  readonly settings: readonly NameSetting[]
}

/** The names that an operation changes in one directory. */
export interface DirectoryChange {
  readonly directory: number
  readonly settings: readonly NameSetting[]
}

export interface FileNode {
  readonly type: 'file'
  /** What programs see. */
  readonly content: Content
  /** What is certain to survive, but for the pending changes. */
  readonly durable: Content
  readonly pending: readonly ContentChange[]
  readonly modifiedAt: number
}

export interface DirectoryNode {
  readonly type: 'directory'
  readonly names: ReadonlyMap<string, number>
  readonly durable: ReadonlyMap<string, number>
  readonly pending: readonly NameChange[]
  readonly modifiedAt: number
}

export type DiskNode = FileNode | DirectoryNode

/** One change of the disk. `upTo` is the last sequence that a sync covers; `at` is the time of the change. */
export type DiskOperation =
  | {
      readonly type: 'write'
      readonly node: number
      readonly position: number
      readonly bytes: Uint8Array
      readonly at: number
    }
  | { readonly type: 'truncate'; readonly node: number; readonly length: number; readonly at: number }
  | { readonly type: 'touch'; readonly node: number; readonly at: number }
  | { readonly type: 'sync'; readonly node: number; readonly upTo: number }
  /** The changes that are `lost` will never reach the disk, though programs go on seeing them; others did. */
  | {
      readonly type: 'failed sync'
      readonly node: number
      readonly upTo: number
      readonly lost: ReadonlySet<number>
    }
  | {
      readonly type: 'names'
      readonly changes: readonly DirectoryChange[]
      readonly makes?: { readonly node: number; readonly type: DiskNode['type'] }
      readonly at: number
    }
  | { readonly type: 'sync directory'; readonly directory: number; readonly upTo: number }

export const ROOT = 0

export class DiskState {
  readonly #nodes: Map<number, DiskNode>
  #sequence: number
  #nextNode: number
  /** What stood in the file that was removed last: the blocks that a new file may be given. */
  #freed: Uint8Array

  constructor(from?: DiskState) {
    this.#nodes = new Map(from?.nodes() ?? [[ROOT, emptyNode('directory', 0)]])
    this.#sequence = from?.sequence ?? 0
    this.#nextNode = from?.nextNode ?? ROOT + 1
    this.#freed = from?.freed ?? new Uint8Array(0)
  }

  get sequence(): number {
    return this.#sequence
  }

  /** The number of the next file or directory to be made. */
  get nextNode(): number {
    return this.#nextNode
  }

  get freed(): Uint8Array {
    return this.#freed
  }

  nodes(): Iterable<readonly [number, DiskNode]> {
    return this.#nodes
  }

  node(number: number): DiskNode | undefined {
    return this.#nodes.get(number)
  }

  directory(number: number): DirectoryNode | undefined {
    const node = this.#nodes.get(number)
    return node?.type === 'directory' ? node : undefined
  }

  file(number: number): FileNode | undefined {
    const node = this.#nodes.get(number)
    return node?.type === 'file' ? node : undefined
  }

  /** Puts a node in the place of another, or takes it away. */
  replace(number: number, node: DiskNode | undefined): void {
    if (node === undefined) this.#nodes.delete(number)
    else this.#nodes.set(number, node)
  }

  /** Does an operation, which must be possible. What concerns a node that is gone does nothing. */
  apply(operation: DiskOperation): void {
    this.#sequence++
    switch (operation.type) {
      case 'names':
        this.#applyNames(operation)
        return
      case 'sync directory':
        this.#syncDirectory(operation.directory, operation.upTo)
        return
      default:
        this.#applyToFile(operation)
    }
  }

  #applyNames(operation: Extract<DiskOperation, { type: 'names' }>): void {
    const { changes, makes, at } = operation
    if (makes !== undefined) {
      this.#nodes.set(makes.node, emptyNode(makes.type, at))
      this.#nextNode = Math.max(this.#nextNode, makes.node + 1)
    }
    for (const { directory: number, settings } of changes) {
      const directory = this.directory(number)
      if (directory === undefined) continue
      const pending = [...directory.pending, { sequence: this.#sequence, settings }]
      const names = withSettings(directory.names, [settings])
      this.#nodes.set(number, { ...directory, names, pending, modifiedAt: at })
    }
  }

  #applyToFile(operation: Exclude<DiskOperation, { type: 'names' | 'sync directory' }>): void {
    const node = this.#nodes.get(operation.node)
    if (node === undefined) return
    if (operation.type === 'touch') {
      this.#nodes.set(operation.node, { ...node, modifiedAt: operation.at })
      return
    }
    const file = this.file(operation.node)
    if (file === undefined) return
    if (operation.type === 'sync' || operation.type === 'failed sync') {
      const { upTo } = operation
      const lost = operation.type === 'sync' ? undefined : operation.lost
      const durable = file.durable.copy()
      for (const change of file.pending) {
        if (change.sequence <= upTo && lost?.has(change.sequence) !== true) changeContent(durable, change)
      }
      const pending = file.pending.filter(({ sequence }) => sequence > upTo)
      this.#nodes.set(operation.node, { ...file, durable, pending })
      return
    }
    const change: ContentChange = { ...operation, sequence: this.#sequence }
    const content = file.content.copy()
    changeContent(content, change)
    const pending = [...file.pending, change]
    this.#nodes.set(operation.node, { ...file, content, pending, modifiedAt: operation.at })
  }

  #syncDirectory(synced: number, upTo: number): void {
    const changes = this.directory(synced)?.pending.filter(({ sequence }) => sequence <= upTo) ?? []
    const sequences = new Set(changes.map(({ sequence }) => sequence))
    for (const [number, node] of [...this.#nodes]) {
      if (node.type === 'directory' && sequences.size > 0)
        this.#nodes.set(number, withDurable(node, sequences))
    }
  }

  /** The same disk with other names of files. */
  withNames(renamed: (name: string) => string): DiskState {
    const state = new DiskState(this)
    const renameAll = (names: ReadonlyMap<string, number>) =>
      new Map([...names].map(([name, node]) => [renamed(name), node]))
    for (const [number, node] of this.#nodes) {
      if (node.type === 'file') continue
      const pending = node.pending.map(({ sequence, settings }) => ({
        sequence,
        settings: settings.map(([name, target]): NameSetting => [renamed(name), target]),
      }))
      const names = renameAll(node.names)
      state.replace(number, { ...node, names, durable: renameAll(node.durable), pending })
    }
    return state
  }

  /** Forgets files that no name leads to any more, now or after a crash, unless somebody has them open. */
  forgetUnnamed(isOpen: (node: number) => boolean): void {
    const named = new Set([ROOT])
    for (const node of this.#nodes.values()) {
      if (node.type === 'file') continue
      for (const names of [node.names, node.durable]) for (const number of names.values()) named.add(number)
      for (const { settings } of node.pending) for (const [, number] of settings) named.add(number ?? ROOT)
    }
    for (const [number, node] of [...this.#nodes]) {
      if (named.has(number) || isOpen(number)) continue
      if (node.type === 'file') this.#freed = node.durable.bytes
      this.#nodes.delete(number)
    }
  }
}

function emptyNode(type: DiskNode['type'], modifiedAt: number): DiskNode {
  return type === 'file'
    ? { type, content: new Content(), durable: new Content(), pending: [], modifiedAt }
    : { type, names: new Map(), durable: new Map(), pending: [], modifiedAt }
}

/** A directory of which these changes have become durable. */
function withDurable(directory: DirectoryNode, sequences: ReadonlySet<number>): DirectoryNode {
  const synced = directory.pending.filter(({ sequence }) => sequences.has(sequence))
  if (synced.length === 0) return directory
  const durable = withSettings(
    directory.durable,
    synced.map(({ settings }) => settings),
  )
  const pending = directory.pending.filter(({ sequence }) => !sequences.has(sequence))
  return { ...directory, durable, pending }
}

/** The names after changes, done in their order. */
export function withSettings(
  names: ReadonlyMap<string, number>,
  changes: readonly (readonly NameSetting[])[],
): Map<string, number> {
  const changed = new Map(names)
  for (const [name, node] of changes.flat()) {
    if (node === undefined) changed.delete(name)
    else changed.set(name, node)
  }
  return changed
}

export function changeContent(content: Content, change: ContentChange): void {
  if (change.type === 'write') content.write(change.bytes, change.position)
  else content.truncate(change.length)
}
