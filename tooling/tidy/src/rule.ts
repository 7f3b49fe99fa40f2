/** What a house rule is. */

import type { SourceTree } from './source-tree.ts'

/** One rule over the whole tree. */
export interface Rule {
  /** What holds, as a sentence: the title of its test. */
  readonly title: string
  /** One sentence per violation, with file and line and what to do instead; none when all is well. */
  readonly check: (tree: SourceTree) => readonly string[]
}
