import type { Rule } from '../rule.ts'
import { modulesOf } from '../source-tree.ts'

const PRIVATE_FOLDER = /(?:^|[\s'"`(=])\/(?:work|root|home|Users)\/[\w.-]/
const FIXED_PLACE = /^(?:\/(?:work|root|home|Users|tmp|var|private)(?:\/|$)|[A-Z]:\\)/

/** Nothing depends on, or tells of, the machine it was written on. */
export const machinePaths: Rule = {
  title: 'no path of one machine',
  check: (tree) => [
    ...[...tree].flatMap(([path, text]) =>
      text
        .split('\n')
        .flatMap((line, at) =>
          PRIVATE_FOLDER.test(line) ? [`${path}:${at + 1}: a path of one machine; make it relative`] : [],
        ),
    ),
    ...modulesOf(tree).flatMap(({ path, literals }) =>
      literals
        .filter(({ text }) => FIXED_PLACE.test(text))
        .map(({ line }) => `${path}:${line}: a fixed place; use os.tmpdir() or a path that is passed in`),
    ),
  ],
}
