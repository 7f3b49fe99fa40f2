import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

test('the server with metrics prints a scrape and ends', () => {
  const program = fileURLToPath(new URL('../src/metrics.ts', import.meta.url))
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout.trimEnd().split('\n')).toEqual([
    'coffer_operations_total{backend="sqlite",collection="notes",operation="put"} 20',
    'coffer_operations_total{backend="sqlite",collection="notes",operation="insert"} 1',
    'coffer_operations_total{backend="sqlite",collection="notes",operation="count"} 1',
    'coffer_operations_total{backend="sqlite",collection="",operation="transaction"} 1',
    'coffer_operation_errors_total{backend="sqlite",collection="notes",operation="insert",code="ALREADY_EXISTS"} 1',
    'coffer_batch_groups_sum{backend="sqlite"} 21',
    'coffer_transaction_attempts_total{backend="sqlite"} 1',
    'coffer_waiting_writes{store="main",backend="sqlite"} 0',
  ])
})
