import { mailIsConfigured } from '#config/mail'
import { findSiteSettings } from '#read_models/site_settings_queries'

/** Whether who has not confirmed their address is kept out. A site that sends no mail cannot ask for it. */
export async function verificationIsRequired(): Promise<boolean> {
  return mailIsConfigured() && (await findSiteSettings()).require_email_verification
}
