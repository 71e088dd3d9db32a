import type { Mail } from './mailer.ts'

/** A link that is to be mailed. */
export interface MailedLink {
  siteName: string
  /** The site's address, without a trailing slash. */
  siteUrl: string
  token: string
  /** How long it is good for. */
  hours: number
}

type Content = Omit<Mail, 'to'>

export function verificationMail(link: MailedLink): Content {
  const name = oneLine(link.siteName)
  return compose({
    subject: `Confirm your e-mail address for ${name}`,
    before: [
      'Hello,',
      `an account at ${name} was made with this e-mail address. Confirm that it is yours:`,
    ],
    url: `${link.siteUrl}/verify-email?token=${link.token}`,
    after: [
      `The link is good once, for ${lifetime(link.hours)}. Or send its token to the API:`,
      curl(`${link.siteUrl}/api/v1/auth/verify-email`, { token: link.token }),
      'If you did not make an account, do nothing.',
    ],
  })
}

export function passwordResetMail(link: MailedLink): Content {
  const name = oneLine(link.siteName)
  return compose({
    subject: `Set a new password for ${name}`,
    before: [
      'Hello,',
      `someone asked for a new password of your account at ${name}. Set one here:`,
    ],
    url: `${link.siteUrl}/reset-password?token=${link.token}`,
    after: [
      `The link is good once, for ${lifetime(link.hours)}. Or send its token to the API:`,
      curl(`${link.siteUrl}/api/v1/auth/reset-password`, {
        token: link.token,
        password: 'your new password',
      }),
      'If it was not you, do nothing: your password stays as it is.',
    ],
  })
}

/** The same words as plain text and as HTML. */
function compose(words: {
  subject: string
  before: string[]
  url: string
  after: string[]
}): Content {
  const { subject, before, url, after } = words
  const link = `<a href="${escapeHtml(url)}">${escapeHtml(url)}</a>`
  const paragraphs = [...before.map(escapeHtml), link, ...after.map(escapeHtml)]
  return {
    subject,
    text: [...before, url, ...after].join('\n\n') + '\n',
    html: paragraphs.map((paragraph) => `<p>${paragraph}</p>`).join('\n'),
  }
}

function lifetime(hours: number): string {
  return hours === 1 ? 'an hour' : `${hours} hours`
}

function curl(url: string, body: object): string {
  return `curl ${url} -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`
}

/** A site's name may have line breaks, a subject may not. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}
