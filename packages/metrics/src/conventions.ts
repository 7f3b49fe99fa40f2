/**
 * Attributes by the semantic conventions of OpenTelemetry for database clients, version 1.45. Their names stand here
 * because the package of the conventions promises stability only for a part of them.
 */

import type { EventError } from '@coffer/core'
import type { Attributes } from '@opentelemetry/api'
import type { OperationLabels } from './series-table.ts'

/** The metric of operations. */
export const OPERATION_DURATION = {
  name: 'db.client.operation.duration',
  description: 'Duration of database client operations.',
  unit: 's',
} as const

/** The bounds of durations, in seconds. */
export const DURATION_BOUNDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]

/** What an operation is told by. The names of the backends are those that the conventions have for them. */
export function attributesOf({ backend, collection, operation }: OperationLabels): Attributes {
  return {
    'db.system.name': backend,
    ...(collection !== '' && { 'db.collection.name': collection }),
    'db.operation.name': operation,
  }
}

/** What a failure is told by. What a function of the application threw is no answer of the database. */
export function failureAttributes(error: EventError): Attributes {
  return {
    'error.type': error,
    ...(error !== 'APPLICATION' && { 'db.response.status_code': error }),
  }
}
