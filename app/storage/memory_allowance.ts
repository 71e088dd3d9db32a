/** Memory that work at the same moment shares: who gets none must do without. */
export class MemoryAllowance {
  #left: number

  constructor(bytes: number) {
    this.#left = bytes
  }

  /** Whether so many bytes could be had; they are to be given back. */
  take(bytes: number): boolean {
    if (bytes > this.#left) {
      return false
    }
    this.#left -= bytes
    return true
  }

  give(bytes: number): void {
    this.#left += bytes
  }
}
