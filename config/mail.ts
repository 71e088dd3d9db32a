import { defineConfig, transports } from '@adonisjs/mail'
import type { InferMailers } from '@adonisjs/mail/types'
import env from '#start/env'

const SECOND = 1_000
const SMTPS_PORT = 465

const port = env.get('SMTP_PORT')
const user = env.get('SMTP_USERNAME')
const pass = env.get('SMTP_PASSWORD')

/** Whether mail can be sent: an SMTP server was named. */
export function mailIsConfigured(): boolean {
  return env.get('SMTP_HOST') !== undefined
}

/** A password never goes over the wire in the clear, unless that was asked for. */
function chooseTls(): 'implicit' | 'required' | 'optional' {
  if (port === SMTPS_PORT) {
    return 'implicit'
  }
  return user === undefined ? 'optional' : 'required'
}

const tls = env.get('SMTP_TLS') ?? chooseTls()

const mailConfig = defineConfig({
  default: 'smtp',
  from: env.get('MAIL_FROM'),
  mailers: {
    smtp: transports.smtp({
      host: env.get('SMTP_HOST', ''),
      port,
      secure: tls === 'implicit',
      requireTLS: tls === 'required',
      auth: user === undefined || pass === undefined ? undefined : { type: 'login', user, pass },
      connectionTimeout: 10 * SECOND,
      greetingTimeout: 10 * SECOND,
      socketTimeout: 30 * SECOND,
    }),
  },
})

export default mailConfig

declare module '@adonisjs/mail/types' {
  export interface MailersList extends InferMailers<typeof mailConfig> {}
}
