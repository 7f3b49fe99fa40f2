/**
 * The words of a text: what a field of words keeps, and what it is asked with. One function for both, so that
 * a word is found by whatever it was written as.
 *
 * The rules are those of Unicode's default word boundaries (UAX #29), which need no dictionary and no locale.
 * `Intl.Segmenter` has both: it cuts Thai, Chinese and Japanese by dictionaries that change from one release of
 * ICU to the next, and words that were kept must still be found then. Only letters that are new in Unicode depend
 * on the Node that runs. Nothing here looks for stems or synonyms.
 */

/**
 * To be raised when these rules change in any way: records that are stored have the words of the old ones, and
 * stores take them out anew when they are opened.
 */
export const WORDS_EDITION = 1

/** The longest word in code points; of a longer one its beginning is kept, 1,020 bytes at most: an index entry. */
export const MAX_WORD_LENGTH = 255

/** The marks that one letter may carry (UAX #15, stream-safe text); longer runs make normalising quadratic. */
const MAX_MARKS = 30

/**
 * Adds the words of a text to a set, once each. It stops as soon as the set has more than `limit`.
 *
 * Letters are compared without case and in normal form KC; accents count. Runs of letters and digits are words,
 * with an apostrophe, `.`, `:` or `·` between letters, `.` or `,` between digits, and `_` between both. In scripts
 * that put no spaces between words (Han, Hiragana, Thai, Lao, Khmer, Myanmar and their kin) each letter is a word
 * of its own; Katakana runs. Emoji and punctuation are no words.
 */
export function addWords(text: string, words: Set<string>, limit: number): void {
  for (let start = 0; start < text.length && words.size <= limit; ) {
    const end = endOfPiece(text, start)
    addFolded(fold(text.slice(start, end)), words, limit)
    start = end
  }
}

function addFolded(folded: string, words: Set<string>, limit: number): void {
  for (let word = nextWord(folded, 0); word !== undefined; word = nextWord(folded, word.end)) {
    words.add(cut(folded.slice(word.start, word.end)))
    if (words.size > limit) return
  }
}

