import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addWords, MAX_WORD_LENGTH } from '../src/words.ts'

/** The distinct words of a text in the order in which they first stand there. */
function wordsOf(text: string, limit = Number.POSITIVE_INFINITY): string[] {
  const words = new Set<string>()
  addWords(text, words, limit)
  return [...words]
}

test.each<[string, string, string[]]>([
  [
    'a sentence',
    'The quick (brown) fox can’t jump, can it?',
    ['the', 'quick', 'brown', 'fox', "can't", 'jump', 'can', 'it'],
  ],
  ['nothing', '', []],
  ['only punctuation', ' …—!?.,:;\'"_ \n', []],
  ['hyphens', 'well-known', ['well', 'known']],
  ['letters and digits', 'h264 3rd v1.2', ['h264', '3rd', 'v1.2']],
  ['numbers', '3.14 and 1,000 or -5', ['3.14', 'and', '1,000', 'or', '5']],
  ['a number at the end of a sentence', 'It is 5. In 6, maybe.', ['it', 'is', '5', 'in', '6', 'maybe']],
  ['a point between letter and digit', 'a.1 1.a', ['a', '1']],
  ['identifiers', 'snake_case a__b _private_ __init__', ['snake_case', 'a__b', 'private', 'init']],
  ['apostrophes of every kind', "don't don’t donʼt 'quoted'", ["don't", 'quoted']],
  ['a middle dot', 'col·lecció', ['col·lecció']],
  ['two joiners', "a..b a'.b", ['a', 'b']],
  [
    'a URL',
    'https://www.example.com:8080/a_b?q=c%20d#e',
    ['https', 'www.example.com', '8080', 'a_b', 'q', 'c', '20d', 'e'],
  ],
  ['an email', 'Ann.Lee+x@mail.example.org', ['ann.lee', 'x', 'mail.example.org']],
  ['Chinese', '东京大学2024', ['东', '京', '大', '学', '2024']],
  ['Japanese', '東京タワーへ行くコンピューター', ['東', '京', 'タワー', 'へ', '行', 'く', 'コンピューター']],
  ['a Han character beyond the basic plane', '𠮷野家', ['𠮷', '野', '家']],
  ['Korean', '안녕하세요 세계', ['안녕하세요', '세계']],
  ['Thai, letter by letter', 'ดีครับ', ['ดี', 'ค', 'รั', 'บ']],
  ['Arabic, with its own digits and comma', 'مرحبا، ١٬٠٠٠ عالم', ['مرحبا', '١٬٠٠٠', 'عالم']],
  ['Persian, with and without an invisible joiner', 'می\u200cخواهم میخواهم', ['میخواهم']],
  ['Hindi, with its marks', 'हिन्दी में क्षमा', ['हिन्दी', 'में', 'क्षमा']],
  ['Hebrew abbreviations', 'צה"ל צה״ל "שלום"', ['צה"ל', 'שלום']],
  ['emoji', '👍🏽 👨‍👩‍👧 🇩🇪 ☕️ done✅', ['done']],
  ['signs that would become letters', 'Coffer™ ©ℹ', ['coffer']],
  ['German', 'STRASSE straße STRAẞE', ['strasse']],
  ['Turkish, without a locale', 'İSTANBUL ISTANBUL istanbul ıstanbul', ['istanbul']],
  ['a final sigma', 'ΟΔΟΣ οδος οδοσ', ['οδοσ']],
  ['diacritics, which count', 'resume résumé', ['resume', 'résumé']],
  ['the normal forms C and D', 'caf\u00e9 cafe\u0301 CAFE\u0301', ['caf\u00e9']],
  ['full and half width', 'ＦＵＬＬ　１２ ｶﾞｲﾄﾞ ガイド', ['full', '12', 'ガイド']],
  ['ligatures', 'ﬁne fine', ['fine']],
  ['soft hyphens and direction marks', 'hy\u00adphen\u200eation', ['hyphenation']],
  ['zero-width spaces, which part', 'a\u200bb', ['a', 'b']],
  ['a mark without a letter', '\u0301 a', ['a']],
])('the words of %s', (_name, text, expected) => {
  expect(wordsOf(text)).toEqual(expected)
})

test('a long word is cut at a number of code points, alike wherever it stands', () => {
  const long = '😀x'.replace('😀', '𐐨').repeat(200)
  const [word = ''] = wordsOf(long)
  expect(Array.from(word)).toHaveLength(MAX_WORD_LENGTH)
  expect(wordsOf(`${long}y ${long}`)).toEqual([word])
  expect(wordsOf('a'.repeat(MAX_WORD_LENGTH))).toEqual(['a'.repeat(MAX_WORD_LENGTH)])
  expect(wordsOf('a'.repeat(MAX_WORD_LENGTH + 1))).toEqual(['a'.repeat(MAX_WORD_LENGTH)])
})

