/** Executions of frameworks and the checkpoints to go on from. */

import assert from 'node:assert/strict'
import type { AgentCase } from './agent-case.ts'
import { assertFails, gathered, unchecked } from './asking.ts'

const NOON = '2026-03-01T12:00:00.000Z'
const run = { execution_id: 'e', framework: 'empirical' } as const

const lifeCases: readonly AgentCase[] = [
  {
    id: 'chil-execution-life',
    title: 'an execution starts, tells its progress, and ends with its time',
    methods: [
      'chil.framework.startExecution',
      'chil.framework.reportProgress',
      'chil.framework.finishExecution',
      'chil.framework.getExecution',
    ],
    run: async ({ store: { chil }, clock }) => {
      const { framework } = chil
      const started = await framework.startExecution({ ...run, input: ['x'], metadata: { any: 1 } })
      assert.deepEqual(started, {
        ...run,
        input: ['x'],
        metadata: { any: 1 },
        status: 'running',
        attempt: 1,
        progress: 0,
        progress_note: null,
        last_checkpoint: 0,
        error: null,
        started_at: NOON,
        updated_at: NOON,
        finished_at: null,
        duration_ms: null,
      })
      assert.deepEqual(await framework.getExecution('e'), started)
      clock.advance(1_000)
      const half = await framework.reportProgress(started, { progress: 0.5, note: 'reading' })
      assert.deepEqual(
        [half.progress, half.progress_note, half.updated_at],
        [0.5, 'reading', '2026-03-01T12:00:01.000Z'],
      )
      clock.advance(500)
      const finished = await framework.finishExecution(half, { verdict: 'pass' })
      assert.deepEqual(
        [finished.status, finished.progress, finished.duration_ms, finished.output],
        ['finished', 1, 1_500, { verdict: 'pass' }],
      )
      assert.equal(finished.finished_at, '2026-03-01T12:00:01.500Z')
      assert.deepEqual(await framework.getExecution('e'), finished)
      assert.equal(await framework.getExecution('nobody'), undefined)
    },
  },
  {
    id: 'chil-execution-failed',
    title: 'an execution that fails says why, and how long it took',
    methods: ['chil.framework.failExecution'],
    run: async ({ store: { chil }, clock }) => {
      const started = await chil.framework.startExecution(run)
      clock.advance(20)
      await assertFails(chil.framework.failExecution(started, ''), 'INVALID_ARGUMENT')
      const failed = await chil.framework.failExecution(started, 'no model')
      assert.deepEqual([failed.status, failed.error, failed.duration_ms], ['failed', 'no model', 20])
    },
  },
  {
    id: 'chil-execution-over',
    title: 'nothing more happens to an execution that is over',
    methods: [
      'chil.framework.reportProgress',
      'chil.framework.finishExecution',
      'chil.framework.failExecution',
      'chil.framework.saveCheckpoint',
    ],
    run: async ({ store: { chil } }) => {
      const { framework } = chil
      const finished = await framework.finishExecution(await framework.startExecution(run))
      await assertFails(framework.reportProgress(finished, { progress: 0.5 }), 'VERSION_CONFLICT')
      await assertFails(framework.finishExecution(finished), 'VERSION_CONFLICT')
      await assertFails(framework.failExecution(finished, 'late'), 'VERSION_CONFLICT')
      await assertFails(framework.saveCheckpoint(finished, {}), 'VERSION_CONFLICT')
      assert.deepEqual(await framework.getExecution('e'), finished)
    },
  },
  {
    id: 'chil-execution-unknown',
    title: 'an execution that is not there can neither go on nor end',
    methods: [
      'chil.framework.reportProgress',
      'chil.framework.finishExecution',
      'chil.framework.failExecution',
      'chil.framework.saveCheckpoint',
      'chil.framework.resumeExecution',
    ],
    run: async ({ store: { chil } }) => {
      const { framework } = chil
      const nobody = { execution_id: 'nobody', attempt: 1, updated_at: NOON }
      await assertFails(framework.reportProgress(nobody, { progress: 0.5 }), 'NOT_FOUND')
      await assertFails(framework.finishExecution(nobody), 'NOT_FOUND')
      await assertFails(framework.failExecution(nobody, 'late'), 'NOT_FOUND')
      await assertFails(framework.saveCheckpoint(nobody, {}), 'NOT_FOUND')
      await assertFails(framework.resumeExecution(nobody), 'NOT_FOUND')
    },
  },
  {
    id: 'chil-execution-refused',
    title: 'what is no execution, and no progress, is refused; an id is taken once',
    methods: ['chil.framework.startExecution', 'chil.framework.reportProgress'],
    run: async ({ store: { chil } }) => {
      const { framework } = chil
      for (const bad of [null, { ...run, framework: '' }, { ...run, attempt: 7 }, { execution_id: 'e' }]) {
        await assertFails(framework.startExecution(unchecked(bad)), 'INVALID_ARGUMENT')
      }
      const started = await framework.startExecution(run)
      await assertFails(framework.startExecution(run), 'ALREADY_EXISTS')
      for (const bad of [null, { progress: 1.01 }, { progress: -0.1 }, { progress: 0, colour: 'red' }]) {
        await assertFails(framework.reportProgress(started, unchecked(bad)), 'INVALID_ARGUMENT')
      }
      await assertFails(framework.reportProgress(unchecked('e'), { progress: 0 }), 'INVALID_ARGUMENT')
      await assertFails(
        framework.finishExecution(
          started,
          unchecked(() => 1),
        ),
        'INVALID_ARGUMENT',
      )
      assert.deepEqual(await framework.getExecution('e'), started)
    },
  },
  {
    id: 'chil-execution-lists',
    title: 'executions are listed newest first, and those that are silent are found',
    methods: [
      'chil.framework.listExecutions',
      'chil.framework.pageExecutions',
      'chil.framework.iterateExecutions',
    ],
    run: async ({ store: { chil }, clock }) => {
      const { framework } = chil
      for (const execution_id of ['a', 'b', 'c']) {
        await framework.startExecution({ execution_id, framework: execution_id === 'b' ? 'x' : 'y' })
        clock.advance(1_000)
      }
      await framework.reportProgress({ execution_id: 'a', attempt: 1 }, { progress: 0.1 })
      const ids = (executions: readonly { readonly execution_id: string }[]) =>
        executions.map((each) => each.execution_id).join('')
      assert.equal(ids(await framework.listExecutions()), 'cba')
      assert.equal(ids(await framework.listExecutions({ framework: 'y', limit: 1 })), 'c')
      const silent = { status: 'running', updated_at: { lt: '2026-03-01T12:00:02.000Z' } }
      assert.equal(ids(await framework.listExecutions(silent)), 'b')
      const page = await framework.pageExecutions({ limit: 2 })
      const next = await framework.pageExecutions({ limit: 2, cursor: page.next })
      assert.equal(ids([...page.records, ...next.records]), 'cba')
      assert.equal(ids(await gathered(framework.iterateExecutions({ limit: 1 }))), 'cba')
      await assertFails(framework.listExecutions(unchecked({ colour: 'red' })), 'INVALID_ARGUMENT')
    },
  },
  {
    id: 'chil-execution-deleted',
    title: 'an execution goes with its checkpoints and metrics',
    methods: ['chil.framework.deleteExecution'],
    run: async ({ store: { chil } }) => {
      const { framework } = chil
      const started = await framework.startExecution(run)
      await framework.saveCheckpoint(started, 1)
      await framework.recordMetric({ framework: 'empirical', execution_id: 'e', name: 'tokens', value: 1 })
      await framework.recordMetric({ framework: 'empirical', name: 'tokens', value: 1 })
      assert.equal(await framework.deleteExecution('e'), true)
      assert.equal(await framework.deleteExecution('e'), false)
      assert.deepEqual(await framework.listCheckpoints(), [])
      assert.equal((await framework.listMetrics()).length, 1)
    },
  },
]

