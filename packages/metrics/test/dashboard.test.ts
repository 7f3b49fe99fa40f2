import { readFileSync } from 'node:fs'
import { Registry } from 'prom-client'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { collectMetrics } from '../src/prometheus.ts'

const place = z.object({ x: z.int(), y: z.int(), w: z.int(), h: z.int() })
const panel = z.object({
  id: z.int(),
  type: z.string(),
  title: z.string().min(1),
  description: z.string().min(1).optional(),
  gridPos: place,
  fieldConfig: z.object({ defaults: z.object({ unit: z.string().min(1) }) }).optional(),
  targets: z
    .array(
      z.object({ expr: z.string(), datasource: z.object({ uid: z.string().regex(/^\$\{datasource\}$/) }) }),
    )
    .default([]),
})
const dashboard = z
  .object({
    title: z.string(),
    uid: z.string(),
    templating: z.object({
      list: z.array(z.object({ name: z.string(), type: z.string(), definition: z.string().optional() })),
    }),
    panels: z.array(panel),
  })
  .parse(JSON.parse(readFileSync(new URL('../dashboard.json', import.meta.url), 'utf8')))

const { panels, templating } = dashboard
const graphs = panels.filter(({ type }) => type !== 'row')
const questions = graphs.flatMap(({ targets }) => targets.map(({ expr }) => expr))

/** The metrics that are asked for; parts of a histogram count as it. */
async function asked(): Promise<{ known: Set<string>; named: Set<string> }> {
  const register = new Registry()
  using _metrics = collectMetrics({ register })
  const told = await register.getMetricsAsJSON()
  const histograms = told.filter(({ type }) => String(type) === 'histogram').map(({ name }) => name)
  const definitions = templating.list.map(({ definition = '' }) => definition)
  const named = [...questions, ...definitions].flatMap((text) => text.match(/coffer_[a-z_]+/g) ?? [])
  const whole = (name: string) =>
    histograms.find((each) => [`${each}_bucket`, `${each}_sum`, `${each}_count`].includes(name)) ?? name
  return { known: new Set(told.map(({ name }) => name)), named: new Set(named.map(whole)) }
}

describe('the dashboard', () => {
  test('asks for no metric that is not there, and shows every one that is', async () => {
    const { known, named } = await asked()
    expect([...named].sort()).toEqual([...known].sort())
  })

  test('has a title, a unit, a description and a question in each panel', () => {
    for (const { title, fieldConfig, description, targets } of graphs) {
      expect([title, fieldConfig?.defaults.unit, description]).not.toContain(undefined)
      expect(targets.length).toBeGreaterThan(0)
    }
  })

  test('lets one choose where its numbers come from', () => {
    expect(templating.list.find(({ name }) => name === 'datasource')?.type).toBe('datasource')
  })

  test('uses no variable that it has not, and has none that it does not use', () => {
    const own = new Set(templating.list.map(({ name }) => name))
    const used = new Set(
      JSON.stringify(dashboard)
        .match(/\$\{?[a-z]\w*/g)
        ?.map((each) => each.replace(/\W/g, '')),
    )
    expect(used).toEqual(own)
  })

  test('names nothing that only the machine it was made on has', () => {
    const text = readFileSync(new URL('../dashboard.json', import.meta.url), 'utf8')
    expect(text).not.toMatch(/__inputs|DS_[A-Z]+|localhost/)
  })

  test('has panels that do not cover each other', () => {
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_each, at) => `${x + (at % w)}:${y + Math.floor(at / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    expect(Math.max(...panels.map(({ gridPos }) => gridPos.x + gridPos.w))).toBe(24)
  })
})
