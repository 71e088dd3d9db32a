import { test } from '@japa/runner'
import { changeGroup, changeGroupStrategies, deleteGroup } from '#domain/group/decide'
import type { GroupEvent } from '#domain/group/events'
import { evolveGroup } from '#domain/group/state'
import { changeSettings, makeDefaultGroup, makeGuestGroup } from '#domain/site/decide'
import type { SiteEvent } from '#domain/site/events'
import { evolveSite, INITIAL_SITE } from '#domain/site/state'
import { changeStrategy, deleteStrategy } from '#domain/strategy/decide'
import type { StrategyEvent } from '#domain/strategy/events'
import { evolveStrategy } from '#domain/strategy/state'
import { given } from './given.ts'

const group = (...more: GroupEvent[]) =>
  given<NonNullable<ReturnType<typeof evolveGroup>>, GroupEvent>(
    evolveGroup,
    {
      type: 'group.created',
      data: {
        group_id: 5,
        name: 'Staff',
        is_default: false,
        is_guest: false,
        configs: { limit_per_day: 5 },
        strategy_ids: [1],
      },
    },
    ...more
  )
const strategy = (...more: StrategyEvent[]) =>
  given<NonNullable<ReturnType<typeof evolveStrategy>>, StrategyEvent>(
    evolveStrategy,
    {
      type: 'strategy.created',
      data: { strategy_id: 5, name: 'Bucket', strategy_type: 's3', configs: { bucket: 'b' } },
    },
    ...more
  )
const site = (...history: SiteEvent[]) => given(evolveSite, ...history)

test.group('Domain | groups', () => {
  test('change their name, rules and strategies', ({ assert }) => {
    group()
      .when((state) => changeGroup(state, { configs: { limit_per_day: 6 } }))
      .then(assert, {
        type: 'group.changed',
        data: { group_id: 5, name: 'Staff', configs: { limit_per_day: 6 } },
      })
    group()
      .when((state) => changeGroup(state, { name: 'Staff', configs: { limit_per_day: 5 } }))
      .then(assert)
    group()
      .when((state) => changeGroupStrategies(state, [1]))
      .then(assert)
    group()
      .when((state) => changeGroupStrategies(state, [2, 1]))
      .then(assert, {
        type: 'group.strategies_changed',
        data: { group_id: 5, strategy_ids: [2, 1] },
      })
  })

  test('go unless they are needed', ({ assert }) => {
    group()
      .when((state) => deleteGroup(state, INITIAL_SITE))
      .then(assert, { type: 'group.deleted', data: { group_id: 5 } })
    group()
      .when((state) => deleteGroup(state, { ...INITIAL_SITE, defaultGroupId: 5 }))
      .thenRefused(assert, 'E_GROUP_NEEDED')
    group()
      .when((state) => deleteGroup(state, { ...INITIAL_SITE, guestGroupId: 5 }))
      .thenRefused(assert, 'E_GROUP_NEEDED')
    group({ type: 'group.deleted', data: { group_id: 5 } })
      .when((state) => changeGroup(state, { name: 'x' }))
      .thenRefused(assert, 'E_GROUP_NOT_FOUND')
  })
})

test.group('Domain | strategies', () => {
  test('change; replaced secrets are named, never told', ({ assert }) => {
    strategy()
      .when((state) => changeStrategy(state, { secretsChanged: ['secret_key'] }))
      .then(assert, {
        type: 'strategy.changed',
        data: {
          strategy_id: 5,
          name: 'Bucket',
          configs: { bucket: 'b' },
          secrets_changed: ['secret_key'],
        },
      })
    strategy()
      .when((state) => changeStrategy(state, { name: 'Bucket', secretsChanged: [] }))
      .then(assert)
  })

  test('a deleted one is no more', ({ assert }) => {
    strategy({ type: 'strategy.deleted', data: { strategy_id: 5 } })
      .when(deleteStrategy)
      .thenRefused(assert, 'E_STRATEGY_NOT_FOUND')
  })
})

test.group('Domain | site', () => {
  test('only what differs has changed', ({ assert }) => {
    const before: SiteEvent = {
      type: 'site.settings_changed',
      data: { changes: { app_name: 'Pictures', allow_registration: true } },
    }
    site(before)
      .when((state) =>
        changeSettings(state, {
          app_name: 'Pictures',
          allow_registration: false,
          footer_text_1: '',
        })
      )
      .then(assert, {
        type: 'site.settings_changed',
        data: { changes: { allow_registration: false, footer_text_1: '' } },
      })
    site(before)
      .when((state) => changeSettings(state, { app_name: 'Pictures' }))
      .then(assert)
  })

  test('the roles of groups pass from one to another, never to the same', ({ assert }) => {
    site()
      .when((state) => makeDefaultGroup(state, 5))
      .then(assert, { type: 'site.default_group_changed', data: { from: 1, to: 5 } })
    site({ type: 'site.default_group_changed', data: { from: 1, to: 5 } })
      .when((state) => makeGuestGroup(state, 1))
      .then(assert, { type: 'site.guest_group_changed', data: { from: 2, to: 1 } })
    site()
      .when((state) => makeDefaultGroup(state, 1))
      .then(assert)
    site()
      .when((state) => makeDefaultGroup(state, 2))
      .thenRefused(assert, 'E_GROUP_NEEDED')
    site()
      .when((state) => makeGuestGroup(state, 1))
      .thenRefused(assert, 'E_GROUP_NEEDED')
  })
})
