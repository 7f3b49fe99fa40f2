/** The SQLite backend of Coffer. */

export { sqlite, sqlite as createBackend } from './sqlite.ts'
