/**
 * Clauses that no backend can break, for what decides them never reaches one. Their cases prove core, which they run
 * with every backend; each is told with what decides it.
 */

/** Why no fault is planted, by clause. Every other clause has one. */
export const clausesOfCore: Readonly<Record<string, string>> = {
  V3: 'A backend gets a document as one text that JSON.stringify made, and core parses what it answers.',
  T5: 'The timer is core’s. Timers of a backend’s own are L3, and what a sweep removes is T4.',
  L2: 'What is lent is out of a wrapper’s reach. leaks.test.ts of @coffer/postgres goes on with a lent pool.',
  L6: 'Signals are looked at before the backend is called and are not handed on to reads and writes.',
  H5: 'A collection without history has no layout to ask a backend about.',
  U6: 'A definition is refused when it is made, before there is a store: definition.test.ts of @coffer/core.',
  N3: 'Names of tenants are checked before the backend is called, and it gets one with every key.',
  G5: 'Logs refuse before the backend is called. That a backend refuses too is W1, where a fault is planted.',
  B2: 'When a batch leaves is decided by the queue in front of the backend: queues.test.ts of @coffer/core.',
  B6: 'The queue in front of the backend is the one that is bounded: queues.test.ts of @coffer/core.',
  B7: 'The turn of the event loop is taken between two calls of the backend.',
  M1: 'Modules are made of stores; a backend knows none.',
  M2: 'Modules are made of stores; a backend knows none.',
  M3: 'Modules are made of stores; a backend knows none.',
  M4: 'A module is refused when the store is made.',
  D1: 'Core publishes what it measures around its calls of the backend: observe.test.ts of @coffer/core.',
  D2: 'Core publishes names and numbers of its own, and nothing that a backend answers: observe.test.ts.',
  D3: 'Core publishes, and looks for listeners: observe.test.ts of @coffer/core.',
}
