/**
 * How far a place is from the layouts that are wanted, and in which steps opening goes there. It is told for
 * people; what is done is decided by each backend under its own lock.
 */

import type { HeldLayout } from './contents.ts'
import { isInternal } from './definition.ts'
import type { FieldLayout, Layout } from './layout.ts'
import { olderDefinition } from './older-definition.ts'

/** One thing that opening does to the place. */
export interface MigrationStep {
  /** The layout's name: that of the collection, or of its history. */
  readonly collection: string
  readonly change:
    | 'create'
    | 'add-field'
    | 'drop-field'
    | 'change-field'
    | 'add-index'
    | 'drop-index'
    | 'change-columns'
    | 'append-only'
    | 'raise-version'
    | 'rewrite'
    | 'refused'
  /** One sentence for people, without its subject: `adds the field status (text)`. */
  readonly says: string
  /** Of a rewrite: how many rows it goes over, where that is known; an estimate where `says` has `about`. */
  readonly rows?: number
}

/** What stands between a place and the collections of a store. */
export interface MigrationPlan {
  /** Empty when there is nothing to do. */
  readonly steps: readonly MigrationStep[]
  /** Layouts that the place holds and no definition of the store names, in text order. They are left as they are. */
  readonly unknown: readonly string[]
  /** What would be told to the engine for each layout that changes, where it understands statements. */
  readonly statements: readonly { readonly collection: string; readonly statements: readonly string[] }[]
}

/** How many rows a layout has. */
export interface RowCount {
  /** `undefined` where there are some, and nobody knows how many. */
  readonly rows: number | undefined
  readonly isEstimate: boolean
}

/** A layout that is wanted, beside what the place has under its name. */
export interface LayoutChange {
  readonly held: HeldLayout | undefined
  readonly wanted: Layout
  /** The collection whose past it keeps, if it keeps one. */
  readonly historyOf: string | undefined
}

/** Each wanted layout beside the one that is held; the histories stand among the wanted ones. */
export function layoutChanges(held: readonly HeldLayout[], wanted: readonly Layout[]): LayoutChange[] {
  const heldByName = new Map(held.map((each) => [each.layout.name, each]))
  const collections = new Map(wanted.map((layout) => [layout.history?.name, layout.name]))
  return wanted.map((layout) => ({
    held: heldByName.get(layout.name),
    wanted: layout,
    historyOf: collections.get(layout.name),
  }))
}

/** What the place holds beside all that is wanted, without what Coffer keeps for itself. */
export function unknownLayouts(held: readonly HeldLayout[], wanted: readonly Layout[]): string[] {
  const known = new Set(wanted.map((layout) => layout.name))
  return held.map(({ layout }) => layout.name).filter((name) => !known.has(name) && !isInternal(name))
}

/** True when rows of the layout, where it has any, are to be written anew; those of a history never are. */
export function touchesRows(change: LayoutChange): boolean {
  const { held, wanted, historyOf } = change
  if (held === undefined || historyOf !== undefined || olderDefinition(held.layout, wanted)) return false
  return held.stale || held.layout.schemaVersion !== wanted.schemaVersion || fieldsDiffer(held.layout, wanted)
}

/** The steps of one layout. */
export function stepsOf(change: LayoutChange, count: RowCount): MigrationStep[] {
  const { held, wanted, historyOf } = change
  const step = (kind: MigrationStep['change'], says: string): MigrationStep => ({
    collection: wanted.name,
    change: kind,
    says,
  })
  if (held === undefined) return [step('create', creation(wanted, historyOf))]
  const { layout } = held
  const refusal = olderDefinition(layout, wanted)
  // A history is refused with its collection, which is told once.
  if (refusal !== undefined) return historyOf === undefined ? [step('refused', refusal)] : []
  const steps = [
    ...fieldSteps(layout, wanted, step),
    ...indexSteps(layout, wanted, step),
    ...columnSteps(layout, wanted, step),
  ]
  if (layout.appendOnly !== wanted.appendOnly) {
    const says = wanted.appendOnly
      ? 'refuses changes and removals of its records from now on'
      : 'allows changes and removals of its records from now on'
    steps.push(step('append-only', says))
  }
  if (layout.schemaVersion < wanted.schemaVersion) {
    steps.push(
      step('raise-version', `raises the version from ${layout.schemaVersion} to ${wanted.schemaVersion}`),
    )
  }
  if (touchesRows(change) && count.rows !== 0) {
    const { rows } = count
    steps.push({ ...step('rewrite', rewriting(held, wanted, count)), ...(rows !== undefined && { rows }) })
  }
  return steps
}

type MakeStep = (change: MigrationStep['change'], says: string) => MigrationStep

