/** Faults in the replacing of everything that a place holds. */

import { isLive, type NewRow, type Snapshot, StoreError } from '@coffer/core/backend'
import {
  allFloorsIn,
  allRowsIn,
  contentsFault,
  isSameKey,
  loadedRowsFault,
  loaderFault,
} from './contents-fault.ts'
import type { Fault } from './fault.ts'

/** Whether any row of a snapshot is one that counts. */
async function hasRow(snapshot: Snapshot, counts: (row: NewRow) => boolean): Promise<boolean> {
  for (const { layout } of snapshot.layouts) {
    if ((await allRowsIn(snapshot, layout)).some(counts)) return true
  }
  return false
}

function notEmpty(): StoreError {
  return new StoreError('ALREADY_EXISTS', 'the place is not empty')
}

const undone: readonly Fault[] = [
  contentsFault('replace-half', 'O4', 'what was loaded before the callback has thrown stays', (contents) => ({
    replace: async (replacement, run) => {
      let thrown: { readonly error: unknown } | undefined
      const answer = await contents.replace(replacement, async (loader) => {
        try {
          return { value: await run(loader) }
        } catch (error) {
          thrown = { error }
          return undefined
        }
      })
      if (answer === undefined) throw thrown?.error
      return answer.value
    },
  })),
  contentsFault(
    'replace-empties-first',
    'O4',
    'a place is emptied before it is filled, in a commit of its own',
    (contents) => ({
      replace: async (replacement, run) => {
        const { onlyIfEmpty } = replacement
        await contents.replace({ layouts: [], onlyIfEmpty }, async () => undefined)
        return contents.replace(replacement, run)
      },
    }),
  ),
  contentsFault(
    'replace-layouts-stay',
    'O4',
    'tables that were made stay when the callback throws',
    (contents, backend) => ({
      replace: async (replacement, run) => {
        try {
          return await contents.replace(replacement, run)
        } catch (error) {
          await backend.open(replacement.layouts.map(({ layout }) => layout))
          throw error
        }
      },
    }),
  ),
  loaderFault(
    'replace-duplicate-ignored',
    'O4',
    'a row that comes twice counts as it came first',
    (loader) => {
      const loaded: NewRow[] = []
      return {
        rows: async (layout, rows) => {
          for (const row of rows) {
            if (loaded.some((each) => isSameKey(each, row) && rows.length > 0)) continue
            loaded.push(row)
            await loader.rows(layout, [row])
          }
        },
      }
    },
  ),
  loaderFault('replace-loads-some', 'O4', 'only the first 1,000 rows of a call are loaded', (loader) => ({
    rows: (layout, rows) => loader.rows(layout, rows.slice(0, 1_000)),
  })),
  loaderFault('replace-needs-order', 'O4', 'rows that come out of order are left out', (loader) => {
    const last = new Map<string, string>()
    return {
      rows: async (layout, rows) => {
        for (const row of rows) {
          if (row.id < (last.get(`${layout.name} ${row.tenant}`) ?? '')) continue
          last.set(`${layout.name} ${row.tenant}`, row.id)
          await loader.rows(layout, [row])
        }
      },
    }
  }),
  loaderFault('replace-one-at-a-time', 'O4', 'rows that come while others are loaded are lost', (loader) => {
    let isBusy = false
    return {
      rows: async (layout, rows) => {
        if (isBusy) return
        isBusy = true
        await loader.rows(layout, rows).finally(() => {
          isBusy = false
        })
      },
    }
  }),
  contentsFault('replace-answers-nothing', 'O4', 'what the callback answers is lost', (contents) => ({
    replace: async <T>(...parameters: Parameters<typeof contents.replace<T>>) => {
      await contents.replace(...parameters)
      return undefined as T
    },
  })),
]

