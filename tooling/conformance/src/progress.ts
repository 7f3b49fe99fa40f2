/** Tells how far a run has come: one line that is written over on a terminal, a line per part elsewhere. */

/** Where progress is told. */
export interface Progress {
  /** A new part begins. */
  begin(part: string, steps: number): void
  /** One step of the part is done. */
  step(): void
  end(): void
}

const WIDTH = 79
/** How often the line is written anew, in steps. */
const EVERY = 10

export function progressOf(stream: NodeJS.WriteStream): Progress {
  let part = ''
  let steps = 0
  let done = 0
  const clear = () => {
    if (stream.isTTY) stream.write(`\r${' '.repeat(WIDTH)}\r`)
  }
  return {
    begin: (name, total) => {
      clear()
      part = name
      steps = total
      done = 0
      stream.write(stream.isTTY ? `${name} …` : `${name}: ${total}\n`)
    },
    step: () => {
      done++
      if (stream.isTTY && done % EVERY === 0) stream.write(`\r${part} ${done}/${steps}`.slice(0, WIDTH))
    },
    end: clear,
  }
}
