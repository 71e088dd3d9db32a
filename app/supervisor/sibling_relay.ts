import { readSiblingMessage, type SiblingMessage } from './sibling_messages.ts'

/** How long an answer may take; one that hangs is gone as far as the others are concerned. */
const PATIENCE_MILLISECONDS = 1_000

interface Question {
  from: string
  /** The asker's number for it. */
  id: number
  awaited: Set<string>
  answers: unknown[]
  timer: NodeJS.Timeout
}

/** Carries questions among the processes of one role. Whoever asks is answered as soon as all others have, or have died. */
export class SiblingRelay {
  readonly #send: (to: string, message: SiblingMessage) => void
  readonly #patience: number
  readonly #present = new Set<string>()
  readonly #questions = new Map<number, Question>()
  #asked = 0

  /** `send` does nothing for a process that is gone. */
  constructor(
    send: (to: string, message: SiblingMessage) => void,
    patience = PATIENCE_MILLISECONDS
  ) {
    this.#send = send
    this.#patience = patience
  }

  heard(from: string, said: unknown): void {
    const message = readSiblingMessage(said)
    switch (message?.sibling) {
      case 'hello':
        this.#present.add(from)
        break
      case 'ask':
        this.#ask(from, message)
        break
      case 'answer':
        this.#answer(from, message)
        break
      default:
    }
  }

  /** A process has died: nobody waits for it any more. */
  lost(process: string): void {
    this.#present.delete(process)
    for (const [number, question] of this.#questions) {
      question.awaited.delete(process)
      this.#settleIfDone(number, question)
    }
  }

  #ask(from: string, { id, kind, payload }: SiblingMessage & { sibling: 'ask' }): void {
    const number = (this.#asked += 1)
    const awaited = new Set([...this.#present].filter((process) => process !== from))
    const timer = setTimeout(() => this.#settle(number), this.#patience)
    const question = { from, id, awaited, answers: [], timer }
    this.#questions.set(number, question)
    for (const process of awaited) {
      this.#send(process, { sibling: 'ask', id: number, kind, payload })
    }
    this.#settleIfDone(number, question)
  }

  #answer(from: string, { id, answer }: SiblingMessage & { sibling: 'answer' }): void {
    const question = this.#questions.get(id)
    if (question?.awaited.delete(from)) {
      question.answers.push(answer)
      this.#settleIfDone(id, question)
    }
  }

  #settleIfDone(number: number, { awaited }: Question): void {
    if (awaited.size === 0) {
      this.#settle(number)
    }
  }

  #settle(number: number): void {
    const question = this.#questions.get(number)
    if (question !== undefined) {
      clearTimeout(question.timer)
      this.#questions.delete(number)
      const { from, id, answers } = question
      this.#send(from, { sibling: 'answers', id, answers })
    }
  }
}
