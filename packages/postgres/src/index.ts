/** The PostgreSQL backend of Coffer. */

export { postgres, postgres as createBackend } from './postgres.ts'
