import { writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { encodeCursor } from '../app/http/image_cursor.ts'
import { findFreePort } from '../app/supervisor/free_port.ts'
import type { BareBodies } from './bare_adonis.ts'
import { startProcess, type Environment } from './environment.ts'
import { send, type Wanted } from './http_client.ts'
import { fillLibrary, markBefore } from './library.ts'
import { figure, type Figure } from './report.ts'
import { interleave, median, percentile, rate } from './rounds.ts'
import { ADMIN, post, startSite, startWebServer, untilAnswers, type Site } from './site.ts'

const SIZES = [1_000, 100_000, 1_000_000]
const SMOKE_SIZES = [200, 2_000]
const PAGE = 20
const AT_A_TIME = 8
const LIST = `/api/v1/images?page_size=${PAGE}`
const PROFILE = '/api/v1/users/me'
/** Rates are counted as on any site, but nobody is refused for the bench's own requests. */
const LIMITED = { RATE_LIMITS: 'on', API_RATE_LIMIT: '1000000' }

interface Library extends Site {
  databaseUrl: string
  images: number
  /** An API token of the owner that may read. */
  readToken: string
  /** Lists of the library: where in it they are, and their path. */
  lists: Array<[place: string, path: string]>
}

/** Lists in libraries of several sizes, and what reads and signing in cost beside bare routes. */
export async function api(environment: Environment): Promise<Figure[]> {
  const agent = new Agent({ keepAlive: true })
  const libraries: Library[] = []
  try {
    for (const images of environment.smoke ? SMOKE_SIZES : SIZES) {
      libraries.push(await openLibrary(environment, images))
    }
    return [
      ...(await compareLibraries(environment, agent, libraries)),
      ...(await compareRoutes(environment, agent, libraries)),
    ]
  } finally {
    agent.destroy()
    await Promise.all(libraries.map((library) => library.stop()))
  }
}

async function openLibrary(environment: Environment, images: number): Promise<Library> {
  const database = await environment.database(`bench_api_${images}`)
  const site = await startSite(environment, database)
  try {
    const { token: readToken } = await post<{ token: string }>(
      `${site.url}/api/v1/api-tokens`,
      { name: 'bench', scopes: ['read'] },
      site.token
    )
    // The first account.
    const ownerId = 1
    await fillLibrary(database, ownerId, images)
    const after = async (skipped: number) => {
      const mark = await markBefore(database, ownerId, skipped)
      const cursor = encodeCursor({ ...mark, page: 1 + skipped / PAGE, total: images })
      return `${LIST}&cursor=${cursor}`
    }
    return {
      ...site,
      databaseUrl: database,
      images,
      readToken,
      lists: [
        ['first page', LIST],
        ['middle, by cursor', await after(images / 2)],
        ['last page, by cursor', await after(images - PAGE)],
      ],
    }
  } catch (error) {
    await site.stop()
    throw error
  }
}

/** The 99th percentile of the time of a list in each library, beside the same list in the smallest one. */
async function compareLibraries(
  { smoke, rounds }: Environment,
  agent: Agent,
  libraries: readonly Library[]
): Promise<Figure[]> {
  const requests = smoke ? 20 : 1_000
  const cases = libraries.flatMap((library) =>
    library.lists.map(([place, path]) => ({
      name: `${PAGE} of ${library.images} images, ${place}`,
      place,
      wanted: { url: library.url + path, token: library.readToken },
      p50: [] as number[],
      p99: [] as number[],
    }))
  )
  for (let round = 0; round < rounds; round++) {
    const times = cases.map((): number[] => [])
    // One request to each in turn: what disturbs the machine for a moment disturbs all alike.
    for (let index = 0; index < requests; index++) {
      for (const [number, { wanted }] of cases.entries()) {
        // An address of its own each time: what is measured is a list that is made, not one that was kept.
        const url = `${wanted.url}&made=${round}.${index}`
        const startedAt = performance.now()
        await send(agent, { ...wanted, url })
        times[number]?.push(performance.now() - startedAt)
      }
    }
    times.forEach((values, number) => {
      cases[number]?.p50.push(percentile(values, 0.5))
      cases[number]?.p99.push(percentile(values, 0.99))
    })
  }
  return cases.flatMap(({ name, place, p50, p99 }, index) => {
    const smallest = cases.find((other) => other.place === place)
    const beside = (own: number[], others: number[] | undefined) => ({
      ours: median(own),
      limit: index === 0 || others === undefined || others === own ? null : median(others),
      peer: null,
    })
    return [
      figure('api', `${name}, p50`, 'ms', beside(p50, smallest?.p50)),
      figure('api', `${name}, p99`, 'ms', beside(p99, smallest?.p99)),
    ]
  })
}

/** Requests a second beside routes of bare AdonisJS that answer the same bytes, and hash the same password. */
async function compareRoutes(
  environment: Environment,
  agent: Agent,
  libraries: readonly Library[]
): Promise<Figure[]> {
  const { smoke, rounds } = environment
  const largest = libraries.at(-1)
  if (largest === undefined) {
    return []
  }
  const { databaseUrl, readToken: token } = largest
  const limited = await startWebServer(environment, databaseUrl, LIMITED)
  const wantedFrom = (url: string): Record<keyof BareBodies, Wanted> => ({
    profile: { url: url + PROFILE, token },
    list: { url: url + LIST, token },
    sign_in: { url: `${url}/api/v1/auth/login`, body: JSON.stringify(ADMIN) },
  })
  const wanted = wantedFrom(largest.url)
  const counted = wantedFrom(limited.url)
  const bare = await startBare(environment, {
    profile: await send(agent, wanted.profile),
    list: await send(agent, wanted.list),
    sign_in: await send(agent, wanted.sign_in),
  })
  const milliseconds = smoke ? 200 : 3_000
  const compare = async (name: string, from: typeof wanted, route: keyof BareBodies) => {
    const figures: Figure[] = []
    const limit = { ...from[route], url: `${bare.url}/${route}` }
    for (const atATime of [1, AT_A_TIME]) {
      const medians = await interleave(
        {
          ours: () => rate(atATime, milliseconds, () => send(agent, from[route])),
          limit: () => rate(atATime, milliseconds, () => send(agent, limit)),
        },
        rounds
      )
      figures.push(figure('api', `${name}, ${atATime} at a time`, 'requests/s', medians))
    }
    return figures
  }
  const list = `list of ${PAGE} of ${largest.images} images`
  try {
    return [
      ...(await compare('profile', wanted, 'profile')),
      ...(await compare('profile, rates limited', counted, 'profile')),
      ...(await compare(list, wanted, 'list')),
      ...(await compare(`${list}, rates limited`, counted, 'list')),
      ...(await compare('sign-in', wanted, 'sign_in')),
    ]
  } finally {
    await Promise.all([bare.stop(), limited.stop()])
  }
}

async function startBare(environment: Environment, bodies: BareBodies) {
  const file = join(environment.folder, 'bare_bodies.json')
  writeFileSync(file, JSON.stringify(bodies))
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}`
  const stop = startProcess(['bench/bare_adonis.ts', file], {
    ...environment.processEnv('postgres://127.0.0.1/none'),
    PORT: String(port),
    HOST: '127.0.0.1',
  })
  await untilAnswers(url, stop)
  return { url, stop }
}
