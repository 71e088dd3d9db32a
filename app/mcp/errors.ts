/** What agents are told went wrong. */
export type AgentErrorCode =
  | 'UNAUTHORIZED'
  | 'FORBIDDEN_SCOPE'
  | 'INVALID_IMAGE_DATA'
  | 'UPLOAD_FAILED'
  | 'IMAGE_NOT_FOUND'
  | 'INTERNAL_ERROR'

/** A failure in the words and with the code that an agent gets to read. */
export class AgentError extends Error {
  override name = 'AgentError'
  readonly code: AgentErrorCode

  constructor(code: AgentErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Arguments that no request can be made of; it is answered as the protocol answers arguments of a wrong shape. */
export class InvalidArgumentsError extends Error {
  override name = 'InvalidArgumentsError'
}

/** How the API refused something. `data` of an invalid request names the fields at fault. */
export interface Refusal {
  status: number
  message: string
  data: object
}

/** The parts of an upload that are the image itself. */
const FILE_FIELDS = ['file', 'url']

/** What a refused upload says to an agent: whether another image would help, or another try. */
export function uploadError(refusal: Refusal): AgentError {
  const { status, data } = refusal
  const isImageAtFault =
    status === 413 || status === 415 || FILE_FIELDS.some((field) => field in data)
  return (
    refusedAccess(refusal) ??
    agentError(isImageAtFault ? 'INVALID_IMAGE_DATA' : 'UPLOAD_FAILED', refusal)
  )
}

/** What any other refused request says to an agent; only single images can be missing. */
export function requestError(refusal: Refusal): AgentError | InvalidArgumentsError {
  if (refusal.status === 400) {
    return new InvalidArgumentsError(sentenceOf(refusal))
  }
  const code = refusal.status === 404 ? 'IMAGE_NOT_FOUND' : 'INTERNAL_ERROR'
  return refusedAccess(refusal) ?? agentError(code, refusal)
}

/** No credentials, bad ones, or those of a frozen account: which, the message says. */
function refusedAccess(refusal: Refusal): AgentError | null {
  return [401, 403].includes(refusal.status) ? agentError('UNAUTHORIZED', refusal) : null
}

function agentError(code: AgentErrorCode, refusal: Refusal): AgentError {
  return new AgentError(code, sentenceOf(refusal))
}

/** The message, and what is wrong with which field. */
function sentenceOf({ message, data }: Refusal): string {
  const details = Object.entries(data).flatMap(([field, messages]) =>
    Array.isArray(messages) ? [`${field}: ${messages.join(', ')}`] : []
  )
  return [message, ...details].join('. ')
}