const leftOver: readonly Fault[] = [
  contentsFault('replace-leaves-rows', 'O4', 'rows that nothing was loaded over stay', (contents) => ({
    replace: async (replacement, run) => {
      const before = new Map<string, readonly NewRow[]>()
      await contents.snapshot(async (snapshot) => {
        for (const { layout } of snapshot.layouts) before.set(layout.name, await allRowsIn(snapshot, layout))
      })
      return contents.replace(replacement, async (loader) => {
        const loaded: (NewRow & { readonly layout: string })[] = []
        const answer = await run({
          floors: (layout, floors) => loader.floors(layout, floors),
          rows: (layout, rows) => {
            loaded.push(...rows.map((row) => ({ ...row, layout: layout.name })))
            return loader.rows(layout, rows)
          },
        })
        for (const { layout } of replacement.layouts) {
          const own = loaded.filter((row) => row.layout === layout.name)
          const left = (before.get(layout.name) ?? []).filter(
            (row) => !own.some((each) => isSameKey(each, row)),
          )
          await loader.rows(layout, left)
        }
        return answer
      })
    },
  })),
  contentsFault('replace-leaves-floors', 'O4', 'floors of what was there before stay', (contents) => ({
    replace: (replacement, run) =>
      contents.snapshot(async (snapshot) => {
        const held = new Set(snapshot.layouts.map(({ layout }) => layout.name))
        return contents.replace(replacement, async (loader) => {
          for (const { layout } of replacement.layouts) {
            if (held.has(layout.name)) await loader.floors(layout, await allFloorsIn(snapshot, layout))
          }
          return run(loader)
        })
      }),
  })),
  contentsFault(
    'replace-leaves-tables',
    'O4',
    'tables that are not among the new ones stay with their rows',
    (contents) => ({
      replace: (replacement, run) =>
        contents.snapshot(async (snapshot) => {
          const names = new Set(replacement.layouts.map(({ layout }) => layout.name))
          const others = snapshot.layouts.filter(({ layout }) => !names.has(layout.name))
          const layouts = [...replacement.layouts, ...others]
          return contents.replace({ ...replacement, layouts }, async (loader) => {
            const answer = await run(loader)
            for (const { layout } of others) await loader.rows(layout, await allRowsIn(snapshot, layout))
            return answer
          })
        }),
    }),
  ),
]

const emptiness: readonly Fault[] = [
  contentsFault(
    'only-if-empty-ignored',
    'O4',
    'a place with rows is replaced also where it had to be empty',
    (contents) => ({
      replace: (replacement, run) => contents.replace({ ...replacement, onlyIfEmpty: false }, run),
    }),
  ),
  contentsFault(
    'only-if-empty-before-lock',
    'O4',
    'whether a place is empty is looked at before it is locked',
    (contents) => ({
      replace: async (replacement, run) => {
        if (
          replacement.onlyIfEmpty &&
          (await contents.snapshot((snapshot) => hasRow(snapshot, () => true)))
        ) {
          throw notEmpty()
        }
        return contents.replace({ ...replacement, onlyIfEmpty: false }, run)
      },
    }),
  ),
  ...onlyIfEmptyOf('live-rows', 'soft-deleted rows', (row) => row.deletedAt === null),
  ...onlyIfEmptyOf('lasting-rows', 'rows with a deadline', (row) => isLive(row, Number.MAX_SAFE_INTEGER)),
  ...onlyIfEmptyOf('one-tenant', 'rows of other tenants', (row) => row.tenant === 'default'),
  contentsFault(
    'only-if-empty-histories',
    'O4',
    'a place with nothing but the past of records counts as empty',
    (contents) => ({
      replace: async (replacement, run) => {
        const onlyIfEmpty =
          replacement.onlyIfEmpty &&
          (await contents.snapshot((snapshot) => hasRow(snapshot, (row) => !/^\d{16}:/.test(row.id))))
        return contents.replace({ ...replacement, onlyIfEmpty }, run)
      },
    }),
  ),
  contentsFault('only-if-empty-tables', 'O4', 'a place with tables counts as one with rows', (contents) => ({
    replace: async (replacement, run) => {
      if (replacement.onlyIfEmpty && (await contents.layouts()).length > 0) throw notEmpty()
      return contents.replace(replacement, run)
    },
  })),
]

