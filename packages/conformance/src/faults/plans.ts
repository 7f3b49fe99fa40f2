/** Faults in what plans are made from: what a place is asked, its counts of rows, and statements. */

import { type Backend, type Contents, type Inspection, type Layout, StoreError } from '@coffer/core/backend'
import { overridden } from '../wrapped-backend.ts'
import { contentsFault } from './contents-fault.ts'
import type { Fault } from './fault.ts'

function countFault(id: string, title: string, rows: (counted: number) => number): Fault {
  const change = (inspection: Inspection): Inspection => ({
    ...inspection,
    sizes: inspection.sizes.map((size) => ({ ...size, rows: rows(size.rows), isEstimate: false })),
  })
  return {
    id,
    clause: 'O8',
    title,
    plant: (backend) => {
      const inspect = backend.inspect?.bind(backend)
      return inspect === undefined
        ? backend
        : overridden(backend, { inspect: async (counting) => change(await inspect(counting)) })
    },
  }
}

function statementsFault(
  id: string,
  title: string,
  statements: (backend: Backend) => NonNullable<Contents['statements']>,
): Fault {
  return contentsFault(id, 'O8', title, (_contents, backend) => ({ statements: statements(backend) }))
}

const making = (wanted: Layout) => [`CREATE TABLE ${wanted.name} ()`]

/** O8: what a plan says. */
export const planFaults: readonly Fault[] = [
  countFault('plan-rows-unseen', 'every layout is said to have no rows', () => 0),
  countFault('plan-rows-seen-everywhere', 'layouts without rows are said to have some', (rows) => rows + 1),
  contentsFault(
    'plan-settles',
    'O8',
    'whoever asks what a place holds ends its rewriting',
    (contents, backend) => ({
      layouts: async () => {
        const held = await contents.layouts()
        for (const { layout, stale } of held) if (stale) await backend.reindex(layout, [], true)
        return contents.layouts()
      },
    }),
  ),
  {
    id: 'plan-by-opening',
    clause: 'O8',
    title: 'layouts that are open elsewhere are refused to those who ask',
    plant: (backend) => {
      const { contents } = backend
      if (contents === undefined) return backend
      let isOpen = false
      return overridden(backend, {
        open: (layouts) => {
          isOpen ||= layouts.length > 0
          return backend.open(layouts)
        },
        contents: overridden(contents, {
          layouts: async () => {
            if (isOpen) throw new StoreError('BUSY', 'in use')
            return contents.layouts()
          },
        }),
      })
    },
  },
  {
    id: 'is-there-by-opening',
    clause: 'O8',
    title: 'whoever asks whether anything was made makes a place',
    plant: (backend) =>
      overridden(backend, {
        isThere: async () => {
          const isThere = (await backend.isThere?.()) ?? true
          await backend.open([])
          return isThere
        },
      }),
  },
  {
    id: 'is-never-there',
    clause: 'O8',
    title: 'nothing was ever made, whatever was',
    plant: (backend) => overridden(backend, { isThere: async () => false }),
  },
  statementsFault('statements-none', 'there are statements, and none for anything', () => () => []),
  statementsFault('statements-empty', 'a statement says nothing', () => () => ['']),
  statementsFault(
    'statements-of-new-alone',
    'only what is made has statements',
    () => (held, wanted) => (held === undefined ? making(wanted) : []),
  ),
  statementsFault('statements-run', 'statements that are told are run', (backend) => (_held, wanted) => {
    void backend.open([wanted])
    return making(wanted)
  }),
]
