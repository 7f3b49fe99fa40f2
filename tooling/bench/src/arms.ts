/** Ways of calling an operation again and again: once at least, however little time there is. */

import type { Arm } from './contest.ts'

/** So many callers at once, each waiting for its own call before the next. `call` gets a running number. */
export function callers(count: number, call: (turn: number) => Promise<unknown>): Arm {
  let turn = 0
  return async (milliseconds) => {
    const until = performance.now() + milliseconds
    let operations = 0
    const caller = async () => {
      do {
        await call(turn++)
        operations++
      } while (performance.now() < until)
    }
    await Promise.all(Array.from({ length: count }, caller))
    return operations
  }
}

/** One synchronous call after the other: how a synchronous driver is used at its best. */
export function loop(call: (turn: number) => void): Arm {
  let turn = 0
  return async (milliseconds) => {
    const until = performance.now() + milliseconds
    let operations = 0
    do {
      call(turn++)
      operations++
    } while (performance.now() < until)
    return operations
  }
}

/** As `callers` with one, where a call does many operations. */
export function bulk(size: number, call: (turn: number) => Promise<unknown> | undefined): Arm {
  const arm = callers(1, async (turn) => call(turn))
  return async (milliseconds) => (await arm(milliseconds)) * size
}
