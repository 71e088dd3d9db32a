/** Work that an answer must not wait for, yet the process must finish before it ends. */
export class BackgroundWork {
  readonly #running = new Set<Promise<void>>()

  /** Takes over a piece of work; its failure goes to `onError`. */
  add(work: Promise<unknown>, onError: (error: unknown) => void): void {
    const running: Promise<void> = work
      .then(() => undefined, onError)
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** Resolves when all work taken over so far is done. */
  async settle(): Promise<void> {
    await Promise.all(this.#running)
  }
}
