/** What somebody does to a store who goes around it: the database file, or the files of a directory. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import Database from 'better-sqlite3'
import { folder } from './command.ts'

/** Ways to change what is stored. Texts that stand for each other are of one length. */
export interface Tampering {
  /** What `--store` says. */
  readonly store: string
  /** Replaces a text in the document of a row. */
  edit(table: string, id: string, from: string, to: string): void
  /** Takes all rows of a table away, or the one with this id. */
  remove(table: string, id?: string): void
}

/** A database file; guards of its tables are taken away. */
export const sqliteTampering: Tampering = {
  store: 'agents.db',
  edit: (table, id, from, to) =>
    unguarded(table, (database) =>
      database.prepare(`update "${table}" set _doc = replace(_doc, ?, ?) where _id = ?`).run(from, to, id),
    ),
  remove: (table, id) =>
    unguarded(table, (database) =>
      database.prepare(`delete from "${table}" where _id = coalesce(?, _id)`).run(id ?? null),
    ),
}

function unguarded(table: string, change: (database: Database.Database) => Database.RunResult): void {
  const database = new Database(join(folder, 'agents.db'))
  const triggers = database
    .prepare<[string], string>(`select name from sqlite_schema where type = 'trigger' and tbl_name = ?`)
    .pluck()
    .all(table)
  for (const name of triggers) database.exec(`drop trigger "${name}"`)
  const { changes } = change(database)
  database.close()
  if (changes === 0) throw new Error('there is no such row')
}

/** A directory; checksums are made anew. A row that goes is made one of another tenant. */
export const fileTampering: Tampering = {
  store: 'file:./data',
  edit: (table, id, from, to) =>
    forge(table, id, (row) => ({ ...row, record: JSON.parse(JSON.stringify(row.record).replace(from, to)) })),
  remove: (table, id) =>
    forge(table, id, (row) => ({ ...row, tenant: String(row.tenant).replace(/.$/, '0') })),
}

type Row = Readonly<Record<string, unknown>>

function forge(table: string, id: string | undefined, change: (row: Row) => Row): void {
  const path = join(folder, 'data')
  const name = readdirSync(path).find((each) => /^log-\d+\.jsonl$/.test(each)) ?? ''
  let changed = 0
  const forged = (row: Row): Row => {
    if (row.put !== table || (id !== undefined && row.id !== id)) return row
    changed++
    return change(row)
  }
  const lines = readFileSync(join(path, name), 'utf8').trimEnd().split('\n')
  const after = lines.map((line) => {
    const row = JSON.parse(line.replace(/^[0-9a-f]{8} \d+ /, '')) as Row
    const changes = row.changes as readonly Row[] | undefined
    const json = JSON.stringify(
      changes === undefined ? forged(row) : { ...row, changes: changes.map(forged) },
    )
    return `${crc32(json).toString(16).padStart(8, '0')} ${Buffer.byteLength(json)} ${json}\n`
  })
  if (changed === 0) throw new Error('there is no such row')
  writeFileSync(join(path, name), after.join(''))
}
