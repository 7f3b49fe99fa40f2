import { describe, expect, test } from 'vitest'
import { type Resolution, resolution } from '../src/index.ts'
import {
  anEvent,
  aResolution,
  aSession,
  codeOf,
  configs,
  freshStore,
  gathered,
  HOUR_MS,
  NOW,
} from './fixture.ts'

describe.each(Object.entries(configs))('the registry on %s', (_name, configOf) => {
  const fixture = freshStore(configOf)

  describe('resolutions', () => {
    test('a resolution comes back as it was saved, with its times in UTC', async () => {
      const full: Resolution = {
        ...aResolution('r'),
        context_blocks: [{ block_id: 'b', content: 'text' }],
        allowed_actions: [{ action: 'refund', limit: 20.5 }],
        denied_actions: ['delete_user'],
        policies_applied: [],
        created_at: '2026-03-01T12:00:00+01:00',
        expires_at: null,
        metadata: { nested: { any: [1, null, 'x'] } },
      }
      expect(await fixture.store.registry.saveResolution(full)).toBe(1)
      expect(await fixture.store.registry.getResolution('r')).toEqual({
        ...full,
        created_at: '2026-03-01T11:00:00.000Z',
      })
    })

    test('saving again replaces it and raises the version', async () => {
      await fixture.store.registry.saveResolution(aResolution('r'))
      expect(await fixture.store.registry.saveResolution(aResolution('r', { decision: 'deny' }))).toBe(2)
      expect((await fixture.store.registry.getResolution('r'))?.decision).toBe('deny')
    })

    test('ifVersion guards against a lost update', async () => {
      await fixture.store.registry.saveResolution(aResolution('r'))
      await fixture.store.registry.saveResolution(aResolution('r', { decision: 'deny' }), { ifVersion: 1 })
      const late = fixture.store.registry.saveResolution(aResolution('r'), { ifVersion: 1 })
      expect(await codeOf(late)).toBe('VERSION_CONFLICT')
    })

    test('a bulk save stores all or none and names the one that does not fit', async () => {
      const bad = { ...aResolution('c'), decision: 7 } as unknown as Resolution
      await expect(
        fixture.store.registry.bulkSaveResolutions([aResolution('a'), aResolution('b'), bad]),
      ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', index: 2 })
      expect(await fixture.store.registry.listResolutions()).toEqual([])
      expect(await fixture.store.registry.bulkSaveResolutions([aResolution('a'), aResolution('b')])).toEqual([
        1, 1,
      ])
      expect(await fixture.store.registry.bulkSaveResolutions([])).toEqual([])
    })

    test('an expired resolution is gone at its instant and removed by the cleanup', async () => {
      const expires_at = new Date(NOW + HOUR_MS).toISOString()
      await fixture.store.registry.bulkSaveResolutions([
        aResolution('short', { expires_at }),
        aResolution('long'),
      ])
      fixture.now = NOW + HOUR_MS - 1
      expect(await fixture.store.registry.getResolution('short')).toBeDefined()
      fixture.now = NOW + HOUR_MS
      expect(await fixture.store.registry.getResolution('short')).toBeUndefined()
      expect((await fixture.store.registry.listResolutions()).map((each) => each.resolution_id)).toEqual([
        'long',
      ])
      expect(await fixture.store.registry.deleteResolution('short')).toBe(false)
      expect(await fixture.store.registry.cleanupExpired()).toBe(1)
      expect(await fixture.store.registry.cleanupExpired()).toBe(0)
    })

    test('a resolution is deleted once', async () => {
      await fixture.store.registry.saveResolution(aResolution('r'))
      expect(await fixture.store.registry.deleteResolution('r')).toBe(true)
      expect(await fixture.store.registry.deleteResolution('r')).toBe(false)
    })

    test('lists filter by agent, session, request, decision and time, newest first', async () => {
      await fixture.store.registry.bulkSaveResolutions([
        aResolution('1', { created_at: '2026-03-01T01:00:00Z', decision: 'deny' }),
        aResolution('2', { created_at: '2026-03-01T02:00:00Z', agent_id: 'agent-2' }),
        aResolution('3', { created_at: '2026-03-01T03:00:00Z', session_id: 'session-2' }),
        aResolution('4', { created_at: '2026-03-01T03:00:00Z', request_id: 'asked' }),
      ])
      const ids = async (options: Parameters<typeof fixture.store.registry.listResolutions>[0]) =>
        (await fixture.store.registry.listResolutions(options)).map((each) => each.resolution_id).join('')
      expect(await ids({})).toBe('4321')
      expect(await ids({ agent_id: 'agent-1' })).toBe('431')
      expect(await ids({ session_id: 'session-2' })).toBe('3')
      expect(await ids({ request_id: 'asked' })).toBe('4')
      expect(await ids({ decision: 'deny' })).toBe('1')
      expect(await ids({ created_at: { gte: '2026-03-01T02:00:00Z', lt: '2026-03-01T03:00:00Z' } })).toBe('2')
      expect(await ids({ agent_id: 'agent-1', limit: 1, offset: 1 })).toBe('3')
    })

    test('pages join to the whole list without gap or repetition', async () => {
      const all = Array.from({ length: 25 }, (_each, index) => aResolution(`r${index + 10}`))
      await fixture.store.registry.bulkSaveResolutions(all)
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const page = await fixture.store.registry.pageResolutions({ decision: 'allow', limit: 7, cursor })
        seen.push(...page.records.map((each) => each.resolution_id))
        cursor = page.next
      } while (cursor !== undefined)
      const expected = all.map((each) => each.resolution_id).reverse()
      expect(seen).toEqual(expected)
      const walked = await gathered(fixture.store.registry.iterateResolutions({ limit: 4 }))
      expect(walked.map((each) => each.resolution_id)).toEqual(expected)
    })

    test('a field that is not declared, an undefined filter and a bad limit are refused', async () => {
      const { registry } = fixture.store
      expect(await codeOf(registry.listResolutions({ metadata: 'x' } as never))).toBe('INVALID_ARGUMENT')
      expect(await codeOf(registry.listResolutions({ agent_id: undefined } as never))).toBe(
        'INVALID_ARGUMENT',
      )
      expect(await codeOf(registry.listResolutions({ limit: 0 }))).toBe('INVALID_ARGUMENT')
      expect(await codeOf(registry.listResolutions({ cursor: 'made up' }))).toBe('INVALID_ARGUMENT')
    })

    test.each([
      ['a missing member', { ...aResolution('r'), agent_id: undefined }],
      ['a member that is not known', { ...aResolution('r'), risk: 1 }],
      ['a time without a zone', { ...aResolution('r'), created_at: '2026-03-01T11:00:00' }],
      ['an empty key', aResolution('')],
      ['nothing', undefined],
    ])('%s is refused', async (_what, bad) => {
      expect(await codeOf(fixture.store.registry.saveResolution(bad as Resolution))).toBe('INVALID_ARGUMENT')
    })

    test('the exported schema accepts the same', () => {
      expect(resolution.safeParse(aResolution('r')).success).toBe(true)
      expect(resolution.safeParse({ ...aResolution('r'), risk: 1 }).success).toBe(false)
    })
  })

  describe('sessions', () => {
    test('a session that ends gets the present instant', async () => {
      await fixture.store.registry.saveSession(aSession('s', { metadata: { channel: 'chat' } }))
      expect(await fixture.store.registry.updateSession('s', { status: 'ended' })).toBe(2)
      expect(await fixture.store.registry.getSession('s')).toEqual(
        aSession('s', {
          metadata: { channel: 'chat' },
          status: 'ended',
          ended_at: '2026-03-01T12:00:00.000Z',
        }),
      )
    })

    test('a given end stands, and a later change leaves it alone', async () => {
      const ended_at = '2026-03-01T11:30:00.000Z'
      await fixture.store.registry.saveSession(aSession('s'))
      await fixture.store.registry.updateSession('s', { status: 'ended', ended_at })
      await fixture.store.registry.updateSession('s', { status: 'ended', metadata: { rated: 5 } })
      expect(await fixture.store.registry.getSession('s')).toMatchObject({ ended_at, metadata: { rated: 5 } })
    })

    test('an unknown session can not be updated', async () => {
      expect(await codeOf(fixture.store.registry.updateSession('nobody', { status: 'ended' }))).toBe(
        'NOT_FOUND',
      )
    })

    test('neither its id nor unknown members can be changed', async () => {
      await fixture.store.registry.saveSession(aSession('s'))
      const { registry } = fixture.store
      expect(await codeOf(registry.updateSession('s', { session_id: 't' } as never))).toBe('INVALID_ARGUMENT')
      expect(await codeOf(registry.updateSession('s', { mood: 'good' } as never))).toBe('INVALID_ARGUMENT')
      expect(await codeOf(registry.updateSession('s', null as never))).toBe('INVALID_ARGUMENT')
      expect(await registry.getSession('s')).toEqual(aSession('s'))
    })

    test('lists filter by agent and status', async () => {
      await fixture.store.registry.saveSession(aSession('a'))
      await fixture.store.registry.saveSession(aSession('b', { status: 'ended' }))
      await fixture.store.registry.saveSession(aSession('c', { agent_id: 'agent-2' }))
      const ids = async (options: Parameters<typeof fixture.store.registry.listSessions>[0]) =>
        (await fixture.store.registry.listSessions(options)).map((each) => each.session_id).join('')
      expect(await ids({ agent_id: 'agent-1' })).toBe('ba')
      expect(await ids({ status: 'active' })).toBe('ca')
      expect(await ids({ status: { in: ['active', 'ended'] }, limit: 2 })).toBe('cb')
      expect((await fixture.store.registry.pageSessions({ limit: 2 })).next).toBeDefined()
      expect(await gathered(fixture.store.registry.iterateSessions({ limit: 1 }))).toHaveLength(3)
    })

    test('a session is deleted once', async () => {
      await fixture.store.registry.saveSession(aSession('s'))
      expect(await fixture.store.registry.deleteSession('s')).toBe(true)
      expect(await fixture.store.registry.deleteSession('s')).toBe(false)
    })
  })

  test('everything takes part in a transaction', async () => {
    const failing = fixture.store.transaction(async (transaction) => {
      await transaction.registry.saveSession(aSession('s'))
      await transaction.registry.saveResolution(aResolution('r'))
      await transaction.registry.saveTraceEvents([anEvent('a'), anEvent('b', { trace_id: 'trace-2' })])
      expect(await transaction.registry.getTraceEvents('trace-2')).toHaveLength(1)
      throw new Error('changed my mind')
    })
    await expect(failing).rejects.toThrow('changed my mind')
    expect(await fixture.store.registry.getSession('s')).toBeUndefined()
    expect(await fixture.store.registry.getResolution('r')).toBeUndefined()
    expect(await fixture.store.registry.getTraceEvents('trace-1')).toEqual([])
  })

  test('a tenant sees nothing of another', async () => {
    const acme = fixture.store.tenant('acme')
    await acme.registry.saveSession(aSession('s'))
    await acme.registry.saveTraceEvents([anEvent('a')])
    expect(await fixture.store.registry.getSession('s')).toBeUndefined()
    expect(await gathered(fixture.store.registry.iterateTraceIds())).toEqual([])
    expect(await acme.registry.getSessionTraceEvents('session-1')).toHaveLength(1)
  })
})
