import { test } from '@japa/runner'
import { DEFAULT_USER_SETTINGS } from '#read_models/user_settings'
import type { ApiClient, TokensJson, UserJson } from '#tests/helpers/api'
import { ADMIN, startWebServer, type TestWebServer } from '#tests/helpers/web_server'

const ME = '/api/v1/users/me'

test.group('The profile', (group) => {
  group.each.timeout(30_000)
  let server: TestWebServer
  let user: ApiClient

  group.setup(async () => {
    server = await startWebServer()
    user = await server.setUp()
    return () => server.stop()
  })

  test('begins with the defaults', async ({ assert }) => {
    const { data } = await user.get<UserJson>(ME)

    assert.deepEqual(data.settings, DEFAULT_USER_SETTINGS)
    assert.isAbove(data.capacity_bytes, 0)
  })

  test('takes a new name', async ({ assert }) => {
    const saved = await user.put<UserJson>(ME, { json: { name: '  Ada Lovelace 👩‍💻 ' } })
    const { data } = await user.get<UserJson>(ME)

    assert.equal(saved.status, 200)
    assert.equal(saved.data.name, 'Ada Lovelace 👩‍💻')
    assert.deepEqual(data, saved.data)
  })

  test('keeps the settings that a change leaves out', async ({ assert }) => {
    await user.put(ME, {
      json: {
        settings: {
          default_permission: 0,
          image_processing: { image_save_quality: 70, watermark_configs: { text: '© Ada' } },
        },
      },
    })
    await user.put(ME, { json: { settings: { copy_template: '{url}', unknown: true } } })
    const { data } = await user.get<UserJson>(ME)

    assert.deepEqual(data.settings, {
      ...DEFAULT_USER_SETTINGS,
      default_permission: 0,
      copy_template: '{url}',
      image_processing: {
        ...DEFAULT_USER_SETTINGS.image_processing,
        image_save_quality: 70,
        watermark_configs: {
          ...DEFAULT_USER_SETTINGS.image_processing.watermark_configs,
          text: '© Ada',
        },
      },
    })
  })

  test('refuses the setting {field}')
    .with([
      { field: 'default_album', settings: { default_album: 'first' } },
      { field: 'default_album', settings: { default_album: 0 } },
      { field: 'default_strategy', settings: { default_strategy: 1.5 } },
      { field: 'default_permission', settings: { default_permission: 2 } },
      { field: 'default_permission', settings: { default_permission: '1' } },
      { field: 'default_copy_format', settings: { default_copy_format: 'latex' } },
      { field: 'copy_template', settings: { copy_template: 'x'.repeat(1001) } },
      { field: 'copy_template', settings: { copy_template: 'a\u0000b' } },
      { field: 'copy_template', settings: { copy_template: '\ud800' } },
      { field: 'image_processing', settings: { image_processing: [] } },
      ...[
        { image_save_quality: 0 },
        { image_save_quality: 101 },
        { image_save_quality: 80.5 },
        { image_save_format: 'gif' },
        { is_strip_exif: 'yes' },
        { is_enable_watermark: 1 },
        { watermark_configs: 'text' },
      ].map((image_processing) => ({
        field: `image_processing.${Object.keys(image_processing)[0]}`,
        settings: { image_processing },
      })),
      ...[
        { position: 'middle' },
        { font_size: 7 },
        { font_size: 201 },
        { color: 'red' },
        { opacity: 1.01 },
        { opacity: -0.1 },
        { text: 7 },
      ].map((watermark_configs) => ({
        field: `image_processing.watermark_configs.${Object.keys(watermark_configs)[0]}`,
        settings: { image_processing: { watermark_configs } },
      })),
    ])
    .run(async ({ assert }, { field, settings }) => {
      const { status, data } = await user.put<object>(ME, { json: { settings } })

      assert.equal(status, 400)
      assert.deepEqual(Object.keys(data), [`settings.${field}`])
    })

  test('takes a new password from who knows the present one', async ({ assert }) => {
    const api = server.api
    const login = (password: string) =>
      api.post<TokensJson>('/api/v1/auth/login', { json: { email: ADMIN.email, password } })
    const other = await login(ADMIN.password)
    const password = 'another horse'

    const missing = await user.put<object>(ME, { json: { password } })
    const wrong = await user.put<object>(ME, { json: { password, current_password: 'x' } })
    assert.deepEqual([missing.status, wrong.status], [400, 400])
    assert.property(missing.data, 'current_password')
    assert.property(wrong.data, 'current_password')

    const changed = await user.put(ME, { json: { password, current_password: ADMIN.password } })
    assert.equal(changed.status, 200)
    assert.equal((await login(ADMIN.password)).status, 401)
    assert.equal((await login(password)).status, 200)
    assert.equal((await user.get(ME)).status, 200, 'this session goes on')
    assert.equal((await api.as(other.data.access_token).get(ME)).status, 401, 'others do not')
  })
})
