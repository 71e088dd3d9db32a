/** The earliest of the moments (RFC 3339 in UTC) that it was told of. */
export class Earliest {
  #moment: string | null = null

  get moment(): string | null {
    return this.#moment
  }

  note(moment: string | null): void {
    if (moment !== null && (this.#moment === null || moment < this.#moment)) {
      this.#moment = moment
    }
  }
}
