import { entryHash } from '@coffer/core'
import { describe, expect, test } from 'vitest'
import { anEvent, codeOf, configs, freshStore, gathered } from './fixture.ts'

describe.each(Object.entries(configs))('traces on %s', (_name, configOf) => {
  const fixture = freshStore(configOf)

  test('events get their places and hashes, and the trace is in order', async () => {
    const saved = await fixture.store.registry.saveTraceEvents([
      anEvent('a'),
      anEvent('b', { payload: [1, 'x', null] }),
    ])
    expect(saved.map((each) => each.sequence)).toEqual([1, 2])
    expect(saved[1]?.previous_event_hash).toBe(saved[0]?.event_hash)
    expect(await fixture.store.registry.getTraceEvents('trace-1')).toEqual(saved)
    expect(await fixture.store.registry.verifyTrace('trace-1')).toEqual({ ok: true, entries: 2 })
  })

  test('the hash is the one that entryHash tells', async () => {
    const [saved] = await fixture.store.registry.saveTraceEvents([anEvent('a')])
    const { event_hash, ...entry } = saved as NonNullable<typeof saved>
    const place = { stream: 'trace-1', sequence: 1, previous: '0'.repeat(64) }
    expect(entryHash({ log: 'trace_events', tenant: 'default', ...place, entry })).toBe(event_hash)
  })

  test('events that bring their places are put in order within a delivery', async () => {
    const saved = await fixture.store.registry.saveTraceEvents([
      anEvent('third'),
      anEvent('second', { sequence: 2 }),
      anEvent('first', { sequence: 1 }),
    ])
    expect(saved.map((each) => [each.event_id, each.sequence])).toEqual([
      ['third', 3],
      ['second', 2],
      ['first', 1],
    ])
  })

  test('a delivery that comes too early is refused, and accepted after what was missing', async () => {
    const { registry } = fixture.store
    const early = [anEvent('b', { sequence: 2 })]
    expect(await codeOf(registry.saveTraceEvents(early))).toBe('VERSION_CONFLICT')
    await registry.saveTraceEvents([anEvent('a', { sequence: 1 })])
    expect((await registry.saveTraceEvents(early))[0]?.sequence).toBe(2)
  })

  test('repeated and overlapping deliveries change nothing, with or without places', async () => {
    const { registry } = fixture.store
    const events = [1, 2, 3, 4].map((sequence) => anEvent(`e${sequence}`, { sequence }))
    const plain = [1, 2, 3, 4].map((sequence) => anEvent(`e${sequence}`))
    const first = await registry.saveTraceEvents(events.slice(0, 3))
    expect(await registry.saveTraceEvents(events.slice(0, 3))).toEqual(first)
    expect(await registry.saveTraceEvents(plain.slice(0, 3))).toEqual(first)
    const overlapping = await registry.saveTraceEvents(events.slice(1))
    expect(overlapping.map((each) => each.sequence)).toEqual([2, 3, 4])
    expect(await registry.saveTraceEvents(await registry.getTraceEvents('trace-1'))).toHaveLength(4)
    const twice = [anEvent('e5', { sequence: 5 }), anEvent('e5', { sequence: 5 })]
    expect((await registry.saveTraceEvents(twice)).map((each) => each.sequence)).toEqual([5, 5])
    expect(await registry.verifyTrace('trace-1')).toEqual({ ok: true, entries: 5 })
  })

  test('another event with a known id is refused and named by its position', async () => {
    const { registry } = fixture.store
    await registry.saveTraceEvents([anEvent('a', { sequence: 1 }), anEvent('b', { sequence: 2 })])
    for (const other of [
      anEvent('b', { severity: 'error' }),
      anEvent('b', { payload: { more: true } }),
      anEvent('b', { sequence: 1 }),
      anEvent('b', { trace_id: 'trace-2' }),
    ]) {
      await expect(
        registry.saveTraceEvents([anEvent('c', { trace_id: other.trace_id }), other]),
      ).rejects.toMatchObject({
        code: 'ALREADY_EXISTS',
        index: 1,
      })
    }
    expect(await registry.getTraceEvents('trace-1')).toHaveLength(2)
    expect(await registry.getTraceEvents('trace-2')).toEqual([])
  })

  test('a hash that is not its own is refused', async () => {
    const forged = anEvent('a', { event_hash: 'f'.repeat(64) })
    expect(await codeOf(fixture.store.registry.saveTraceEvents([forged]))).toBe('VERSION_CONFLICT')
  })

  test('a delivery over several traces is all or nothing', async () => {
    const { registry } = fixture.store
    const good = anEvent('a', { trace_id: 'trace-a' })
    const early = anEvent('b', { trace_id: 'trace-b', sequence: 2 })
    expect(await codeOf(registry.saveTraceEvents([good, early]))).toBe('VERSION_CONFLICT')
    expect(await registry.getTraceEvents('trace-a')).toEqual([])
    await registry.saveTraceEvents([good, { ...early, sequence: 1 }, anEvent('c', { trace_id: 'trace-a' })])
    expect((await registry.getTraceEvents('trace-a')).map((each) => each.event_id)).toEqual(['a', 'c'])
    expect(await gathered(registry.iterateTraceIds())).toEqual(['trace-a', 'trace-b'])
  })

  test('a session shows the events of all its traces in time', async () => {
    const at = (second: number) => `2026-03-01T11:00:0${second}.000Z`
    await fixture.store.registry.saveTraceEvents([
      anEvent('a1', { trace_id: 'a', timestamp: at(1) }),
      anEvent('a2', { trace_id: 'a', timestamp: at(4) }),
      anEvent('b1', { trace_id: 'b', timestamp: at(2) }),
      anEvent('other', { trace_id: 'b', timestamp: at(3), session_id: 'session-2' }),
    ])
    const events = await fixture.store.registry.getSessionTraceEvents('session-1')
    expect(events.map((each) => each.event_id)).toEqual(['a1', 'b1', 'a2'])
    expect(await fixture.store.registry.getSessionTraceEvents('session-1', { limit: 2 })).toHaveLength(2)
  })

  test('five thousand events in one call are read whole, in part and one by one', async () => {
    const { registry } = fixture.store
    const events = Array.from({ length: 5_000 }, (_each, index) => anEvent(`e${index}`))
    expect(await registry.saveTraceEvents(events)).toHaveLength(5_000)
    expect((await registry.getTraceEvents('trace-1')).at(-1)?.event_id).toBe('e4999')
    const part = await registry.getTraceEvents('trace-1', { afterSequence: 4_990, limit: 3 })
    expect(part.map((each) => each.sequence)).toEqual([4_991, 4_992, 4_993])
    expect(await gathered(registry.iterateTraceEvents('trace-1', { afterSequence: 4_998 }))).toHaveLength(2)
    expect(await registry.verifyTrace('trace-1')).toEqual({ ok: true, entries: 5_000 })
  })

  test('a head kept elsewhere shows a trace that was written anew', async () => {
    const saved = await fixture.store.registry.saveTraceEvents([anEvent('a')])
    const expectedHead = { sequence: 1, hash: saved[0]?.event_hash as string }
    expect((await fixture.store.registry.verifyTrace('trace-1', { expectedHead })).ok).toBe(true)
    const another = { sequence: 1, hash: '0'.repeat(64) }
    expect((await fixture.store.registry.verifyTrace('trace-1', { expectedHead: another })).ok).toBe(false)
  })

  test.each([
    ['no array', 'events'],
    ['nothing in the array', [undefined]],
    ['an event without a trace', [{ ...anEvent('a'), trace_id: undefined }]],
    ['an event without an id', [{ ...anEvent('a'), event_id: undefined }]],
    ['an unknown member', [{ ...anEvent('a'), colour: 'red' }]],
  ])('%s is refused', async (_what, bad) => {
    expect(await codeOf(fixture.store.registry.saveTraceEvents(bad as never))).toBe('INVALID_ARGUMENT')
  })

  test('limits out of bounds are refused', async () => {
    expect(await codeOf(fixture.store.registry.getTraceEvents('t', { limit: 0 }))).toBe('INVALID_ARGUMENT')
    expect(await codeOf(fixture.store.registry.getSessionTraceEvents('s', { limit: 1.5 }))).toBe(
      'INVALID_ARGUMENT',
    )
  })
})
