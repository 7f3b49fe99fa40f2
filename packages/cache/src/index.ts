/** The cache that core puts in front of a backend where a store's config says `cache`. */

export { withCache } from './with-cache.ts'
