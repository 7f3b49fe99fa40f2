/** Configurations of frameworks: every version kept, one that counts. */

import assert from 'node:assert/strict'
import type { AgentCase } from './agent-case.ts'
import { assertFails, unchecked } from './asking.ts'

export const chilConfigurationCases: readonly AgentCase[] = [
  {
    id: 'chil-configuration-versions',
    title: 'setting adds a version that counts at once; older ones stay',
    methods: ['chil.framework.setConfiguration', 'chil.framework.getConfiguration'],
    run: async ({ store: { chil }, clock }) => {
      const { framework } = chil
      assert.equal(await framework.getConfiguration('empirical'), undefined)
      assert.equal(await framework.setConfiguration('empirical', { depth: 1 }), 1)
      const options = { created_by: 'ann', comment: 'deeper' }
      assert.equal(await framework.setConfiguration('empirical', { depth: 2 }, options), 2)
      const present = await framework.getConfiguration('empirical')
      assert.deepEqual(present, {
        configuration_id: present?.configuration_id,
        name: 'empirical',
        version: 2,
        active: true,
        settings: { depth: 2 },
        created_at: new Date(clock.now()).toISOString(),
        ...options,
      })
      assert.deepEqual((await framework.getConfiguration('empirical', { version: 1 }))?.settings, {
        depth: 1,
      })
      assert.equal(await framework.getConfiguration('empirical', { version: 3 }), undefined)
      assert.equal(await framework.setConfiguration('another', {}), 1)
    },
  },
  {
    id: 'chil-configuration-activated',
    title: 'another version is made to count, and then it alone does',
    methods: ['chil.framework.activateConfiguration', 'chil.framework.setConfiguration'],
    run: async ({ store: { chil } }) => {
      const { framework } = chil
      await framework.setConfiguration('empirical', { depth: 1 }, { activate: false })
      assert.equal((await framework.getConfiguration('empirical'))?.version, 1)
      await framework.setConfiguration('empirical', { depth: 2 }, { activate: false })
      assert.equal((await framework.getConfiguration('empirical'))?.version, 1)
      const second = await framework.activateConfiguration('empirical', 2)
      assert.deepEqual(await framework.getConfiguration('empirical'), second)
      assert.deepEqual(await framework.activateConfiguration('empirical', 2), second)
      await assertFails(framework.activateConfiguration('empirical', 3), 'NOT_FOUND')
      await assertFails(framework.activateConfiguration('nobody', 1), 'NOT_FOUND')
      const { records } = await framework.configurationHistory('empirical')
      assert.deepEqual(
        records.map(({ version, active }) => [version, active]),
        [
          [2, true],
          [1, false],
        ],
      )
    },
  },
  {
    id: 'chil-configuration-race',
    title: 'settings that meet get versions of their own, and one of them counts',
    methods: ['chil.framework.setConfiguration', 'chil.framework.configurationHistory'],
    inTransactions: false,
    run: async ({ store: { chil } }) => {
      const { framework } = chil
      const depths = [1, 2, 3, 4]
      const versions = await Promise.all(
        depths.map((depth) => framework.setConfiguration('empirical', { depth })),
      )
      assert.deepEqual(versions.sort(), [1, 2, 3, 4])
      const { records } = await framework.configurationHistory('empirical')
      assert.deepEqual(
        records.map(({ version, active }) => [version, active]),
        [
          [4, true],
          [3, false],
          [2, false],
          [1, false],
        ],
      )
    },
  },
  {
    id: 'chil-configuration-guarded',
    title: 'ifVersion guards against a version that the caller has not seen',
    methods: ['chil.framework.setConfiguration'],
    inTransactions: false,
    run: async ({ store: { chil } }) => {
      const { framework } = chil
      await assertFails(framework.setConfiguration('x', {}, { ifVersion: 1 }), 'VERSION_CONFLICT')
      assert.equal(await framework.setConfiguration('x', {}, { ifVersion: 0 }), 1)
      const meeting = [1, 2].map((depth) => framework.setConfiguration('x', { depth }, { ifVersion: 1 }))
      const lost = (await Promise.allSettled(meeting)).flatMap((each) =>
        each.status === 'rejected' ? [each.reason.code] : [],
      )
      assert.deepEqual(lost, ['VERSION_CONFLICT'])
      assert.equal((await framework.getConfiguration('x'))?.version, 2)
    },
  },
  {
    id: 'chil-configuration-history',
    title: 'the history is newest first, page by page',
    methods: ['chil.framework.configurationHistory'],
    run: async ({ store: { chil } }) => {
      const { framework } = chil
      for (const depth of [1, 2, 3]) await framework.setConfiguration('x', { depth })
      await framework.setConfiguration('y', {})
      const page = await framework.configurationHistory('x', { limit: 2 })
      const next = await framework.configurationHistory('x', { limit: 2, cursor: page.next })
      const versions = [...page.records, ...next.records].map(({ version }) => version)
      assert.deepEqual([versions, next.next], [[3, 2, 1], undefined])
      assert.deepEqual((await framework.configurationHistory('nobody')).records, [])
    },
  },
  {
    id: 'chil-configuration-refused',
    title: 'what is no configuration is refused, and nothing is stored',
    methods: [
      'chil.framework.setConfiguration',
      'chil.framework.getConfiguration',
      'chil.framework.activateConfiguration',
      'chil.framework.configurationHistory',
    ],
    run: async ({ store: { chil } }) => {
      const { framework } = chil
      await assertFails(framework.setConfiguration('', {}), 'INVALID_ARGUMENT')
      await assertFails(framework.setConfiguration('x', unchecked([1])), 'INVALID_ARGUMENT')
      for (const bad of [{ ifVersion: -1 }, { activate: 'yes' }, { settings: {} }, null]) {
        await assertFails(framework.setConfiguration('x', {}, unchecked(bad)), 'INVALID_ARGUMENT')
      }
      await assertFails(framework.getConfiguration('x', { version: 0 }), 'INVALID_ARGUMENT')
      await assertFails(framework.getConfiguration('x', unchecked({ colour: 1 })), 'INVALID_ARGUMENT')
      await assertFails(framework.activateConfiguration('x', 0.5), 'INVALID_ARGUMENT')
      for (const bad of [null, { limit: 0 }, { name: 'y' }, { active: true }].map(unchecked)) {
        await assertFails(framework.configurationHistory('x', bad), 'INVALID_ARGUMENT')
      }
      await assertFails(framework.configurationHistory(unchecked({ prefix: '' })), 'INVALID_ARGUMENT')
      assert.equal(await framework.getConfiguration('x'), undefined)
    },
  },
]
