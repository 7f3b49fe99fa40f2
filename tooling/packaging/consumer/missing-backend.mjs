// An application that has installed the core alone.
import assert from 'node:assert/strict'
import { createStore } from '@coffer/core'

for (const [config, packageName] of [
  [{ type: 'sqlite', path: 'notes.db' }, '@coffer/sqlite'],
  [{ type: 'memory' }, '@coffer/memory'],
  [{ type: 'file', basePath: 'notes' }, '@coffer/file'],
  [{ type: 'postgresql', host: '127.0.0.1' }, '@coffer/postgres'],
  [{ type: 'memory', cache: { ttlMs: 1_000 } }, '@coffer/cache'],
]) {
  await assert.rejects(createStore(config).open(), (error) => {
    assert.equal(error.code, 'UNSUPPORTED')
    assert.match(error.message, new RegExp(`npm install ${packageName}$`))
    return true
  })
}
