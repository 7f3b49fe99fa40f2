/** The rivals that keep a value by its key and no columns: Keyv, and LangGraph's store. */

import KeyvPostgres from '@keyv/postgres'
import { PostgresStore } from '@langchain/langgraph-checkpoint-postgres/store'
import Keyv from 'keyv'
import { MAX_CONNECTIONS } from './postgres-place.ts'
import type { Rival } from './rival.ts'
import type { Step } from './step.ts'

/** Opens Keyv. */
export async function openKeyv(url: string): Promise<Rival> {
  const keyv = new Keyv<Step>({ store: new KeyvPostgres({ uri: url, max: MAX_CONNECTIONS }) })
  return {
    put: (step) => keyv.set(step.step_id, step),
    get: (id) => keyv.get(id),
    putMany: (steps) => keyv.setMany(steps.map((step) => ({ key: step.step_id, value: step }))),
    close: () => keyv.disconnect(),
  }
}

const NAMESPACE = ['steps']

/** Opens LangGraph's store. It has no bulk write: a batch is one statement after the other. */
export async function openLangGraph(url: string): Promise<Rival> {
  const store = new PostgresStore({ connectionOptions: { connectionString: url, max: MAX_CONNECTIONS } })
  await store.setup()
  return {
    put: (step) => store.put(NAMESPACE, step.step_id, { ...step }),
    get: async (id) => (await store.get(NAMESPACE, id))?.value,
    putMany: (steps) =>
      store.batch(steps.map((step) => ({ namespace: NAMESPACE, key: step.step_id, value: { ...step } }))),
    close: () => store.stop(),
  }
}