test('thirty marks on one letter count, and no more', () => {
  const marked = (count: number) => wordsOf(`a${'\u0301'.repeat(count)}`)
  expect(marked(30)).not.toEqual(marked(29))
  expect(marked(31)).toEqual(marked(30))
})

test('it stops when there are more words than are wanted', () => {
  expect(wordsOf('a b a c d e', 2)).toEqual(['a', 'b', 'c'])
})

test.each([' ', '/', '\n', '・', ', '])(
  'a very long text with %j between its words has all of them',
  (gap) => {
    const words = Array.from({ length: 60_000 }, (_, n) => `w${n}`)
    expect(wordsOf(words.join(gap))).toEqual(words)
  },
)

test('a very long text without a gap has its words, cut or not', () => {
  expect(wordsOf('\u{20000}'.repeat(1_000_001))).toEqual(['\u{20000}'])
  expect(wordsOf(`x${'\u{20000}'.repeat(1_000_001)}`)).toEqual(['x', '\u{20000}'])
  expect(wordsOf(`${'a'.repeat(3_000_000)} b`)).toEqual(['a'.repeat(MAX_WORD_LENGTH), 'b'])
})

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        ...`aAßẞİıiΣσςée\u0301\u0323\u0345.,':·_"1٣½ カ\u3099ー\uff9e東のﾞไאक\u094d\u200d\u00ad\u200b™👍 -`,
      ),
    )
    .map((characters) => characters.join('')),
)

describe('whatever the text', () => {
  test('its words are their own words', () => {
    fc.assert(
      fc.property(text, (drawn) => {
        const words = wordsOf(drawn)
        expect(wordsOf(words.join(' '))).toEqual(words)
      }),
      { numRuns: 2_000 },
    )
  })

  test('the words of two texts together are those of each', () => {
    fc.assert(
      fc.property(text, text, (one, other) => {
        expect(wordsOf(`${one}\n${other}`)).toEqual([...new Set([...wordsOf(one), ...wordsOf(other)])])
      }),
    )
  })

  test('case and normal form make no difference', () => {
    fc.assert(
      fc.property(text, (drawn) => {
        // Ⓜ is an emoji and ⓜ is none; the iota below has capitals that stand beside, in front of other marks.
        const plain = drawn.normalize('NFD').replace(/\p{Emoji}|[\u24b6-\u24e9]|\u0345/gu, '')
        for (const changed of [plain.toUpperCase(), plain.toLowerCase(), plain.normalize('NFC')]) {
          expect(wordsOf(changed)).toEqual(wordsOf(plain))
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

test('every letter there is finds itself, in either case', () => {
  const wrong: string[] = []
  for (let point = 1; point <= 0x10ffff; point++) {
    if (point >= 0xd800 && point <= 0xdfff) continue
    const character = String.fromCodePoint(point)
    const words = wordsOf(character).join()
    const isLost = words === '' && /^\p{L}/u.test(character.normalize('NFKC')) && !NO_WORDS.test(character)
    const isUnstable = words !== '' && wordsOf(words).join() !== words
    const isCased = words !== '' && wordsOf(character.toUpperCase()).join() !== words
    if (isLost || isUnstable || (isCased && character !== 'ⓜ')) wrong.push(point.toString(16))
  }
  expect(wrong).toEqual([])
})

/** Emoji, what is not seen, and the letter that is an apostrophe. */
const NO_WORDS = /[\p{Extended_Pictographic}\p{Default_Ignorable_Code_Point}\u02bc]/u

const HOSTILE: readonly (readonly [string, string])[] = [
  ['one word', 'a'],
  ['marks in the wrong order', '\u0301\u0323'],
  ['marks that only normalising shows', '\uff9e\u0301'],
  ['marks with an invisible joiner between', '\u0301\u034f\u0323'],
  ['connectors', '_'],
  ['joiners without a letter', '.'],
  ['letters and joiners', 'a.'],
  ['words that end in many connectors', `a${'_'.repeat(500)}.`],
  ['sigmas', "Σ'"],
  ['invisible characters', '\u200d'],
]

/** Two megabytes: what takes the square of their length would take minutes. */
test.each(HOSTILE)('a long text of %s is split in time', (_name, part) => {
  const repeated = `a${part.repeat(2_000_000 / part.length)}`
  const startedAt = performance.now()
  wordsOf(repeated)
  expect(performance.now() - startedAt).toBeLessThan(10_000)
})
