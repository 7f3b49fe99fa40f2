/** Two families of collections that refer to one another: one that restricts, one that cascades. */

import { type BaseStore, defineCollection } from '@coffer/core'
import * as z from 'zod'

const authors = defineCollection({
  name: 'authors',
  schema: z.object({ id: z.string(), born: z.int().optional() }),
  key: 'id',
  softDelete: true,
})
/** Refers to authors, which may not be removed while it does. */
export const books = defineCollection({
  name: 'books',
  schema: z.object({ id: z.string(), author: z.string().nullable().optional() }),
  key: 'id',
  references: { author: { collection: 'authors' } },
})
const reviews = defineCollection({
  name: 'reviews',
  schema: z.object({ id: z.string(), book: z.string() }),
  key: 'id',
  references: { book: { collection: 'books', onDelete: 'restrict' } },
})

/** Authors, whose books may not be left behind, and the books' reviews likewise. */
export function restricted(store: BaseStore) {
  return {
    authors: store.collection(authors),
    books: store.collection(books),
    reviews: store.collection(reviews),
  }
}

const folders = defineCollection({ name: 'folders', schema: z.object({ id: z.string() }), key: 'id' })
const files = defineCollection({
  name: 'files',
  schema: z.object({ id: z.string(), folder: z.string() }),
  key: 'id',
  references: { folder: { collection: 'folders', onDelete: 'cascade' } },
  softDelete: true,
})
const pages = defineCollection({
  name: 'pages',
  schema: z.object({ id: z.string(), file: z.string() }),
  key: 'id',
  references: { file: { collection: 'files', onDelete: 'cascade' } },
})
const links = defineCollection({
  name: 'links',
  schema: z.object({ id: z.string(), page: z.string() }),
  key: 'id',
  references: { page: { collection: 'pages', onDelete: 'restrict' } },
})

/** Folders that take their files along, and these their pages; a link keeps its page. */
export function cascading(store: BaseStore) {
  return {
    folders: store.collection(folders),
    files: store.collection(files),
    pages: store.collection(pages),
    links: store.collection(links),
  }
}
