import { fileURLToPath } from 'node:url'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'

const STDIO_SERVER = fileURLToPath(new URL('../../bin/picfast_mcp.js', import.meta.url))

/** The handshake of 2025, or the requests of 2026 that stand for themselves. */
export type ProtocolEra = 'legacy' | 'modern'

/** What a tool answered: what it found, or why not. */
export interface ToolOutcome<Data> {
  data: Data | null
  error: { code: string; message: string } | null
}

/** An agent's end of a connection; it holds what tools answer against the shapes they announced. */
export class Agent {
  readonly client: Client

  private constructor(client: Client) {
    this.client = client
  }

  static async overHttp(
    url: string,
    token: string | null,
    era: ProtocolEra = 'modern'
  ): Promise<Agent> {
    const client = createClient(era)
    const headers: Record<string, string> =
      token === null ? {} : { authorization: `Bearer ${token}` }
    await client.connect(
      new StreamableHTTPClientTransport(new URL('/mcp', url), { requestInit: { headers } })
    )
    return new Agent(client)
  }

  static async overStdio(
    url: string,
    token: string | null,
    era: ProtocolEra = 'modern',
    program = STDIO_SERVER
  ): Promise<Agent> {
    const client = createClient(era)
    await client.connect(
      new StdioClientTransport({
        command: process.execPath,
        args: [program],
        env: { PICFAST_BASE_URL: url, ...(token === null ? {} : { PICFAST_API_TOKEN: token }) },
      })
    )
    return new Agent(client)
  }

  /** Calls a tool; what it says in text must be what it says as data. */
  async call<Data>(name: string, input: Record<string, unknown> = {}): Promise<ToolOutcome<Data>> {
    const { content, structuredContent, isError } = await this.client.callTool({
      name,
      arguments: input,
    })
    const [first] = content
    const text = first?.type === 'text' ? first.text : ''
    if (text !== JSON.stringify(structuredContent)) {
      throw new Error(`${name} answered ${text} and ${JSON.stringify(structuredContent)}`)
    }
    if (isError) {
      const { error }: { error: ToolOutcome<Data>['error'] } = JSON.parse(text)
      return { data: null, error }
    }
    const data: Data = JSON.parse(text)
    return { data, error: null }
  }

  /** The code of the error that a tool answers, `null` for none. */
  async codeOf(name: string, input: Record<string, unknown> = {}): Promise<string | null> {
    return (await this.call(name, input)).error?.code ?? null
  }

  /** A resource of JSON. */
  async read<Data>(uri: string): Promise<Data> {
    const { contents } = await this.client.readResource({ uri })
    const [first] = contents
    if (first === undefined || !('text' in first)) {
      throw new Error(`${uri} is not text`)
    }
    const data: Data = JSON.parse(first.text)
    return data
  }

  close(): Promise<void> {
    return this.client.close()
  }
}

function createClient(era: ProtocolEra): Client {
  return new Client(
    { name: 'tests', version: '1.0.0' },
    { versionNegotiation: { mode: era === 'legacy' ? 'legacy' : { pin: '2026-07-28' } } }
  )
}
