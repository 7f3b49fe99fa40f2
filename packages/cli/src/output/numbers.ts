/** Numbers as people read them. */

/** 1164 → `1,164`. */
export function grouped(count: number): string {
  return count.toLocaleString('en-US')
}

/** With its noun: `1 line`, `2 lines`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`
}

/** Milliseconds as seconds: `0.4 s`, `12 s`. */
export function seconds(milliseconds: number): string {
  const value = milliseconds / 1_000
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} s`
}
