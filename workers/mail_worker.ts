import { MAILED_TOKEN_HOURS, type MailPurpose } from '#auth/mailed_tokens'
import type { AccountEvent } from '#domain/account/events'
import { evolveAccount, type Account } from '#domain/account/state'
import { DEFAULT_SITE_SETTINGS, type SiteSettings } from '#domain/site/settings'
import { streams } from '#domain/streams'
import type { Assignment } from '#jobs/queues'
import type { Processor } from '#jobs/worker_runtime'
import { passwordResetMail, verificationMail, type MailedLink } from '#mail/account_mails'
import type { Mail } from '#mail/mailer'
import { mailOf } from './payload.ts'
import type { WorkerPorts } from './ports.ts'

const MAILS: Readonly<Record<MailPurpose, (link: MailedLink) => Omit<Mail, 'to'>>> = {
  verify_email: verificationMail,
  reset_password: passwordResetMail,
}

/**
 * Sends mails with links. The secret is drawn here and nowhere else: a mail that must be tried again gets a new one,
 * and the one before is void.
 */
export class MailWorker implements Processor {
  readonly queue = 'mail'
  readonly #ports: WorkerPorts

  constructor(ports: WorkerPorts) {
    this.#ports = ports
  }

  async process(assignments: readonly Assignment[]): Promise<void> {
    for (const assignment of assignments) {
      await this.#send(assignment)
    }
  }

  async #send({ payload, eventPosition }: Assignment): Promise<void> {
    const { accountId, purpose } = mailOf(payload)
    const { mailer, mailedTokens } = this.#ports
    const email = addressFor(purpose, await this.#load(accountId))
    if (email === null) {
      return
    }
    const request = { accountId, purpose, eventPosition }
    const site = await this.#site()
    const hours = MAILED_TOKEN_HOURS[purpose]
    await mailedTokens.deliver(request, email, (token) =>
      mailer.send({ to: email, ...MAILS[purpose]({ ...site, token, hours }) })
    )
  }

  async #load(accountId: number): Promise<Account | null> {
    const history = await this.#ports.eventStore.readStream(streams.account(accountId))
    return history.reduce<Account | null>(
      (account, event) => evolveAccount(account, event as AccountEvent),
      null
    )
  }

  async #site(): Promise<Pick<MailedLink, 'siteName' | 'siteUrl'>> {
    const { rows } = await this.#ports.pool.query<{ settings: Partial<SiteSettings> }>(
      'select settings from read.site_settings'
    )
    const { app_name: siteName, app_url: chosen } = {
      ...DEFAULT_SITE_SETTINGS,
      ...rows[0]?.settings,
    }
    return { siteName, siteUrl: chosen === '' ? this.#ports.appUrl : chosen.replace(/\/+$/, '') }
  }
}

/** Where the mail goes; `null` when none is due: the account is closed, or its address is confirmed. */
function addressFor(purpose: MailPurpose, account: Account | null): string | null {
  if (account === null || account.deleted || account.frozen) {
    return null
  }
  return purpose === 'verify_email' && account.emailVerified ? null : account.email
}
