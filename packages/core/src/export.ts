/** Export: everything of a tenant as canonical JSON lines, the same bytes from every backend. */

import { isInternal } from './definition.ts'
import { canonicalJson } from './json.ts'
import type { BaseStore } from './store.ts'

/**
 * One line per live record: `{ collection, record, version }` in RFC 8785 form, collections by name and
 * records by key. Records stand as they are stored. Times that the store itself keeps are left out, so two
 * stores with the same records give the same lines.
 *
 * @param collections the names of the collections; default: all that the store knows
 */
export async function* exportLines(
  store: BaseStore,
  collections?: readonly string[],
): AsyncGenerator<string> {
  for (const definition of store.definitions) {
    if (isInternal(definition.name)) continue
    if (collections !== undefined && !collections.includes(definition.name)) continue
    for await (const { document, version } of store.collection(definition).iterateDocuments()) {
      yield canonicalJson({ collection: definition.name, record: document, version })
    }
  }
}
