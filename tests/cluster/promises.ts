import type { Assert } from '@japa/assert'
import type { AlbumJson, TokensJson } from '#tests/helpers/api'
import { EventStreamClient } from '#tests/helpers/event_stream'
import { ADMIN } from '#tests/helpers/web_server'
import { waitFor } from '#tests/helpers/wait_for'
import type { ClusterSite } from './site.ts'

const WRITES = 15

/** A session that one web server opened and ended is refused by the other at once, and was known there before. */
export async function checkSessions(assert: Assert, { at }: ClusterSite): Promise<void> {
  const { data } = await at['web-1'].as(null).post<TokensJson>('/api/v1/auth/login', {
    json: { email: ADMIN.email, password: ADMIN.password },
  })
  const [here, there] = [at['web-1'], at['web-2']].map((one) => one.as(data.access_token))
  assert.equal((await there?.get('/api/v1/users/me'))?.status, 200)
  assert.equal((await here?.post('/api/v1/auth/logout'))?.status, 200)
  assert.equal((await there?.get('/api/v1/users/me'))?.status, 401)
  const refreshed = await at['web-2'].post('/api/v1/auth/refresh', {
    json: { refresh_token: data.refresh_token },
  })
  assert.equal(refreshed.status, 401)
}

/** What was written at one web server is read at the other right after the answer. */
export async function checkReadYourWrites(assert: Assert, { at }: ClusterSite): Promise<void> {
  for (let number = 0; number < WRITES; number += 1) {
    const [here, there] = number % 2 === 0 ? [at['web-1'], at['web-2']] : [at['web-2'], at['web-1']]
    const made = await here.post<AlbumJson>('/api/v1/albums', { json: { name: `Album ${number}` } })
    assert.equal(made.status, 201)
    const path = `/api/v1/albums/${made.data.id}`
    const renamed = await there.put<AlbumJson>(path, { json: { name: `Renamed ${number}` } })
    assert.equal(renamed.status, 200)
    const { data } = await here.get<{ items: AlbumJson[] }>('/api/v1/albums?page_size=100')
    const found = data.items.find(({ id }) => id === made.data.id)
    assert.equal(found?.name, `Renamed ${number}`)
  }
}

/** The log as it grows is followed at one web server, through nginx or not, while the other writes, and ends with its session. */
export async function checkLiveStreams(assert: Assert, { at }: ClusterSite, nginxUrl: string) {
  const { data } = await at['web-2'].as(null).post<TokensJson>('/api/v1/auth/login', {
    json: { email: ADMIN.email, password: ADMIN.password },
  })
  const live = '/api/v1/admin/events/live'
  const streams = await Promise.all(
    [at['web-1'].url, at['web-2'].url, nginxUrl].map((url) =>
      EventStreamClient.open(`${url}${live}`, data.access_token)
    )
  )
  const made = await at['web-2'].post('/api/v1/albums', { json: { name: 'Followed' } })
  assert.equal(made.status, 201)
  const saw = (stream: EventStreamClient) =>
    stream.messages.some(({ data: event }) => event.type === 'album.created')
  await waitFor(() => streams.every(saw), { what: 'the event on every stream' })
  await at['web-2'].as(data.access_token).post('/api/v1/auth/logout')
  await Promise.all(streams.map((stream) => stream.untilOver()))
}

/** A setting that was changed at one web server holds at the other within a second. */
export async function checkSettings(assert: Assert, { at }: ClusterSite): Promise<void> {
  const nameAt = async (web: 'web-1' | 'web-2') =>
    (await at[web].get<{ app_name: string }>('/api/v1/config')).data.app_name
  for (const name of ['Harbour', 'PicFast']) {
    const changed = await at['web-1'].put('/api/v1/admin/settings', { json: { app_name: name } })
    assert.equal(changed.status, 200)
    await waitFor(async () => (await nameAt('web-2')) === name, {
      what: 'the setting to hold at the other web server',
      timeoutMs: 1_000,
    })
  }
}

/** Tries at both web servers count together. */
export async function checkLimits(assert: Assert, { at }: ClusterSite): Promise<void> {
  const statuses: number[] = []
  for (let number = 0; number < 8; number += 1) {
    const web = at[number % 2 === 0 ? 'web-1' : 'web-2']
    const { status } = await web.as(null).post('/api/v1/auth/login', {
      json: { email: 'nobody@example.org', password: 'a wrong guess' },
    })
    statuses.push(status)
  }
  const allowed = statuses.filter((status) => status === 401).length
  assert.isAtMost(allowed, 5, statuses.join())
  assert.equal(statuses.at(-1), 429)
}
