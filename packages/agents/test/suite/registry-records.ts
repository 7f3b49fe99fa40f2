/** Records of the registry to try it with. */

import type { NewTraceEvent, Resolution, Session } from '../../src/index.ts'

export function aResolution(id: string, more: Partial<Resolution> = {}): Resolution {
  return {
    resolution_id: id,
    request_id: `request-of-${id}`,
    agent_id: 'agent-1',
    session_id: 'session-1',
    decision: 'allow',
    created_at: '2026-03-01T11:00:00.000Z',
    ...more,
  }
}

export function aSession(id: string, more: Partial<Session> = {}): Session {
  return {
    session_id: id,
    agent_id: 'agent-1',
    status: 'active',
    created_at: '2026-03-01T11:00:00.000Z',
    ...more,
  }
}

export function anEvent(id: string, more: Partial<NewTraceEvent> = {}): NewTraceEvent {
  return {
    event_id: id,
    trace_id: 'trace-1',
    session_id: 'session-1',
    event_type: 'tool.call',
    severity: 'info',
    timestamp: '2026-03-01T11:00:00.000Z',
    ...more,
  }
}
