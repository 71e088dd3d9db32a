import { test } from '@japa/runner'
import { passwordResetMail, verificationMail } from '#mail/account_mails'

const LINK = {
  siteName: 'Pics\r\n& <friends>',
  siteUrl: 'https://pics.example.org',
  token: 'abc-DEF_123',
}

test.group('Mails of accounts', () => {
  test('{name} has its link in both forms, and the way without it')
    .with([
      { name: 'the confirmation', compose: verificationMail, path: 'verify-email' },
      { name: 'the new password', compose: passwordResetMail, path: 'reset-password' },
    ])
    .run(({ assert }, { compose, path }) => {
      const { text, html } = compose({ ...LINK, hours: 24 })
      const link = `https://pics.example.org/${path}?token=abc-DEF_123`

      assert.include(text, `\n\n${link}\n\n`)
      assert.include(html, `<a href="${link}">${link}</a>`)
      assert.include(text, `curl https://pics.example.org/api/v1/auth/${path}`)
      assert.include(text, '"token":"abc-DEF_123"')
      assert.include(text, '24 hours')
    })

  test('the name of the site breaks neither the subject nor the page', ({ assert }) => {
    const { subject, html, text } = verificationMail({ ...LINK, hours: 1 })

    assert.equal(subject, 'Confirm your e-mail address for Pics & <friends>')
    assert.include(html, 'Pics &amp; &lt;friends&gt;')
    assert.notInclude(html, '<friends>')
    assert.include(text, 'an hour')
  })
})
