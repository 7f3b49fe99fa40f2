/** The whole suite: every case there is, and the run that answers a report. */

import type { Case } from './case.ts'
import { aggregationCases } from './cases/aggregation.ts'
import { healthCases } from './cases/asking-health.ts'
import { batchingCases } from './cases/batching.ts'
import { cacheLimitCases } from './cases/cache-limits.ts'
import { cacheRaceCases } from './cases/cache-races.ts'
import { cacheReadingCases } from './cases/cache-reading.ts'
import { cacheWritingCases } from './cases/cache-writing.ts'
import { cascadeCases } from './cases/cascades.ts'
import { consistencyCases } from './cases/consistency.ts'
import { diagnosticsCases } from './cases/diagnostics.ts'
import { errorCases } from './cases/errors-without-values.ts'
import { expiryCases } from './cases/expiry.ts'
import { emptyPlaceCases } from './cases/filling-empty-places.ts'
import { filterCases } from './cases/filters.ts'
import { harnessCases } from './cases/harness.ts'
import { heldLayoutCases } from './cases/held-layouts.ts'
import { hermitageCases } from './cases/hermitage.ts'
import { historyCases } from './cases/history.ts'
import { inspectingCases } from './cases/inspecting.ts'
import { integrityCases } from './cases/integrity.ts'
import { keyCases } from './cases/keys.ts'
import { lifeCases } from './cases/life.ts'
import { logProofCases } from './cases/log-proof.ts'
import { logCases } from './cases/logs.ts'
import { manyValuedPathCases } from './cases/many-valued-paths.ts'
import { mergingCases } from './cases/merging.ts'
import { migrationCases } from './cases/migrating.ts'
import { moduleCases } from './cases/modules.ts'
import { movingCases } from './cases/moving.ts'
import { nativeCopyCases } from './cases/native-copies.ts'
import { olderProgramCases } from './cases/older-programs.ts'
import { openerCases } from './cases/openers.ts'
import { pagingCases } from './cases/paging.ts'
import { placeCallbackCases } from './cases/place-callbacks.ts'
import { placeDoorCases } from './cases/place-doors.ts'
import { planCases } from './cases/plans.ts'
import { readingCases } from './cases/reading.ts'
import { referenceCases } from './cases/references.ts'
import { commitReferenceCases } from './cases/references-at-commit.ts'
import { refusalCases } from './cases/refusals.ts'
import { regressionCases } from './cases/regressions.ts'
import { replacedPlaceCases } from './cases/replaced-places.ts'
import { replacingCases } from './cases/replacing.ts'
import { savepointCases } from './cases/savepoints.ts'
import { snapshotStateCases } from './cases/snapshot-states.ts'
import { snapshotCases } from './cases/snapshots.ts'
import { softDeleteCases } from './cases/soft-delete.ts'
import { tenantCases } from './cases/tenants.ts'
import { transactionCompanyCases } from './cases/transaction-company.ts'
import { transactionFaultCases } from './cases/transaction-faults.ts'
import { transactionCases } from './cases/transactions.ts'
import { updatingCases } from './cases/updating.ts'
import { upgradeCases } from './cases/upgrades.ts'
import { valueCases } from './cases/values.ts'
import { versionCases } from './cases/versions.ts'
import { wordCases } from './cases/words.ts'
import { writingCases } from './cases/writing.ts'
import { clauses } from './clauses.ts'
import type { Harness } from './harness.ts'
import { type CaseResult, runCase } from './run.ts'
import { variantsOf } from './variants.ts'

/** The seed of a run that names none. */
export const DEFAULT_SEED = 20_260_101

/** Every clause by its id: those of the contract, and that of the harness. */
export const allClauses: Readonly<Record<string, string>> = {
  S1: 'The harness tells the truth: places share nothing, and what is declared is so.',
  ...clauses,
}

