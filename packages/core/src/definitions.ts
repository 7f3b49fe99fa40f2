/** The collections that a store knows by name, and who refers to whom. */

import type { CollectionDefinition, ResolvedReference } from './definition.ts'
import { invalid } from './errors.ts'
import type { Layout } from './layout.ts'

/** A collection that refers to another, and how. */
export interface InboundReference {
  readonly definition: CollectionDefinition
  readonly reference: ResolvedReference
}

export class Definitions {
  readonly #byName = new Map<string, CollectionDefinition>()
  readonly #inbound = new Map<string, InboundReference[]>()

  /** Adds a definition; one name can't mean two definitions. */
  add(definition: CollectionDefinition): void {
    const known = this.#byName.get(definition.name)
    if (known === definition) return
    if (known !== undefined) {
      throw invalid(
        `collection '${definition.name}' is defined twice; define it once and share the definition`,
      )
    }
    this.#byName.set(definition.name, definition)
    for (const reference of definition.references) {
      const inbound = this.#inbound.get(reference.collection) ?? []
      this.#inbound.set(reference.collection, [...inbound, { definition, reference }])
    }
  }

  /** Every definition, in the order of their names. */
  all(): readonly CollectionDefinition[] {
    return [...this.#byName.values()].sort((left, right) => (left.name < right.name ? -1 : 1))
  }

  /** The collections that refer to this one. */
  inbound(name: string): readonly InboundReference[] {
    return this.#inbound.get(name) ?? []
  }

  /** The collection that a reference names. */
  target(reference: ResolvedReference, from: string): CollectionDefinition {
    const target = this.#byName.get(reference.collection)
    if (target !== undefined) return target
    throw invalid(
      `${from}: it refers to '${reference.collection}', which this store does not know; ` +
        'call store.collection() with that definition first',
    )
  }

  /** The layouts of some definitions, their histories included. */
  static layouts(definitions: readonly CollectionDefinition[]): readonly Layout[] {
    return definitions.flatMap(({ layout }) =>
      layout.history === undefined ? [layout] : [layout, layout.history],
    )
  }
}
