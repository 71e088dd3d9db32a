import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { LRUCache } from 'lru-cache'
import type { StoredImageView } from '#read_models/views'
import {
  flatHeaders,
  repeatAnswer,
  type AnsweredRequest,
  type RepeatedAnswer,
} from './repeated_answer.ts'

/** An answer with a file that anybody may see. */
export interface HotAnswer {
  /** What the image was when it was answered so: another row is another answer. */
  image: StoredImageView
  route: string
  headers: OutgoingHttpHeaders
  bytes: Buffer
}

export interface HotAnswersOptions {
  /** What may be kept, in bytes. */
  bytes: number
  /** What an image is by now, as far as that is known without asking. */
  known: (key: string) => StoredImageView | null
  completed: (answered: AnsweredRequest) => void
}

interface KeptAnswer extends RepeatedAnswer {
  image: StoredImageView
}

/** Site settings that another process has changed hold within a second. */
const FRESH_MILLISECONDS = 500
const HEADERS_BYTES = 1_000
const LARGEST_BYTES = 1024 * 1024

/** What makes an answer depend on more than the address. */
const DEPENDING = ['authorization', 'range', 'if-none-match', 'if-modified-since'] as const

/**
 * Answers with files that were given a moment ago, to be given again without the framework: it costs more than the file
 * itself. One holds only while its image is known to be what it was, so that a change shows as soon as it would without.
 */
export class HotAnswers {
  readonly #options: HotAnswersOptions
  readonly #answers: LRUCache<string, KeptAnswer>

  constructor(options: HotAnswersOptions) {
    this.#options = options
    this.#answers = new LRUCache({
      maxSize: options.bytes,
      ttl: FRESH_MILLISECONDS,
      sizeCalculation: ({ body }) => body.length + HEADERS_BYTES,
    })
  }

  /** Keeps the answer to an address, which must not depend on anything else of the request. */
  keep(url: string, { image, route, headers, bytes }: HotAnswer): void {
    if (!url.includes('?') && bytes.length <= LARGEST_BYTES) {
      this.#answers.set(url, { image, route, headers: flatHeaders(headers), body: bytes })
    }
  }

  /** Forgets all answers: what they were given by has changed. */
  clear(): void {
    this.#answers.clear()
  }

  /** Answers a request if its answer is kept; false when the framework must. */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    const { method, url = '', headers } = request
    if (method !== 'GET' || !url.startsWith('/i/')) {
      return false
    }
    const answer = this.#answers.get(url)
    if (
      answer === undefined ||
      DEPENDING.some((name) => headers[name] !== undefined) ||
      this.#options.known(answer.image.key) !== answer.image
    ) {
      return false
    }
    const { completed } = this.#options
    repeatAnswer({ request, response }, answer, performance.now(), completed)
    return true
  }
}