/** Cases as they were written, each once. The harness comes first: what it gets wrong makes all else worthless. */
const baseCases: readonly Case[] = unique([
  ...harnessCases,
  ...keyCases,
  ...valueCases,
  ...readingCases,
  ...consistencyCases,
  ...pagingCases,
  ...filterCases,
  ...aggregationCases,
  ...wordCases,
  ...manyValuedPathCases,
  ...writingCases,
  ...versionCases,
  ...updatingCases,
  ...referenceCases,
  ...cascadeCases,
  ...commitReferenceCases,
  ...expiryCases,
  ...softDeleteCases,
  ...historyCases,
  ...integrityCases,
  ...transactionCases,
  ...savepointCases,
  ...transactionCompanyCases,
  ...transactionFaultCases,
  ...hermitageCases,
  ...tenantCases,
  ...logCases,
  ...logProofCases,
  ...moduleCases,
  ...batchingCases,
  ...cacheReadingCases,
  ...cacheWritingCases,
  ...cacheRaceCases,
  ...cacheLimitCases,
  ...upgradeCases,
  ...olderProgramCases,
  ...heldLayoutCases,
  ...snapshotCases,
  ...snapshotStateCases,
  ...replacingCases,
  ...emptyPlaceCases,
  ...replacedPlaceCases,
  ...mergingCases,
  ...movingCases,
  ...planCases,
  ...migrationCases,
  ...inspectingCases,
  ...nativeCopyCases,
  ...placeCallbackCases,
  ...placeDoorCases,
  ...healthCases,
  ...lifeCases,
  ...openerCases,
  ...diagnosticsCases,
  ...errorCases,
  ...refusalCases,
  ...regressionCases,
])

/** Every case, and after them the groups that run again in a tenant and in transactions. Ids are unique. */
export const allCases: readonly Case[] = unique([...baseCases, ...variantsOf(baseCases)])

/** Each case once, also where one file gathers the cases of another. Two cases can't share an id. */
function unique(cases: readonly Case[]): readonly Case[] {
  const byId = new Map<string, Case>()
  for (const each of cases) {
    if ((byId.get(each.id) ?? each) !== each) throw new Error(`two cases have the id '${each.id}'`)
    byId.set(each.id, each)
  }
  return [...byId.values()]
}

/** The ids of clauses that no case proves, and the clauses of cases that the list of clauses does not know. */
export function uncoveredClauses(cases: readonly { readonly clause: string }[]): readonly string[] {
  const covered = new Set(cases.map((each) => each.clause))
  const known = new Set(Object.keys(allClauses))
  return [
    ...[...known].filter((id) => !covered.has(id)),
    ...[...covered].filter((id) => !known.has(id)).map((id) => `${id} (not in the list of clauses)`),
  ]
}

/** How the suite is run. */
export interface ConformanceOptions {
  /** Draws the random cases. Default: always the same. */
  readonly seed?: number
  /** Default: all. With fewer, it is not checked that every clause has a case. */
  readonly cases?: readonly Case[]
  /** Called after each case. */
  readonly onResult?: (result: CaseResult) => void
  /** How long one case may take, in milliseconds. Default: 60,000. */
  readonly timeLimitMs?: number
}

/** What a run of the suite found. */
export interface ConformanceReport {
  readonly name: string
  readonly seed: number
  readonly passed: number
  readonly failed: number
  readonly refused: number
  readonly results: readonly CaseResult[]
}

/**
 * Runs the suite, one case after the other. A failing case is told in the report, never thrown. A clause of
 * the list without an executed or refused case is a failure of its own.
 */
export async function runConformance(
  harness: Harness,
  options: ConformanceOptions = {},
): Promise<ConformanceReport> {
  const { cases = allCases, seed = DEFAULT_SEED, onResult, timeLimitMs } = options
  const results: CaseResult[] = []
  const add = (result: CaseResult): void => {
    results.push(result)
    onResult?.(result)
  }
  for (const each of cases) {
    const result = await runCase(harness, each, { seed, ...(timeLimitMs !== undefined && { timeLimitMs }) })
    if (result.status !== 'absent') add(result)
  }
  if (options.cases === undefined) {
    for (const clause of uncoveredClauses(results)) add(uncovered(clause))
  }
  const count = (status: CaseResult['status']) => results.filter((each) => each.status === status).length
  return {
    name: harness.name,
    seed,
    passed: count('passed'),
    failed: count('failed'),
    refused: count('refused'),
    results,
  }
}

function uncovered(clause: string): CaseResult {
  const error = new Error(`clause ${clause} has no case`)
  return {
    id: `${clause}-uncovered`,
    clause,
    title: 'every clause has an executed case',
    status: 'failed',
    durationMs: 0,
    error,
  }
}
