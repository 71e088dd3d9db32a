import vine from '@vinejs/vine'

/** A value that may be missing; an empty one counts as missing. */
export function given(_name: string, value?: string): string | undefined {
  return value || undefined
}

/** Hosts may be several, by commas, which no URL parser takes. */
export function eventStoreUrl(name: string, value?: string): string | undefined {
  if (value && !/^esdb(\+discover)?:\/\/[^/?\s]+/.test(value)) {
    throw new Error(`${name} must be a URL of the form esdb://… or esdb+discover://…`)
  }
  return value || undefined
}

/** A value that goes with another: both are set, or neither. */
export function together(other: string) {
  return (name: string, value?: string): string | undefined => {
    if (!value && process.env[other]) {
      throw new Error(`${name} must be set when ${other} is`)
    }
    return value || undefined
  }
}

const SENDER = /^(?:[^<>]*<(?<inBrackets>[^<>]+)>|(?<alone>[^<>]+))$/

/** Who mails come from: an address, alone or as `Name <address>`. */
export function mailSender(name: string, value?: string): string | undefined {
  const sender = together('SMTP_HOST')(name, value)
  const parts = SENDER.exec(sender?.trim() ?? '')?.groups
  if (sender !== undefined && !isEmail(parts?.['inBrackets'] ?? parts?.['alone'])) {
    throw new Error(`${name} must be an e-mail address, alone or as "Name <address>"`)
  }
  return sender?.trim()
}

/** Kept in lower case, as addresses are compared. */
export function adminEmail(name: string, value?: string): string | undefined {
  const email = together('ADMIN_PASSWORD')(name, value)?.trim().toLowerCase()
  if (email !== undefined && !isEmail(email)) {
    throw new Error(`${name} must be an e-mail address`)
  }
  return email
}

export function adminPassword(name: string, value?: string): string | undefined {
  const password = together('ADMIN_EMAIL')(name, value)
  const bytes = Buffer.byteLength(password ?? '')
  if (password !== undefined && (bytes < 8 || bytes > 72)) {
    throw new Error(`${name} must have 8 to 72 bytes`)
  }
  return password
}

export function adminName(name: string, value?: string): string {
  const chosen = value?.trim() || 'Administrator'
  if (chosen.length > 120) {
    throw new Error(`${name} must have 120 characters at most`)
  }
  return chosen
}

function isEmail(value: string | undefined): boolean {
  return value !== undefined && value.length <= 254 && vine.helpers.isEmail(value)
}