function onlyIfEmptyOf(name: string, ignored: string, counts: (row: NewRow) => boolean): readonly Fault[] {
  return [
    contentsFault(
      `only-if-empty-${name}`,
      'O4',
      `a place with nothing but ${ignored} counts as empty`,
      (contents) => ({
        replace: async (replacement, run) => {
          const onlyIfEmpty =
            replacement.onlyIfEmpty && (await contents.snapshot((snapshot) => hasRow(snapshot, counts)))
          return contents.replace({ ...replacement, onlyIfEmpty }, run)
        },
      }),
    ),
  ]
}

const asItWas: readonly Fault[] = [
  loaderFault('replace-floors-lost', 'O4', 'floors are not loaded', () => ({
    floors: async () => undefined,
  })),
  loadedRowsFault('replace-deadlines-lost', 'rows are loaded without their deadlines', (row) => ({
    ...row,
    expiresAt: null,
  })),
  loadedRowsFault('replace-deletions-lost', 'soft-deleted rows are loaded as live ones', (row) => ({
    ...row,
    deletedAt: null,
  })),
  loadedRowsFault('replace-versions-restart', 'rows are loaded with the version 1', (row) => ({
    ...row,
    version: 1,
  })),
  loadedRowsFault('replace-counts-as-write', 'rows are loaded with the version after their own', (row) => ({
    ...row,
    version: row.version + 1,
  })),
  loadedRowsFault('replace-times-of-loading', 'rows are loaded as changed at the time of loading', (row) => ({
    ...row,
    updatedAt: Date.now(),
  })),
  loadedRowsFault('replace-fields-lost', 'rows are loaded without the values of their fields', (row) => ({
    ...row,
    fields: row.fields.map(() => null),
  })),
  loadedRowsFault('replace-one-tenant', 'rows of every tenant are loaded for the default one', (row) => ({
    ...row,
    tenant: 'default',
  })),
  hashesLost(),
  contentsFault('replace-stale-lost', 'O5', 'a layout that was stale counts as written anew', (contents) => ({
    replace: (replacement, run) => {
      const layouts = replacement.layouts.map((held) => ({ ...held, stale: false }))
      return contents.replace({ ...replacement, layouts }, run)
    },
  })),
  contentsFault(
    'replace-always-stale',
    'O5',
    'every layout is written anew after it was loaded',
    (contents) => ({
      replace: (replacement, run) => {
        const layouts = replacement.layouts.map((held) => ({ ...held, stale: true }))
        return contents.replace({ ...replacement, layouts }, run)
      },
    }),
  ),
  contentsFault(
    'replace-append-only-lost',
    'O5',
    'append-only layouts are made as ordinary ones',
    (contents) => ({
      replace: (replacement, run) => {
        const layouts = replacement.layouts.map(({ layout, stale }) => ({
          layout: { ...layout, appendOnly: false },
          stale,
        }))
        return contents.replace({ ...replacement, layouts }, run)
      },
    }),
  ),
  loaderFault(
    'replace-internal-lost',
    'O7',
    'rows of what Coffer keeps for itself are not loaded',
    (loader) => ({
      rows: async (layout, rows) => {
        if (!layout.name.startsWith('coffer_')) await loader.rows(layout, rows)
      },
    }),
  ),
]

function hashesLost(): Fault {
  const fault = loadedRowsFault('replace-hashes-lost', 'rows are loaded without their hashes', (row) => ({
    ...row,
    hash: null,
  }))
  return { ...fault, clause: 'O5' }
}

export const replacementFaults: readonly Fault[] = [...undone, ...leftOver, ...emptiness, ...asItWas]