const resumeCases: readonly AgentCase[] = [
  {
    id: 'chil-execution-resumed',
    title: 'an execution goes on from its latest checkpoint, and the process before can do nothing more',
    methods: ['chil.framework.resumeExecution', 'chil.framework.saveCheckpoint'],
    run: async ({ store: { chil }, clock }) => {
      const { framework } = chil
      const before = await framework.startExecution(run)
      await framework.saveCheckpoint(before, { step: 1 })
      const latest = await framework.saveCheckpoint(before, { step: 2 })
      const read = await framework.getExecution('e')
      assert.ok(read)
      clock.advance(1_000)
      const { execution, checkpoint } = await framework.resumeExecution(read)
      assert.deepEqual(checkpoint, latest)
      assert.deepEqual([execution.attempt, execution.status], [2, 'running'])
      await assertFails(framework.saveCheckpoint(before, { step: 3 }), 'VERSION_CONFLICT')
      await assertFails(framework.reportProgress(before, { progress: 0.9 }), 'VERSION_CONFLICT')
      await assertFails(framework.finishExecution(before), 'VERSION_CONFLICT')
      await assertFails(framework.failExecution(before, 'lost'), 'VERSION_CONFLICT')
      const third = await framework.saveCheckpoint(execution, { step: 3 })
      assert.deepEqual([third.sequence, third.attempt], [3, 2])
      assert.equal((await framework.finishExecution(execution)).duration_ms, 1_000)
    },
  },
  {
    id: 'chil-execution-fresh',
    title:
      'an execution is read as it is now, so that what another process wrote does not keep it from being resumed',
    methods: ['chil.framework.getExecution'],
    alone: true,
    run: async ({ store: { chil }, tamper }) => {
      await chil.framework.startExecution(run)
      await chil.framework.getExecution('e')
      const resume = (document: string) => document.replace(/("attempt": ?)1/, '$12')
      const isResumed = await tamper('framework_executions', 'e', resume)
      assert.equal((await chil.framework.getExecution('e'))?.attempt, isResumed ? 2 : 1)
    },
  },
  {
    id: 'chil-execution-resume-race',
    title: 'of several who resume an execution at once exactly one goes on',
    methods: ['chil.framework.resumeExecution'],
    inTransactions: false,
    run: async ({ store: { chil } }) => {
      const { framework } = chil
      const started = await framework.startExecution(run)
      const resumed = await Promise.allSettled([1, 2, 3, 4].map(() => framework.resumeExecution(started)))
      const lost = resumed.flatMap((each) => (each.status === 'rejected' ? [each.reason.code] : []))
      assert.deepEqual(lost, ['VERSION_CONFLICT', 'VERSION_CONFLICT', 'VERSION_CONFLICT'])
      assert.equal((await framework.getExecution('e'))?.attempt, 2)
    },
  },
  {
    id: 'chil-execution-resume-failed',
    title: 'an execution that has failed can be resumed, one that has finished can not',
    methods: ['chil.framework.resumeExecution'],
    run: async ({ store: { chil } }) => {
      const { framework } = chil
      const failed = await framework.failExecution(await framework.startExecution(run), 'no model')
      const { execution, checkpoint } = await framework.resumeExecution(failed)
      assert.deepEqual(
        [execution.status, execution.error, execution.finished_at, execution.duration_ms, checkpoint],
        ['running', null, null, null, undefined],
      )
      const finished = await framework.finishExecution(execution)
      await assertFails(framework.resumeExecution(finished), 'VERSION_CONFLICT')
    },
  },
  {
    id: 'chil-execution-resume-alive',
    title: 'an execution that was heard of since it was read is not taken over',
    methods: ['chil.framework.resumeExecution'],
    run: async ({ store: { chil }, clock }) => {
      const { framework } = chil
      const started = await framework.startExecution(run)
      clock.advance(1)
      const alive = await framework.reportProgress(started, { progress: 0.5 })
      await assertFails(framework.resumeExecution(started), 'VERSION_CONFLICT')
      await assertFails(framework.resumeExecution(unchecked({ execution_id: 'e' })), 'INVALID_ARGUMENT')
      assert.deepEqual(await framework.getExecution('e'), alive)
    },
  },
  {
    id: 'chil-checkpoint-lists',
    title: 'checkpoints have places without a gap, also when they meet, and the latest is found',
    methods: [
      'chil.framework.saveCheckpoint',
      'chil.framework.latestCheckpoint',
      'chil.framework.listCheckpoints',
      'chil.framework.pageCheckpoints',
    ],
    inTransactions: false,
    run: async ({ store: { chil } }) => {
      const { framework } = chil
      const started = await framework.startExecution(run)
      assert.equal(await framework.latestCheckpoint('e'), undefined)
      await Promise.all([1, 2, 3, 4].map((step) => framework.saveCheckpoint(started, { step })))
      const all = await framework.listCheckpoints({ execution_id: 'e' })
      assert.deepEqual(
        all.map(({ sequence }) => sequence),
        [4, 3, 2, 1],
      )
      assert.deepEqual(await framework.latestCheckpoint('e'), all[0])
      assert.equal((await framework.listCheckpoints({ sequence: { lt: 3 }, limit: 1 }))[0]?.sequence, 2)
      const page = await framework.pageCheckpoints({ execution_id: 'e', limit: 3 })
      const next = await framework.pageCheckpoints({ execution_id: 'e', limit: 3, cursor: page.next })
      assert.deepEqual([...page.records, ...next.records], all)
      assert.equal((await framework.getExecution('e'))?.last_checkpoint, 4)
    },
  },
  {
    id: 'chil-checkpoint-states',
    title: 'a state is any JSON, null too, and nothing else',
    methods: ['chil.framework.saveCheckpoint', 'chil.framework.latestCheckpoint'],
    run: async ({ store: { chil } }) => {
      const { framework } = chil
      const started = await framework.startExecution(run)
      for (const state of [null, 0, 'x', [1, [null]], { a: { b: [] } }]) {
        await framework.saveCheckpoint(started, state)
        assert.deepEqual((await framework.latestCheckpoint('e'))?.state, state)
      }
      for (const bad of [undefined, () => 1, Number.NaN, 1n, new Map()]) {
        await assertFails(framework.saveCheckpoint(started, bad), 'INVALID_ARGUMENT')
      }
      await assertFails(framework.latestCheckpoint(unchecked({ prefix: '' })), 'INVALID_ARGUMENT')
      assert.equal((await framework.listCheckpoints()).length, 5)
    },
  },
]

export const chilExecutionCases: readonly AgentCase[] = [...lifeCases, ...resumeCases]
