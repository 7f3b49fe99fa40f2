/** Faults in pages: where one begins, where it ends, and what it carries. */

import { compareRows, ID_FIELD } from '@coffer/core/backend'
import type { Fault } from './fault.ts'
import { withoutId } from './question-rules.ts'
import { byRules } from './requery.ts'
import { onQueries } from './rewrites.ts'
import { alter } from './seams.ts'

export const pageFaults: readonly Fault[] = [
  {
    id: 'page-skips-ties',
    clause: 'R2',
    title: 'the next page begins behind all rows that tie with the last',
    plant: (backend) =>
      alter(
        backend,
        byRules({
          compare: (left, right, order) =>
            'document' in left && 'document' in right
              ? compareRows(left, right, order)
              : compareRows(left, right, withoutId(order)),
        }),
      ),
  },
  {
    id: 'page-repeats-last',
    clause: 'R2',
    title: 'the next page begins with the last row of the page before',
    plant: (backend) =>
      alter(backend, {
        query: async (door, layout, query, at) => {
          const page = await door.query(layout, query, at)
          const before = page.rows.at(-2)
          if (page.next === undefined || before === undefined || query.order.length > 1) return page
          return { ...page, next: { ...page.next, id: before.id } }
        },
      }),
  },
  {
    id: 'page-ignores-offset',
    clause: 'R2',
    title: 'an offset is passed over',
    plant: (backend) =>
      alter(
        backend,
        onQueries((query) => ({ ...query, offset: 0 })),
      ),
  },
  {
    id: 'page-offset-by-one',
    clause: 'R2',
    title: 'an offset passes over one row too many',
    plant: (backend) =>
      alter(
        backend,
        onQueries((query) => ({ ...query, offset: query.offset === 0 ? 0 : query.offset + 1 })),
      ),
  },
  {
    id: 'page-one-too-many',
    clause: 'R2',
    title: 'a page has one row more than its limit',
    plant: (backend) =>
      alter(
        backend,
        onQueries((query) => ({ ...query, limit: query.limit + 1 })),
      ),
  },
  {
    id: 'page-cut-at-100',
    clause: 'R2',
    title: 'a page never has more than 100 rows, and says that it was the last',
    plant: (backend) =>
      alter(backend, {
        query: async (door, layout, query, at) => {
          const page = await door.query(layout, { ...query, limit: Math.min(query.limit, 100) }, at)
          return query.limit > 100 ? { ...page, next: undefined } : page
        },
      }),
  },
  {
    id: 'page-ends-early',
    clause: 'R2',
    title: 'the first page says that there is no other',
    plant: (backend) =>
      alter(backend, {
        query: async (door, layout, query, at) => ({
          ...(await door.query(layout, query, at)),
          next: undefined,
        }),
      }),
  },
  {
    id: 'page-ends-late',
    clause: 'R2',
    title: 'a full page says that there is another, also when there is none',
    plant: (backend) =>
      alter(backend, {
        query: async (door, layout, query, at) => {
          const page = await door.query(layout, { ...query, withFields: true }, at)
          const last = page.rows.at(-1)
          if (page.next !== undefined || last === undefined || page.rows.length < query.limit) return page
          const terms = query.order.filter((term) => term.field !== ID_FIELD)
          return {
            ...page,
            next: { values: terms.map((term) => last.fields?.[term.field] ?? null), id: last.id },
          }
        },
      }),
  },
  {
    id: 'page-forgets-filter',
    clause: 'R2',
    title: 'pages after the first are not filtered',
    plant: (backend) =>
      alter(
        backend,
        onQueries((query) => (query.after === undefined ? query : { ...query, where: undefined })),
      ),
  },
  {
    id: 'page-cursor-ignored',
    clause: 'R2',
    title: 'every page is the first',
    plant: (backend) => {
      let asked = 0
      // A walk over pages would never end.
      return alter(
        backend,
        onQueries((query) => (++asked % 50 === 0 ? query : { ...query, after: undefined })),
      )
    },
  },
  {
    id: 'page-without-fields',
    clause: 'H1',
    title: 'the fields that a question asks for are left out',
    plant: (backend) =>
      alter(backend, {
        query: async (door, layout, query, at) => door.query(layout, { ...query, withFields: false }, at),
      }),
  },
]
