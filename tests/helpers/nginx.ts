import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findFreePort } from '#supervisor/free_port'
import { stopProcess } from '#supervisor/child_process'
import { waitFor } from './wait_for.ts'

export interface TestNginx {
  url: string
  stop(): Promise<void>
}

/** Whether there is an nginx to test with. */
export const hasNginx = spawnSync('nginx', ['-v']).error === undefined

/** The server block that a page of docs/ shows, with each address, port or folder replaced by the test's. */
export async function readNginxBlock(
  page: string,
  replacements: ReadonlyArray<[shown: string, ours: string]>
): Promise<string> {
  const [, block = ''] = /```nginx\n([\s\S]*?)```/.exec(await readFile(page, 'utf8')) ?? []
  return replacements.reduce((text, [shown, ours]) => {
    if (!text.includes(shown)) {
      throw new Error(`The nginx block of ${page} does not say "${shown}"`)
    }
    return text.replace(shown, ours)
  }, block)
}

/** Writes a configuration that keeps all of nginx's files in a folder; answers the arguments that run it. */
export async function configureNginx(folder: string, block: string): Promise<string[]> {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
    .join('\n')
  await writeFile(
    join(folder, 'nginx.conf'),
    `${process.getuid?.() === 0 ? 'user root;' : ''}
    pid ${folder}/nginx.pid;
    error_log ${folder}/error.log;
    daemon off;
    events {}
    http { access_log off; ${temporary} ${block} }`
  )
  return ['-c', join(folder, 'nginx.conf'), '-p', folder]
}

/** Runs the server block that a page of docs/ shows, its addresses and folder replaced. */
export async function startNginx(options: {
  page: string
  serverUrl: string
  dataDir: string
}): Promise<TestNginx> {
  const port = await findFreePort()
  const block = await readNginxBlock(options.page, [
    ['listen 80;', `listen 127.0.0.1:${port};`],
    ['server 127.0.0.1:3333;', `server ${new URL(options.serverUrl).host};`],
    ['/srv/picfast/data/', `${options.dataDir}/`],
  ])
  const folder = await mkdtemp(join(tmpdir(), 'picfast-nginx-'))
  const nginx = spawn('nginx', await configureNginx(folder, block), { stdio: 'inherit' })
  await waitFor(() => answers(port), { what: 'nginx that listens' })
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      await stopProcess(nginx, 'SIGTERM', 5_000)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
