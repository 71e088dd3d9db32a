import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto'

/**
 * The keys of personal data, one a subject (`account:7`, or `visitors:2026-01-31` for those without an account).
 * An erased key never comes back: what it sealed is forgotten, everywhere at once.
 */
export interface KeyRing {
  /** The subjects' keys, each made when it does not exist; an erased one is `null`. */
  obtain(subjects: readonly string[]): Promise<Map<string, KeyObject | null>>
  /** The subjects' keys as they are; `null` for one that was erased or never made. */
  find(subjects: readonly string[]): Promise<Map<string, KeyObject | null>>
  /** Forgets the subject for good. */
  erase(subject: string): Promise<void>
}

/** Keys in memory, for tests. */
export class InMemoryKeyRing implements KeyRing {
  readonly #keys = new Map<string, KeyObject | null>()

  async obtain(subjects: readonly string[]) {
    for (const subject of subjects) {
      if (!this.#keys.has(subject)) {
        this.#keys.set(subject, createSecretKey(randomBytes(32)))
      }
    }
    return this.find(subjects)
  }

  async find(subjects: readonly string[]) {
    return new Map(subjects.map((subject) => [subject, this.#keys.get(subject) ?? null]))
  }

  async erase(subject: string) {
    this.#keys.set(subject, null)
  }
}
