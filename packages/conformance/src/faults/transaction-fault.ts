/** What faults in transactions are made of. */

import type { Backend } from '@coffer/core/backend'
import { overridden } from '../wrapped-backend.ts'
import type { Fault } from './fault.ts'

/** A fault that replaces whole methods of a backend, `transaction` above all. */
export function transactionFault(
  id: string,
  clause: string,
  title: string,
  methods: (backend: Backend) => Partial<Backend>,
): Fault {
  return { id, clause, title, plant: (backend) => overridden(backend, methods(backend)) }
}

/** Thrown to make a healthy backend undo what the faulty one does not keep. */
export const UNDO = Symbol('undo')
