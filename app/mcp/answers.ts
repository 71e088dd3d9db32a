import type { CallToolResult } from '@modelcontextprotocol/server'
import { AgentError, InvalidArgumentsError, type AgentErrorCode } from './errors.ts'

/** What agents read of a failure. */
export interface ErrorBody extends Record<string, unknown> {
  error: { code: AgentErrorCode; message: string }
}

/** A tool's answer: as data, and as text for agents that read nothing else. */
export async function toolAnswer(
  work: () => Promise<Record<string, unknown>>,
  report: (error: unknown) => void
): Promise<CallToolResult> {
  try {
    return textAndData(await work())
  } catch (error) {
    if (error instanceof InvalidArgumentsError) {
      throw error
    }
    return { ...textAndData(errorBody(error, report)), isError: true }
  }
}

/** A fault that agents cannot do anything about is reported, and they are told no more than that. */
export function errorBody(error: unknown, report: (error: unknown) => void): ErrorBody {
  if (error instanceof AgentError) {
    return { error: { code: error.code, message: error.message } }
  }
  report(error)
  return { error: { code: 'INTERNAL_ERROR', message: 'Something went wrong on the server' } }
}

/** The body of an answer that never came to the protocol: most often the credentials were not good. */
export function bareErrorBody(status: number, message: string): ErrorBody {
  const code = [401, 403].includes(status) ? 'UNAUTHORIZED' : 'INTERNAL_ERROR'
  return { error: { code, message } }
}

function textAndData(data: Record<string, unknown>): CallToolResult {
  return { content: [{ type: 'text', text: JSON.stringify(data) }], structuredContent: data }
}
