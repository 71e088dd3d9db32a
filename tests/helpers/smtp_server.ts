import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { simpleParser, type ParsedMail } from 'mailparser'
import { SMTPServer } from 'smtp-server'
import { waitFor } from './wait_for.ts'

export interface ReceivedMail {
  to: string
  mail: ParsedMail
  /** The secret in its link. */
  token: string
  /** Whether the server said that it took the mail. */
  taken: boolean
}

/** A mail server that takes what it is sent, or refuses it while it is told to. */
export class TestSmtpServer {
  readonly mails: ReceivedMail[] = []
  /** Refuse recipients, or whole mails after they were sent. */
  refusing: 'recipients' | 'mails' | null = null
  readonly #server: SMTPServer

  private constructor() {
    this.#server = new SMTPServer({
      disabledCommands: ['AUTH', 'STARTTLS'],
      onRcptTo: ({ address }, _session, done) =>
        done(this.refusing === 'recipients' ? refusal(550, `no <${address}> here`) : null),
      onData: (stream, { envelope }, done) => {
        const to = envelope.rcptTo.map(({ address }) => address).join()
        simpleParser(stream).then((mail) => {
          const taken = this.refusing !== 'mails'
          this.mails.push({ to, mail, token: tokenIn(mail.text), taken })
          done(taken ? null : refusal(451, `not now for <${to}>`))
        }, done)
      },
    })
  }

  static async start(port = 0): Promise<TestSmtpServer> {
    const started = new TestSmtpServer()
    const listening = started.#server.listen(port, '127.0.0.1')
    await once(listening, 'listening')
    return started
  }

  get port(): number {
    const address = this.#server.server.address() as AddressInfo
    return address.port
  }

  /** The mails that were taken for an address, oldest first. */
  takenFor(to: string): ReceivedMail[] {
    return this.mails.filter((mail) => mail.to === to && mail.taken)
  }

  /** The n-th mail that is taken for an address. */
  nextFor(to: string, number = 1): Promise<ReceivedMail> {
    return waitFor(() => this.takenFor(to)[number - 1], {
      what: `mail ${number} to ${to}`,
      timeoutMs: 20_000,
    })
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }
}

function refusal(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode })
}

function tokenIn(text: string | undefined): string {
  return /\?token=([\w-]+)/.exec(text ?? '')?.[1] ?? ''
}
