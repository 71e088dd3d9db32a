import { readFileSync } from 'node:fs'
import { test } from '@japa/runner'
import fc from 'fast-check'
import type { DomainEvent } from '#domain/catalogue'
import { budgetsOf, claimsOf, GUARDED_TYPES } from '#domain/guards'
import { removalData, uploadData } from '#tests/helpers/events'

test.group('Domain | claims and budgets', () => {
  test('an account claims its address however it is written, the first one its place', ({
    assert,
  }) => {
    const account = (email: string | null, origin: 'setup' | 'registration'): DomainEvent => ({
      type: 'account.registered',
      data: {
        account_id: 1,
        email,
        name: 'Ann',
        role: 'user',
        group_id: 1,
        capacity_bytes: 1,
        email_verified: true,
        origin,
      },
    })
    assert.deepEqual(claimsOf(account(' Ann@Example.ORG ', 'registration')), [
      { action: 'take', scope: 'email', value: 'ann@example.org' },
    ])
    assert.deepEqual(
      claimsOf(account('ann@example.org', 'setup')).map(({ scope }) => scope),
      ['email', 'first_admin']
    )
    assert.deepEqual(claimsOf(account(null, 'registration')), [])
  })

  test('no type of event claims or adds up anything that is not among those that may', ({
    assert,
  }) => {
    const golden: DomainEvent[] = JSON.parse(
      readFileSync(new URL('../event_store/golden_events.json', import.meta.url), 'utf8')
    )
    const guarding = golden.filter(
      (event) => claimsOf(event).length > 0 || budgetsOf(event).length > 0
    )
    assert.includeMembers(
      [...GUARDED_TYPES],
      guarding.map(({ type }) => type)
    )
  })

  test('what an upload adds its end takes away', ({ assert }) => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.option(fc.integer({ min: 1, max: 9 })),
        fc.constantFrom(['image.expired'] as const, ['image.deleted', 'image.purged'] as const),
        (bytes, owner, types) => {
          const data = uploadData(7, { size_bytes: bytes, owner_id: owner })
          const ends = types.map((type): DomainEvent => ({ type, data: removalData(data) }))
          const sums = new Map<string, number>()
          for (const event of [{ type: 'image.uploaded', data } as const, ...ends]) {
            for (const { scope, delta } of budgetsOf(event)) {
              sums.set(scope, (sums.get(scope) ?? 0) + delta)
            }
          }
          assert.deepEqual([...new Set(sums.values())], [0])
        }
      )
    )
  })
})
