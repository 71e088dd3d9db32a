/** What processes of one role say to each other, by way of the supervisor that started them. */
export type SiblingMessage =
  /** From a process that will answer from now on. */
  | { sibling: 'hello' }
  /** To all others. */
  | { sibling: 'ask'; id: number; kind: string; payload: unknown }
  | { sibling: 'answer'; id: number; answer: unknown }
  /** What all others, or those that are there, have answered. */
  | { sibling: 'answers'; id: number; answers: unknown[] }

const NAMES = new Set(['hello', 'ask', 'answer', 'answers'])

/** The message, or `null` for what is none: the framework tells its parent of things as well. */
export function readSiblingMessage(message: unknown): SiblingMessage | null {
  return typeof message === 'object' &&
    message !== null &&
    'sibling' in message &&
    NAMES.has(String(message.sibling))
    ? (message as SiblingMessage)
    : null
}
