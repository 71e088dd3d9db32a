import env from '#start/env'

/** Whether mail can be sent: an SMTP server was named. */
export function mailIsConfigured(): boolean {
  return env.get('SMTP_HOST') !== undefined
}
