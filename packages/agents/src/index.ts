/** `@coffer/agents`: the stores that agent systems need, on every backend. */

export { type AgentStore, agents, createAgentStore } from './agents.ts'
export type { ListOptions, Paging } from './listing.ts'
export {
  type RegistryMethods,
  type RegistryWriteOptions,
  type ResolutionListOptions,
  type ResolutionMethods,
  registry,
  type SessionChange,
  type SessionListOptions,
  type SessionMethods,
} from './registry/registry.ts'
export { type Resolution, resolution, resolutions } from './registry/resolution.ts'
export { type Session, session, sessions } from './registry/session.ts'
export type { TraceMethods, TraceReadOptions } from './registry/trace.ts'
export { type NewTraceEvent, type TraceEvent, traceEvent, traceEvents } from './registry/trace-event.ts'
