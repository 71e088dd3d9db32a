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

/** Runs the server block that a page of docs/ shows, its addresses and folder replaced. */
export async function startNginx(options: {
  page: string
  serverUrl: string
  dataDir: string
}): Promise<TestNginx> {
  const page = await readFile(options.page, 'utf8')
  const [, block = ''] = /```nginx\n([\s\S]*?)```/.exec(page) ?? []
  const port = await findFreePort()
  const site = block
    .replace('listen 80;', `listen 127.0.0.1:${port};`)
    .replace('server 127.0.0.1:3333;', `server ${new URL(options.serverUrl).host};`)
    .replace('/srv/picfast/data/', `${options.dataDir}/`)
  const folder = await mkdtemp(join(tmpdir(), 'picfast-nginx-'))
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
    http { access_log off; ${temporary} ${site} }`
  )
  const nginx = spawn('nginx', ['-c', join(folder, 'nginx.conf'), '-p', folder], {
    stdio: 'inherit',
  })
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
