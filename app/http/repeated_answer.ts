import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'

/** An answer that was given before, ready to be given again. */
export interface RepeatedAnswer {
  route: string
  /** Names and values in turn, as they go out; the request's id is added. */
  headers: ReadonlyArray<string | number>
  body: Buffer | string
}

/** A request that was answered without the framework. */
export interface AnsweredRequest {
  request: IncomingMessage
  response: ServerResponse
  route: string
  seconds: number
}

/** Names and values in turn: headers that are set one by one cost Node more than all else of such an answer. */
export function flatHeaders(headers: OutgoingHttpHeaders): Array<string | number> {
  return Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().flatMap((one) => [name, one])
  )
}

/** Gives an answer again; `completed` is told when it is over, however it ended. */
export function repeatAnswer(
  { request, response }: { request: IncomingMessage; response: ServerResponse },
  { route, headers, body }: RepeatedAnswer,
  startedAt: number,
  completed: (answered: AnsweredRequest) => void
): void {
  response.on('close', () => {
    const seconds = (performance.now() - startedAt) / 1_000
    completed({ request, response, route, seconds })
  })
  const id = String(request.headers['x-request-id'])
  response.writeHead(200, headers.concat('X-Request-Id', id))
  response.end(body)
}
