import type { MailerContract, MailTransportContract } from '@adonisjs/mail/types'

export interface Mail {
  /** One address. */
  to: string
  subject: string
  text: string
  html: string
}

/** Hands mails to a server. */
export interface Mailer {
  /** Resolves when the server has taken the mail. @throws MailError */
  send(mail: Mail): Promise<void>
}

export class MailError extends Error {
  override name = 'MailError'
  readonly code = 'E_MAIL_NOT_SENT'
}

/** Sends by SMTP. */
export class SmtpMailer implements Mailer {
  readonly #mailer: Pick<MailerContract<MailTransportContract>, 'send'>

  constructor(mailer: Pick<MailerContract<MailTransportContract>, 'send'>) {
    this.#mailer = mailer
  }

  async send({ to, subject, text, html }: Mail): Promise<void> {
    try {
      await this.#mailer.send((message) => {
        message.to(to).subject(subject).text(text).html(html)
      })
    } catch (error) {
      // What the server said repeats the address, and errors end up in logs: only its code goes on, without the cause.
      throw new MailError(`The mail server did not take a mail (${reasonOf(error)})`)
    }
  }
}

/** Says that no mail can be sent where a mail is owed all the same. */
export class NoMailer implements Mailer {
  async send(): Promise<void> {
    throw new MailError('A mail is owed, but SMTP_HOST is not set')
  }
}

/** The codes of an error, such as `EENVELOPE 550`. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const codes =
    cause instanceof Error
      ? ['code', 'responseCode'].flatMap((name) => {
          const value: unknown = Reflect.get(cause, name)
          return typeof value === 'string' || typeof value === 'number' ? [value] : []
        })
      : []
  return codes.length === 0 ? 'for no known reason' : codes.join(' ')
}
