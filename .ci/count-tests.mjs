// Adds up the JSON reports of the test runs in a folder and prints `N passed, N failed, N skipped`.
// Ends with an error when a test failed, when none passed, or when a step is said to have failed.
// Plain JavaScript: it runs on the machine's own Node, before and without anything installed.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const [folder, failedStep] = process.argv.slice(2)
let passed = 0
let failed = 0
let skipped = 0
for (const file of readdirSync(folder)) {
  const report = read(join(folder, file))
  if (report === undefined) continue
  passed += report.numPassedTests
  failed += report.numFailedTests
  skipped += report.numPendingTests + report.numTodoTests
  // A file that can't be loaded has no test that could fail.
  failed += report.testResults.filter(
    (each) => each.status === 'failed' && each.assertionResults.length === 0,
  ).length
}
if (failedStep && failed === 0) failed = 1
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
if (failed > 0 || passed === 0) process.exitCode = 1

/** A report that a killed run left half-written counts as none; its step is named as failed. */
function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
