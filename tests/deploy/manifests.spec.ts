import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from '@japa/runner'
import { parse, parseAllDocuments } from 'yaml'
import { readNginxBlock } from '#tests/helpers/nginx'
import { readOpenapiDocument } from '#http/openapi_document'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const KUBERNETES = join(ROOT, 'deploy', 'kubernetes')
const COMPOSE = ['compose.yaml', 'compose.cluster.yaml']

interface Labelled {
  matchLabels: Record<string, string>
}

interface Container {
  name: string
  image: string
  command: string[]
  resources?: { requests?: object; limits?: object }
  readinessProbe?: Probe
  livenessProbe?: Probe
  startupProbe?: Probe
}

interface Probe {
  httpGet: { path: string; port: string }
}

interface Manifest {
  apiVersion: string
  kind: string
  metadata: { name: string }
  data?: Record<string, string>
  stringData?: Record<string, string>
  spec: {
    replicas: number
    selector: Labelled
    template: {
      metadata: { labels: Record<string, string> }
      spec: { initContainers: Container[]; containers: Container[] }
    }
  }
}

/** The kinds of an API, each of which knows its schema. */
type Models = Record<string, new (manifest: Manifest) => { validate(): void }>

interface ComposeService {
  command?: string[]
  environment?: Record<string, string>
  build?: string
  depends_on?: Record<string, unknown>
}

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

const compose = (path: string): Record<string, ComposeService> =>
  parse(read(path), { merge: true }).services

const manifests = (): Manifest[] =>
  globSync('*.yaml', { cwd: KUBERNETES })
    .filter((name) => name !== 'kustomization.yaml')
    .flatMap((name) =>
      parseAllDocuments(readFileSync(join(KUBERNETES, name), 'utf8')).map((one) => one.toJS())
    )

const deployments = () => manifests().filter(({ kind }) => kind === 'Deployment')

/** The variables that the environment is checked for. */
function knownVariables(): Set<string> {
  const [, checked = ''] = read('start/env.ts').split('Env.create')
  return new Set([...checked.matchAll(/^ {2}([A-Z_]+):/gm)].map(([, name = '']) => name))
}

function commandNames(): Set<string> {
  const names = globSync('commands/*.ts', { cwd: ROOT }).map(
    (file) => /commandName = '([^']+)'/.exec(read(file))?.[1] ?? ''
  )
  return new Set(names)
}

/** Whether a command line runs a file of ours, and a command of ours where it is ace. */
function isOurs([program, ...args]: readonly string[]): boolean {
  const [file, command] = args.filter((arg) => !arg.startsWith('--'))
  return (
    program === 'node' &&
    existsSync(join(ROOT, file ?? '')) &&
    (file !== 'ace.js' || commandNames().has(command ?? ''))
  )
}

test.group('Deploy', () => {
  test('every variable in the files for containers is one that is known', ({ assert }) => {
    const named = [
      ...COMPOSE.flatMap((path) =>
        Object.values(compose(path))
          .filter(({ build }) => build !== undefined)
          .flatMap(({ environment = {} }) => Object.keys(environment))
      ),
      ...manifests().flatMap(({ data = {}, stringData = {} }) => [
        ...Object.keys(data),
        ...Object.keys(stringData),
      ]),
    ]
    assert.includeMembers([...knownVariables()], [...new Set(named)])
    assert.includeMembers(named, ['APP_KEY', 'DATABASE_URL', 'REDIS_URL', 'TRUSTED_PROXIES'])
  })

  test('every command in them exists', ({ assert }) => {
    const commands = [
      ...COMPOSE.flatMap((path) => Object.values(compose(path)))
        .filter(({ build }) => build !== undefined)
        .flatMap(({ command }) => (command === undefined ? [] : [command])),
      ...deployments().flatMap(({ spec: { template } }) =>
        [...template.spec.initContainers, ...template.spec.containers].map(({ command }) => command)
      ),
    ]
    assert.isAbove(commands.length, 8)
    assert.deepEqual(
      commands.filter((command) => !isOurs(command)),
      []
    )
  })

  test('the cluster has two of each role, and waits only for what is there', ({ assert }) => {
    const services = compose('compose.cluster.yaml')
    assert.includeMembers(Object.keys(services), [
      ...['web', 'worker', 'projector'].flatMap((role) => [`${role}-1`, `${role}-2`]),
      ...['postgres', 'redis', 's3', 'nginx'],
    ])
    for (const { depends_on: others = {} } of Object.values(services)) {
      assert.includeMembers(Object.keys(services), Object.keys(others))
    }
    const roles = deployments().map(({ metadata, spec }) => [metadata.name, spec.replicas])
    assert.sameDeepMembers(roles, [
      ['web', 2],
      ['worker', 2],
      ['projector', 2],
    ])
  })

  test('its nginx is the one that the tests run', async ({ assert }) => {
    const shown = await readNginxBlock(join(ROOT, 'docs', 'scaling.md'), [
      ['10.0.0.11:3333', 'web-1:3333'],
      ['10.0.0.12:3333', 'web-2:3333'],
    ])
    assert.equal(read('deploy/nginx/cluster.conf'), shown)
  })

  test('every manifest is as the schema of its kind says', async ({ assert }) => {
    const kinds = new Set<string>()
    for (const manifest of manifests()) {
      const models: Models = await import(`kubernetes-models/${manifest.apiVersion}`)
      const Model = models[manifest.kind]
      assert.exists(Model, manifest.kind)
      assert.doesNotThrow(() => Model && new Model(manifest).validate())
      kinds.add(manifest.kind)
    }
    assert.includeMembers(
      [...kinds],
      ['Deployment', 'Service', 'Ingress', 'PodDisruptionBudget', 'ConfigMap', 'Secret']
    )
  })

  test('they select what they mean, ask for what they need, and probe what is there', async ({
    assert,
  }) => {
    const { paths } = await readOpenapiDocument()
    for (const { metadata, spec } of deployments()) {
      const { labels } = spec.template.metadata
      assert.deepEqual(spec.selector.matchLabels, labels)
      const budget = manifests().find(
        ({ kind, metadata: { name } }) => kind === 'PodDisruptionBudget' && name === metadata.name
      )
      assert.deepEqual(budget?.spec.selector.matchLabels, labels)
      for (const container of spec.template.spec.containers) {
        assert.properties(container.resources ?? {}, ['requests', 'limits'])
        for (const probe of [container.readinessProbe, container.livenessProbe]) {
          assert.equal(probe !== undefined, metadata.name === 'web')
          assert.includeMembers(Object.keys(paths), probe === undefined ? [] : [probe.httpGet.path])
        }
      }
    }
  })

  test('the kustomization names every file but the example of a Secret', ({ assert }) => {
    const { resources } = parse(readFileSync(join(KUBERNETES, 'kustomization.yaml'), 'utf8'))
    const files = globSync('*.yaml', { cwd: KUBERNETES })
    assert.sameMembers(['kustomization.yaml', 'secret.example.yaml', ...resources], files)
  })
})
