/** The door to all that the schema holds. */

import type { Contents, Layout } from '@coffer/core/backend'
import { schemaOf, tableOf } from '@coffer/sql'
import { heldLayouts } from './held-layouts.ts'
import { mergeRows } from './merging.ts'
import { dumpSchema } from './native-backup.ts'
import { restoreDump } from './native-restore.ts'
import type { ResolvedOptions } from './options.ts'
import type { Place } from './place.ts'
import { replaceContents } from './replacement.ts'
import { storedSchema } from './schema-state.ts'
import type { Session } from './session.ts'
import { takeSnapshot } from './snapshot.ts'
import { readOnlyError } from './transaction.ts'

/** How the backend runs work, again where it may be. */
export interface Runner {
  reading<T>(work: (session: Session) => Promise<T>): Promise<T>
  writing<T>(work: (session: Session) => Promise<T>): Promise<T>
}

/** The contents of a place. */
export function contentsOf(place: Place, options: ResolvedOptions, runner: Runner): Contents {
  const { dialect } = place.schema
  return {
    layouts: () =>
      runner.reading(async (session) => heldLayouts((await storedSchema(place.schema, session, [])).layouts)),
    snapshot: (run) => takeSnapshot(place, run),
    replace: async (replacement, run) => {
      if (options.readOnly) throw readOnlyError()
      return replaceContents(place, options, replacement, run)
    },
    merge: (layout, merge) => runner.writing((session) => mergeRows(place, session, layout, merge)),
    statements: (held: Layout | undefined, wanted: Layout) => {
      const table = tableOf(dialect, wanted)
      if (held !== undefined) return dialect.schema.change(table, tableOf(dialect, held))
      const { table: own, around, guards } = schemaOf(table)
      return [own.create, ...around.map((object) => object.create), ...guards.create]
    },
    nativeBackup: async (path, { signal } = {}) => {
      const text = "SELECT current_setting('server_version_num'), pg_is_in_recovery()"
      const [row] = await runner.reading((session) => session.ask({ text }))
      const server = { version: Number(row?.[0]), isStandby: row?.[1] === 't' }
      return dumpSchema(options, path, server, signal)
    },
    nativeRestore: async (path, restoring) => {
      if (options.readOnly) throw readOnlyError()
      await restoreDump(place, options, path, restoring)
    },
  }
}
