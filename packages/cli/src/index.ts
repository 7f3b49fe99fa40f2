/** `@coffer/cli`: what the `coffer` command is made of, for programs that want the same. */

export { type DiagnoseOptions, diagnose } from './doctor/diagnose.ts'
export {
  type Changes,
  type ImportCounts,
  type ImportOptions,
  importTranscripts,
  type LineProblem,
} from './import/import-transcripts.ts'
export { type Line, MAX_LINE_BYTES, readLines } from './import/lines.ts'
