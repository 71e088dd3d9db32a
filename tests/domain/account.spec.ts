import { test } from '@japa/runner'
import {
  administerAccount,
  changePassword,
  deleteAccount,
  forgetAccount,
  requestVerification,
  restoreAccount,
  verifyEmail,
} from '#domain/account/decide'
import { expireExport, recordExport, requestExport } from '#domain/account/exports'
import type { AccountEvent } from '#domain/account/events'
import { evolveAccount } from '#domain/account/state'
import { adminSeatsScope, budgetsOf, claimsOf } from '#domain/guards'
import { given } from './given.ts'

const registered = (role: 'admin' | 'user' = 'user', verified = false): AccountEvent => ({
  type: 'account.registered',
  data: {
    account_id: 4,
    email: 'bob@example.org',
    name: 'Bob',
    role,
    group_id: 1,
    capacity_bytes: 100,
    email_verified: verified,
    origin: 'registration',
  },
})
const frozen: AccountEvent = { type: 'account.frozen', data: { account_id: 4, role: 'user' } }
const deleted: AccountEvent = {
  type: 'account.deleted',
  data: { account_id: 4, email: 'bob@example.org', role: 'user', group_id: 1, active: true },
}
const account = (...history: AccountEvent[]) => given(evolveAccount, ...history)

/** What a chain of events leaves of the administrators' seats. */
const seats = (...events: AccountEvent[]) =>
  events
    .flatMap(budgetsOf)
    .filter(({ scope }) => scope === adminSeatsScope)
    .reduce((sum, { delta }) => sum + delta, 0)

