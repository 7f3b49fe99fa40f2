/** Verification: requests and their claims, results and measures, the audit trail. */

import type { AgentCase } from './agent-case.ts'
import { chilClaimCases } from './chil-claims.ts'
import { chilRequestCases } from './chil-requests.ts'
import { chilResultCases } from './chil-results.ts'

export const chilVerificationCases: readonly AgentCase[] = [
  ...chilRequestCases,
  ...chilClaimCases,
  ...chilResultCases,
]
