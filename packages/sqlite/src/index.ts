/** The SQLite backend of Coffer. */

export { type SqliteBackend, sqlite, sqlite as createBackend } from './sqlite.ts'
