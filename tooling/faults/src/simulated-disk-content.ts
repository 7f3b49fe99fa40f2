/** The bytes of a simulated file. A copy costs nothing until one of the two is written. */

export class Content {
  #bytes: Uint8Array
  #length: number
  #isShared = false

  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.#bytes = bytes
    this.#length = bytes.length
  }

  get length(): number {
    return this.#length
  }

  /** What is there. Not to be changed, and good until the next change. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** The same bytes once more; either may be written without the other seeing it. */
  copy(): Content {
    const copy = new Content(this.bytes)
    copy.#isShared = true
    this.#isShared = true
    return copy
  }

  /** @returns how many bytes were there to be read */
  read(into: Uint8Array, position: number): number {
    const found = this.bytes.subarray(position, position + into.length)
    into.set(found)
    return found.length
  }

  /** A gap before the position is filled with zeros. */
  write(bytes: Uint8Array, position: number): void {
    this.#reserve(Math.max(this.#length, position + bytes.length))
    this.#bytes.set(bytes, position)
    this.#length = Math.max(this.#length, position + bytes.length)
  }

  /** Cuts the end off, or adds zeros. */
  truncate(length: number): void {
    this.#reserve(length)
    if (length < this.#length) this.#bytes.fill(0, length, this.#length)
    this.#length = length
  }

  /** Makes room, and the bytes this content's own. What lies behind the length is zeros. */
  #reserve(length: number): void {
    if (length <= this.#bytes.length && !this.#isShared) return
    const bytes = new Uint8Array(length <= this.#bytes.length ? this.#bytes.length : length * 2)
    bytes.set(this.bytes)
    this.#bytes = bytes
    this.#isShared = false
  }
}
