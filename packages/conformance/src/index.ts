/** `@coffer/conformance`: the suite that proves a backend, and what proves the suite. */

export { type Case, CaseContext, type Dress, offers, type Requirement } from './case.ts'
export { clauses } from './clauses.ts'
export { type DescribeOptions, describeConformance, type TestRunner } from './describe.ts'
export {
  type DifferentialOptions,
  type DifferentialReport,
  modelHarness,
  runDifferential,
} from './differential/differential.ts'
export { type RoundTripReport, roundTrip } from './differential/documents.ts'
export { allFaults } from './faults/all-faults.ts'
export { clausesOfCore } from './faults/clauses-of-core.ts'
export type { Fault } from './faults/fault.ts'
export { type FaultOptions, type FaultReport, type FaultResult, runFaults } from './faults/run-faults.ts'
export type { Harness, Place } from './harness.ts'
export { ManualClock } from './manual-clock.ts'
export {
  collectionCalls,
  everythingOf,
  happenings,
  happeningsOf,
  logCalls,
  PLACE_HANDLES,
  placeCalls,
  STORE_HANDLES,
  storeCalls,
  unmapped,
} from './method-calls.ts'
export { type CaseResult, type RunOptions, runCase } from './run.ts'
export {
  allCases,
  allClauses,
  type ConformanceOptions,
  type ConformanceReport,
  DEFAULT_SEED,
  runConformance,
} from './suite.ts'
