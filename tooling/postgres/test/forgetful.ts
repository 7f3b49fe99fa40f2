/** A program that starts a server, says where, and never ends it. */

import { dirname } from 'node:path'
import { startPostgres } from '../src/index.ts'

const { process: control } = await startPostgres({ kind: 'embedded' })
if (control === undefined) throw new Error('an embedded server has a process')
console.log(JSON.stringify({ pid: control.pid(), folder: dirname(control.dataDirectory) }))
setInterval(() => undefined, 60_000)
