/** What backups are called: `coffer-20261121T151612Z.tar`, in the order of their time. */

import type { BackupForm } from './recognize.ts'

/** How the files of each form end. */
export const ENDINGS: Readonly<Record<BackupForm, string>> = {
  archive: 'tar',
  sqlite: 'sqlite',
  pg_dump: 'pgdump',
}

const NAME = /^coffer-(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z(?:-(\d{1,4}))?\.(tar|sqlite|pgdump)$/

/** The name at an instant; the second of one second ends in `-2`. */
export function backupName(at: Date, extension: string, attempt: number): string {
  const stamp = at
    .toISOString()
    .replace(/\.\d{3}/, '')
    .replaceAll(/[-:]/g, '')
  return `coffer-${stamp}${attempt === 0 ? '' : `-${attempt + 1}`}.${extension}`
}

/** What a name says: when it was made, as which of one second, and in which form; `undefined` for other files. */
export function parseBackupName(
  name: string,
): { readonly createdAt: Date; readonly place: number; readonly form: BackupForm } | undefined {
  const [, year, month, day, hour, minute, second, place = '1', ending] = NAME.exec(name) ?? []
  if (year === undefined) return undefined
  const createdAt = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  if (Number.isNaN(createdAt.getTime())) return undefined
  const form = (Object.keys(ENDINGS) as BackupForm[]).find((each) => ENDINGS[each] === ending) as BackupForm
  return { createdAt, place: Number(place), form }
}