/** Long texts are folded in pieces: folded, a text may be eighteen times as long, and a string has an end. */
const PIECE = 65_536
const LONGEST_PIECE = 1_048_576
/** Where a text can be parted without parting a word. */
const GAP = /[\t\n\r \u3000;()[\]{}<>/\\|!?=+*&%$#@~^`-]/

function endOfPiece(text: string, start: number): number {
  if (text.length - start <= PIECE) return text.length
  const end = start + LONGEST_PIECE
  const gap = text.slice(start + PIECE, end).search(GAP)
  if (gap !== -1) return start + PIECE + gap + 1
  if (end >= text.length) return text.length
  // Nobody looks for what stands in the middle of a million characters without a gap. Pairs stay whole.
  return (text.codePointAt(end - 1) ?? 0) > 0xffff ? end - 1 : end
}

const EMOJI = /\p{Extended_Pictographic}/gu
/** Soft hyphens, joiners, direction marks, variation selectors: all that is not seen, but for the space among them. */
const INVISIBLE = /(?!\u200b)\p{Default_Ignorable_Code_Point}/gu
/** Marks, and the two halfwidth ones that normal form KC makes marks of. */
const MARK_RUN = new RegExp(`([\\p{M}\\uff9e\\uff9f]{${MAX_MARKS}})[\\p{M}\\uff9e\\uff9f]+`, 'gu')
const DOTTED_I = /i(\p{M}*?)\u0307/gu
const APOSTROPHES = /[\u2018\u2019\u02bc\u05f3]/g

/** A text in the one form in which words are compared. */
function fold(text: string): string {
  // NFKC makes letters of some emoji (of ™ as well) and can't be undone: they go first.
  const plain = text.replace(EMOJI, ' ').replace(INVISIBLE, '').replace(MARK_RUN, '$1').normalize('NFKC')
  return withoutCase(plain).replace(APOSTROPHES, "'").replaceAll('\u05f4', '"').normalize('NFKC')
}

/**
 * One letter for all that differ in case. Up alone leaves ẞ apart from ß, which is SS, and down alone σ from ς.
 * Without a locale İ becomes i with a dot above, and ı becomes i by way of I; the dot goes, for i has one.
 */
function withoutCase(text: string): string {
  const capitals = text.toLowerCase().toUpperCase()
  return capitals.replaceAll('\u03a3', '\u03c3').toLowerCase().replace(DOTTED_I, 'i$1')
}

function cut(word: string): string {
  if (word.length <= MAX_WORD_LENGTH) return word
  const points = Array.from(word.slice(0, 2 * MAX_WORD_LENGTH))
  return points.slice(0, MAX_WORD_LENGTH).join('')
}

/** What a character is for the boundaries of words. */
type Kind =
  | 'other'
  | 'mark'
  | 'letter'
  | 'hebrew'
  | 'digit'
  | 'katakana'
  /** A letter that is a word of its own. */
  | 'single'
  /** Joins letters, digits, either, Hebrew letters, or anything but single letters. */
  | 'midLetter'
  | 'midDigit'
  | 'mid'
  | 'quote'
  | 'connector'

interface Span {
  readonly start: number
  readonly end: number
}

/** The first word that begins at the place or behind it. Looks at each character once, or once more. */
function nextWord(text: string, from: number): Span | undefined {
  let start = from
  let last = kindAt(text, start)
  while (!BEGINS.has(last)) {
    if (start >= text.length) return undefined
    start = after(text, start)
    last = kindAt(text, start)
  }
  let end = after(text, start)
  let joiner: Kind | undefined
  for (let place = end; place < text.length; place = after(text, place)) {
    const kind = kindAt(text, place)
    if (kind === 'mark' && joiner === undefined) {
      end = after(text, place)
    } else if (JOINS.has(kind) && (joiner === undefined || (joiner === 'connector' && kind === joiner))) {
      joiner = kind
    } else if (BEGINS.has(kind) && isJoined(last, joiner, kind)) {
      end = after(text, place)
      last = kind
      joiner = undefined
    } else {
      break
    }
  }
  return { start, end }
}

const BEGINS: ReadonlySet<Kind> = new Set(['letter', 'hebrew', 'digit', 'katakana', 'single'])
const JOINS: ReadonlySet<Kind> = new Set(['midLetter', 'midDigit', 'mid', 'quote', 'connector'])

/** Whether a character goes on with the word before it, behind the joiner if there is one. */
function isJoined(last: Kind, joiner: Kind | undefined, kind: Kind): boolean {
  if (last === 'single' || kind === 'single') return false
  const areLetters = isLetter(last) && isLetter(kind)
  const areDigits = last === 'digit' && kind === 'digit'
  switch (joiner) {
    case undefined:
      return (last === 'katakana') === (kind === 'katakana')
    case 'midLetter':
      return areLetters
    case 'midDigit':
      return areDigits
    case 'mid':
      return areLetters || areDigits
    case 'quote':
      return last === 'hebrew' && kind === 'hebrew'
    default:
      return true
  }
}

function isLetter(kind: Kind): boolean {
  return kind === 'letter' || kind === 'hebrew'
}

function after(text: string, place: number): number {
  return place + ((text.codePointAt(place) ?? 0) > 0xffff ? 2 : 1)
}

function kindAt(text: string, place: number): Kind {
  const point = text.codePointAt(place)
  if (point === undefined) return 'other'
  const known = kinds[point]
  if (known !== undefined) return known
  const kind = kindOf(String.fromCodePoint(point))
  kinds[point] = kind
  return kind
}

/** Kinds of the code points that were met: finding one out takes ten patterns. */
const kinds: Kind[] = []

const JOINERS: ReadonlyMap<string, Kind> = new Map([
  ["'", 'mid'],
  ['.', 'mid'],
  [':', 'midLetter'],
  ['\u00b7', 'midLetter'],
  ['\u2027', 'midLetter'],
  ['\u055f', 'midLetter'],
  [',', 'midDigit'],
  ['\u2044', 'midDigit'],
  ['\u060c', 'midDigit'],
  ['\u066b', 'midDigit'],
  ['\u066c', 'midDigit'],
  ['"', 'quote'],
  ['_', 'connector'],
])

const MARK = /^\p{M}/u
const LETTER = /^[\p{L}\p{Nl}]/u
const DIGIT = /^[\p{Nd}\p{No}]/u
const HEBREW = /^\p{Script=Hebrew}/u
const KATAKANA = /^[\p{Script=Katakana}\u3031-\u3035\u30fc]/u
const SPACELESS = [
  /^[\p{Ideographic}\p{Script=Han}\p{Script=Hiragana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u,
  /^[\p{Script=Myanmar}\p{Script=Tai_Le}\p{Script=New_Tai_Lue}\p{Script=Tai_Tham}\p{Script=Tai_Viet}]/u,
  /^\p{Script=Ahom}/u,
] as const

function kindOf(character: string): Kind {
  const joiner = JOINERS.get(character)
  if (joiner !== undefined) return joiner
  if (MARK.test(character)) return 'mark'
  if (DIGIT.test(character)) return 'digit'
  if (!LETTER.test(character)) return 'other'
  if (KATAKANA.test(character)) return 'katakana'
  if (HEBREW.test(character)) return 'hebrew'
  return SPACELESS.some((script) => script.test(character)) ? 'single' : 'letter'
}