test.group('Domain | account', () => {
  test('an administrator changes many things in one decision, one event each', ({ assert }) => {
    account(registered())
      .when((state) =>
        administerAccount(state, {
          name: 'Robert',
          email: 'robert@example.org',
          role: 'admin',
          groupId: 3,
          capacityBytes: 7,
          frozen: true,
        })
      )
      .then(
        assert,
        { type: 'account.name_changed', data: { account_id: 4, name: 'Robert' } },
        {
          type: 'account.email_changed',
          data: { account_id: 4, from: 'bob@example.org', to: 'robert@example.org' },
        },
        { type: 'account.email_verified', data: { account_id: 4 } },
        { type: 'account.group_changed', data: { account_id: 4, from: 1, to: 3 } },
        { type: 'account.capacity_changed', data: { account_id: 4, from: 100, to: 7 } },
        { type: 'account.frozen', data: { account_id: 4, role: 'user' } },
        {
          type: 'account.role_changed',
          data: { account_id: 4, from: 'user', to: 'admin', active: false },
        }
      )
  })

  test('what stays as it is has not happened', ({ assert }) => {
    account(registered(), frozen)
      .when((state) =>
        administerAccount(state, {
          name: 'Bob',
          email: 'bob@example.org',
          role: 'user',
          groupId: 1,
          capacityBytes: 100,
          frozen: true,
        })
      )
      .then(assert)
  })

  test('a deleted account is no more', ({ assert }) => {
    for (const decide of [
      (state: Parameters<typeof deleteAccount>[0]) => administerAccount(state, { name: 'x' }),
      deleteAccount,
      changePassword,
      requestVerification,
    ]) {
      account(registered(), deleted).when(decide).thenRefused(assert, 'E_ACCOUNT_NOT_FOUND')
      account().when(decide).thenRefused(assert, 'E_ACCOUNT_NOT_FOUND')
    }
  })

  test('the address that a mail went to is confirmed, another is not', ({ assert }) => {
    account(registered())
      .when((state) => verifyEmail(state, 'Bob@Example.org'))
      .then(assert, { type: 'account.email_verified', data: { account_id: 4 } })
    account(registered())
      .when((state) => verifyEmail(state, 'old@example.org'))
      .then(assert)
    account(registered('user', true)).when(requestVerification).then(assert)
  })

  test('a deleted account comes back as it was, until its person is forgotten', ({ assert }) => {
    const named: AccountEvent = {
      type: 'account.name_changed',
      data: { account_id: 4, name: 'Robert' },
    }
    const forgotten: AccountEvent = { type: 'account.forgotten', data: { account_id: 4 } }
    const restored = {
      type: 'account.restored',
      data: {
        account_id: 4,
        email: 'bob@example.org',
        name: 'Robert',
        settings: {},
        role: 'user',
        group_id: 2,
        capacity_bytes: 100,
        email_verified: false,
        active: false,
        registered_at: '2026-01-31T12:00:00.000Z',
      },
    } satisfies AccountEvent
    const restore = (state: ReturnType<typeof evolveAccount>) =>
      restoreAccount(state, { groupId: 2, registeredAt: '2026-01-31T12:00:00.000Z' })

    account(registered(), named, frozen, deleted).when(restore).then(assert, restored)
    account(registered()).when(restore).thenRefused(assert, 'E_ACCOUNT_NOT_FOUND')
    account(registered(), deleted, restored)
      .when(restore)
      .thenRefused(assert, 'E_ACCOUNT_NOT_FOUND')
    account(registered(), deleted, forgotten)
      .when(restore)
      .thenRefused(assert, 'E_ACCOUNT_NOT_FOUND')

    account(registered(), deleted).when(forgetAccount).then(assert, forgotten)
    account(registered(), deleted, restored).when(forgetAccount).then(assert)
    account(registered(), deleted, forgotten).when(forgetAccount).then(assert)
    account(registered()).when(forgetAccount).then(assert)
    account().when(forgetAccount).then(assert)

    assert.deepEqual(claimsOf(restored), [
      { action: 'take', scope: 'email', value: 'bob@example.org' },
    ])
    const sums = new Map<string, number>()
    for (const { scope, delta } of [registered(), deleted, restored].flatMap(budgetsOf)) {
      sums.set(scope, (sums.get(scope) ?? 0) + delta)
    }
    assert.deepEqual(Object.fromEntries(sums), {
      'group_members:1': 0,
      'group_members:2': 1,
      'account_bytes:4': 0,
    })
  })

  test('one archive is made at a time, and a former one is withdrawn', ({ assert }) => {
    const requested: AccountEvent = { type: 'account.export_requested', data: { account_id: 4 } }
    const archive = {
      strategy_id: 1,
      object_key: 'exports/1.zip',
      size_bytes: 9,
      expires_at: '2026-01-31T12:00:00.000Z',
    }
    const made: AccountEvent = {
      type: 'account.export_made',
      data: { account_id: 4, ...archive },
    }
    const withdrawn: AccountEvent = {
      type: 'account.export_withdrawn',
      data: { account_id: 4, strategy_id: 1, object_key: 'exports/1.zip' },
    }
    const record = (state: ReturnType<typeof evolveAccount>) => recordExport(state, archive)

    account(registered()).when(requestExport).then(assert, requested)
    account(registered(), requested).when(requestExport).then(assert)
    account(registered(), requested, made).when(requestExport).then(assert, withdrawn, requested)
    account(registered(), deleted).when(requestExport).thenRefused(assert, 'E_ACCOUNT_NOT_FOUND')

    account(registered(), requested).when(record).then(assert, made)
    account(registered(), requested, deleted).when(record).then(assert)
    account(registered()).when(record).then(assert)

    const expire = (now: string) => (state: ReturnType<typeof evolveAccount>) =>
      expireExport(state, now)
    account(registered(), requested, made)
      .when(expire('2026-01-31T12:00:00.000Z'))
      .then(assert, withdrawn)
    account(registered(), requested, made).when(expire('2026-01-31T11:59:59.999Z')).then(assert)
    account(registered(), requested, made).when(deleteAccount).then(assert, withdrawn, deleted)
  })

  test('administrators hold seats while they are active', ({ assert }) => {
    const role = (to: 'admin' | 'user', active: boolean): AccountEvent => ({
      type: 'account.role_changed',
      data: { account_id: 4, from: to === 'admin' ? 'user' : 'admin', to, active },
    })
    const frozenAdmin: AccountEvent = {
      type: 'account.frozen',
      data: { account_id: 4, role: 'admin' },
    }
    assert.equal(seats(registered('admin')), -1)
    assert.equal(seats(registered('user')), 0)
    assert.equal(seats(registered('user'), role('admin', true)), -1)
    assert.equal(seats(registered('admin'), role('user', true)), 0)
    assert.equal(seats(registered('admin'), frozenAdmin), 0)
    assert.equal(seats(registered('admin'), frozenAdmin, role('user', false)), 0)
    assert.equal(
      seats(registered('admin'), frozenAdmin, {
        type: 'account.unfrozen',
        data: { account_id: 4, role: 'admin' },
      }),
      -1
    )
    assert.equal(
      seats(registered('admin'), {
        type: 'account.deleted',
        data: { account_id: 4, email: null, role: 'admin', group_id: 1, active: true },
      }),
      0
    )
  })

  test('a changed address is given back and the new one taken', ({ assert }) => {
    const change = (from: string | null, to: string | null): AccountEvent => ({
      type: 'account.email_changed',
      data: { account_id: 4, from, to },
    })
    assert.deepEqual(claimsOf(change('a@example.org', 'B@example.org')), [
      { action: 'release', scope: 'email', value: 'a@example.org' },
      { action: 'take', scope: 'email', value: 'b@example.org' },
    ])
    assert.deepEqual(claimsOf(change('a@example.org', 'A@example.org')), [])
    assert.deepEqual(claimsOf(deleted), [
      { action: 'release', scope: 'email', value: 'bob@example.org' },
    ])
  })
})
