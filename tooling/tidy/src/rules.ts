/** All house rules. */

import type { Rule } from './rule.ts'
import { bannedWords } from './rules/banned-words.ts'
import { deadFiles } from './rules/dead-files.ts'
import { dependencies } from './rules/dependencies.ts'
import { documentedExports } from './rules/documented-exports.ts'
import { fileNames } from './rules/file-names.ts'
import { importArrows } from './rules/import-arrows.ts'
import { machinePaths } from './rules/machine-paths.ts'
import { manifests } from './rules/manifests.ts'
import { markdown } from './rules/markdown.ts'
import { sizeRatchet } from './rules/size-ratchet.ts'

export const rules: readonly Rule[] = [
  bannedWords,
  deadFiles,
  dependencies,
  documentedExports,
  fileNames,
  importArrows,
  machinePaths,
  manifests,
  markdown,
  sizeRatchet,
]
