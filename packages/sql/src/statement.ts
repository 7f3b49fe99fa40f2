/** SQL as a value: a text that holds no caller's string, and the parameters beside it. */

/** A value that a driver binds. */
export type Parameter = string | number | boolean | null | readonly string[]

/** One statement, ready to run. Two statements of the same shape have the same text, byte for byte. */
export interface Statement {
  readonly text: string
  readonly parameters: readonly Parameter[]
}

/** A statement whose text is fixed for a table, so that it can be prepared once; each run makes its parameters. */
export interface Template<Input extends readonly unknown[]> {
  readonly text: string
  parameters(...input: Input): Parameter[]
}

/** Collects parameters in the order of their placeholders. */
export interface ParameterList {
  readonly values: readonly Parameter[]
  /** Takes a value and answers the placeholder that stands for it. */
  add(value: Parameter): string
}

/** An empty list whose placeholders are written by `placeholder`, counted from 1. */
export function parameterList(placeholder: (position: number) => string): ParameterList {
  const values: Parameter[] = []
  return {
    values,
    add(value) {
      values.push(value)
      return placeholder(values.length)
    },
  }
}
