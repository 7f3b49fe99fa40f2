/** The PostgreSQL backend of Coffer. */

export { createDatabase } from './create-database.ts'
export { dropSchema } from './drop-schema.ts'
export { postgres, postgres as createBackend } from './postgres.ts'