function creation({ fields, indexes, appendOnly }: Layout, historyOf: string | undefined): string {
  if (historyOf !== undefined) return `makes the history of ${historyOf}`
  const kind = appendOnly ? 'makes the append-only collection' : 'makes the collection'
  return `${kind} with ${counted(fields.length, 'field')} and ${counted(indexes.length, 'index', 'indexes')}`
}

function fieldSteps(before: Layout, after: Layout, step: MakeStep): MigrationStep[] {
  const steps: MigrationStep[] = []
  const old = new Map(before.fields.map((field) => [field.name, field]))
  const kept = new Set(after.fields.map((field) => field.name))
  for (const field of before.fields) {
    if (!kept.has(field.name)) steps.push(step('drop-field', `drops the field ${field.name}`))
  }
  for (const field of after.fields) {
    const previous = old.get(field.name)
    if (previous === undefined) steps.push(step('add-field', `adds the field ${described(field)}`))
    else if (!isSame(form(previous), form(field))) {
      steps.push(step('change-field', `changes the field ${field.name}: ${difference(previous, field)}`))
    }
  }
  const names = ({ fields }: Layout) => fields.map((field) => field.name)
  if (steps.length === 0 && !isSame(names(before), names(after))) {
    steps.push(step('change-field', 'puts the fields into another order'))
  }
  return steps
}

function described(field: FieldLayout): string {
  const { name, type, source } = field
  if (source === undefined) return `${name} (${type})`
  return isWords(source) ? `${name}, ${sourceOf(field)}` : `${name} (${type}), taken from ${sourceOf(field)}`
}

function difference(before: FieldLayout, after: FieldLayout): string {
  const parts: string[] = []
  if (before.type !== after.type) parts.push(`from ${before.type} to ${after.type}`)
  if (before.nullable !== after.nullable) {
    parts.push(after.nullable ? 'it may be absent from now on' : 'every record must have it from now on')
  }
  if (!isSame(before.source, after.source)) {
    const [from, to] = [sourceOf(before), sourceOf(after)]
    parts.push(from === to ? `${to} by newer rules` : `now ${to} instead of ${from}`)
  }
  return parts.join(', ')
}

/** The first of the sources of words is the edition of their rules. */
function isWords(source: readonly string[]): boolean {
  return /^words \d+$/.test(source[0] ?? '')
}

function sourceOf({ name, source }: FieldLayout): string {
  if (source === undefined) return name
  return isWords(source) ? `the words of ${listed(source.slice(1))}` : listed(source)
}

function indexSteps(before: Layout, after: Layout, step: MakeStep): MigrationStep[] {
  const [old, wanted] = [indexNames(before), indexNames(after)]
  const steps = [
    ...old
      .filter((index) => !wanted.includes(index))
      .map((index) => step('drop-index', `drops the index (${index})`)),
    ...wanted
      .filter((index) => !old.includes(index))
      .map((index) => step('add-index', `builds the index (${index})`)),
  ]
  if (steps.length === 0 && !isSame(old, wanted)) {
    steps.push(step('change-columns', 'notes its indexes in another order'))
  }
  return steps
}

function indexNames({ fields, indexes }: Layout): string[] {
  return indexes.map((index) => index.map((position) => fields[position]?.name).join(', '))
}

function columnSteps(before: Layout, after: Layout, step: MakeStep): MigrationStep[] {
  const [old, wanted] = [before.documentColumns, after.documentColumns]
  if (isSame(old, wanted)) return []
  const shown = wanted.filter((member) => !old.includes(member))
  const hidden = old.filter((member) => !wanted.includes(member))
  const says = [
    ...(shown.length > 0 ? [`shows ${listed(shown)} in SQL`] : []),
    ...(hidden.length > 0 ? [`no longer shows ${listed(hidden)} in SQL`] : []),
  ]
  return [step('change-columns', says.join(' and ') || 'shows its members in SQL in another order')]
}

function rewriting({ layout }: HeldLayout, wanted: Layout, { rows, isEstimate }: RowCount): string {
  const about = isEstimate ? 'about ' : ''
  const what = rows === undefined ? 'its records' : `${about}${counted(rows, 'record')}`
  if (layout.schemaVersion !== wanted.schemaVersion) {
    return `rewrites ${what} for version ${wanted.schemaVersion}`
  }
  if (fieldsDiffer(layout, wanted)) return `rewrites ${what} for the changed fields`
  return `goes on rewriting ${what}, which was begun and not finished`
}

function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? noun : plural}`
}

function listed(names: readonly string[]): string {
  const last = names.at(-1) ?? ''
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`
}

function fieldsDiffer(left: Layout, right: Layout): boolean {
  return !isSame(left.fields.map(form), right.fields.map(form))
}

function form({ name, type, nullable, source }: FieldLayout): unknown {
  return { name, type, nullable, source }
}

function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}
