import type { ApiAnswer, ApiClient, ApiRequest } from '#tests/helpers/api'
import { record, type OperationSpec } from '#tests/helpers/openapi_operations'
import type { Stage } from './stage.ts'

type Answer = ApiAnswer<unknown> | null

/** Sends requests to one operation, and notes what is wrong with the answers. */
export class Prober {
  readonly problems: string[] = []
  readonly #operation: OperationSpec
  readonly #caller: ApiClient
  readonly #path: string

  private constructor(operation: OperationSpec, caller: ApiClient, path: string) {
    this.#operation = operation
    this.#caller = caller
    this.#path = path
  }

  /** As an administrator, to something that is there where the operation is about such. */
  static async open(
    stage: Stage,
    operation: OperationSpec,
    { unknown = false } = {}
  ): Promise<Prober> {
    const caller = await stage.admin()
    const [known] = unknown ? [] : await stage.knownPaths(operation, caller)
    return new Prober(operation, caller, known ?? stage.unknownPath(operation))
  }

  /** Every answer must be one that the document has; `null` when it was not. */
  async send(what: string, request: ApiRequest & { query?: string }): Promise<Answer> {
    const { query, ...sent } = request
    const path = query === undefined ? this.#path : `${this.#path}?${query}`
    try {
      return await this.#caller.send<unknown>(this.#operation.method, path, sent)
    } catch (error) {
      const reason = error instanceof Error ? (error.cause ?? error) : error
      this.problems.push(`${what}: ${String(reason)}`)
      return null
    }
  }

  /** The answer must be 400 and name the field, unless a good request fails for another reason. */
  expectRefusal(what: string, field: string, answer: Answer, good: Answer): void {
    const isRefusedAnyway = good !== null && good.status >= 400 && answer?.status === good.status
    if (answer === null || isRefusedAnyway) {
      return
    }
    if (answer.status !== 400) {
      this.problems.push(`${what} was answered ${answer.status}`)
    } else if (!names(answer, field)) {
      this.problems.push(`${what} was refused without its name: ${answer.bytes.toString()}`)
    }
  }

  expectStatus(what: string, answer: Answer, ...statuses: number[]): void {
    if (answer !== null && !statuses.includes(answer.status)) {
      this.problems.push(`${what} was answered ${answer.status}: ${answer.bytes.toString()}`)
    }
  }
}

/** Whether a refusal says which field it is about; answers without fields name it in the sentence. */
function names(answer: ApiAnswer<unknown>, field: string): boolean {
  const [first = field] = field.split('.')
  return (
    Object.keys(record(answer.data)).some(
      (name) => name === field || name.startsWith(`${field}.`) || field.startsWith(`${name}.`)
    ) || answer.message.includes(first)
  )
}
