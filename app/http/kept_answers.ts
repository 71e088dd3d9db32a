import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpContext } from '@adonisjs/core/http'
import { LRUCache } from 'lru-cache'
import { readBearer } from '#auth/bearer_header'
import type { ReadMoment } from '#auth/identity'
import { hashToken } from '#auth/secret_tokens'
import type { StampReader } from '#auth/stamp_reader'
import { PRIVATE_HEADERS } from './answer_headers.ts'
import type { Allowance } from './rate_limiter.ts'
import { showAllowance } from './rate_limits.ts'
import { flatHeaders, repeatAnswer, type AnsweredRequest } from './repeated_answer.ts'

interface KeptAnswer {
  accountId: number
  /** What had been stamped before anything was read that it is made of, the caller's identity included. */
  moment: ReadMoment
  /** When it is over by the database's clock, in milliseconds of the epoch. */
  endsAt: number
  route: string
  headers: ReadonlyArray<string | number>
  /** As text: it then leaves in one piece with its head. */
  body: string
  length: number
}

export interface KeptAnswersOptions {
  /** What may be kept, in bytes. */
  bytes: number
  stamps: Pick<StampReader, 'momentOf'>
  /** Counts a request of an account; `null` when requests are not counted. */
  take: (accountId: number) => Promise<Allowance | null>
  completed: (answered: AnsweredRequest) => void
}

const OVERHEAD_BYTES = 1_000
/** Then the credential is looked up again: that its use is noted once a minute, for one. */
const LONGEST_MILLISECONDS = 60_000
const LARGEST_BYTES = 256 * 1024
const JSON_TYPE = 'application/json; charset=utf-8'

/**
 * Answers of the API that were given before, to be given again without the framework and without their queries. For each
 * request the database is asked whether anything has changed that the answer may be made of, the credential included:
 * what was acknowledged before a request came, by whichever process, shows in its answer.
 */
export class KeptAnswers {
  readonly #options: KeptAnswersOptions
  readonly #answers: LRUCache<string, KeptAnswer>

  constructor(options: KeptAnswersOptions) {
    this.#options = options
    this.#answers = new LRUCache({
      maxSize: options.bytes,
      // They hold personal data: none stays in memory for longer.
      ttl: LONGEST_MILLISECONDS,
      ttlAutopurge: true,
      sizeCalculation: ({ length }, key) => length + key.length + OVERHEAD_BYTES,
    })
  }

  /**
   * Answers with JSON that is made of nothing but the address, the caller's rows, those that concern everybody, and
   * the clock up to `end`; and keeps it. The caller was identified before the rows were read.
   */
  answerAndKeep(ctx: HttpContext, content: object, end: string | null = null): void {
    const body = JSON.stringify(content)
    ctx.response.type(JSON_TYPE).send(body)
    const { accountId, credential, moment } = ctx.auth.getUserOrFail()
    const token = readBearer(ctx.request.header('authorization'))
    const length = Buffer.byteLength(body)
    if (token === null || moment.account === null || length > LARGEST_BYTES) {
      return
    }
    const ends = [moment.at + LONGEST_MILLISECONDS, credential.expiresAt]
    if (end !== null) {
      ends.push(Date.parse(end))
    }
    this.#answers.set(keyOf(ctx.request.request, token), {
      accountId,
      moment,
      endsAt: Math.min(...ends),
      route: ctx.route?.pattern ?? '',
      headers: flatHeaders({
        ...PRIVATE_HEADERS,
        'Content-Type': JSON_TYPE,
        'Content-Length': length,
      }),
      body,
      length,
    })
  }

  /** Answers a request if its answer is kept and still true, else `otherwise` is called; false when none is kept. */
  answer(request: IncomingMessage, response: ServerResponse, otherwise: () => void): boolean {
    const { method, headers, url = '' } = request
    if (method !== 'GET' || !url.startsWith('/api/')) {
      return false
    }
    const token = readBearer(headers.authorization)
    if (token === null || this.#answers.size === 0) {
      return false
    }
    const key = keyOf(request, token)
    const kept = this.#answers.get(key)
    if (kept === undefined) {
      return false
    }
    const startedAt = performance.now()
    this.#allowanceFor(key, kept).then((allowance) => {
      if (allowance === false) {
        return otherwise()
      }
      const shown = [...kept.headers]
      if (allowance !== null) {
        showAllowance(allowance, (name, value) => shown.push(name, value))
      }
      const { completed } = this.#options
      repeatAnswer({ request, response }, { ...kept, headers: shown }, startedAt, completed)
    }, otherwise)
    return true
  }

  /** `false` when the framework must answer: the answer is not true any more, or the request is to be refused. */
  async #allowanceFor(key: string, kept: KeptAnswer): Promise<Allowance | null | false> {
    const moment = await this.#options.stamps.momentOf(kept.accountId)
    if (!isStillTrue(kept, moment)) {
      // Another request may have put a newer one there meanwhile.
      if (this.#answers.peek(key) === kept) {
        this.#answers.delete(key)
      }
      return false
    }
    const allowance = await this.#options.take(kept.accountId)
    return allowance === null || allowance.allowed ? allowance : false
  }
}

/** The credential, and all else of a request that an answer depends on: the links in it start as the client came here. */
function keyOf({ headers, socket, url }: IncomingMessage, token: string): string {
  return [
    hashToken(token).toString('base64'),
    url,
    headers.host,
    headers['x-forwarded-host'],
    headers['x-forwarded-proto'],
    socket.remoteAddress,
  ].join('\n')
}

function isStillTrue({ moment, endsAt }: KeptAnswer, now: ReadMoment): boolean {
  return now.account === moment.account && now.everybody === moment.everybody && now.at < endsAt
}
