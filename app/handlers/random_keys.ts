import { randomInt } from 'node:crypto'
import type { KeySource } from './ports.ts'

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** Keys that cannot be guessed, each character drawn evenly. */
export const randomKeys: KeySource = {
  draw: (length) =>
    Array.from({ length }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join(''),
}
