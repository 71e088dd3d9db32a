import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { findFreePort } from '../app/supervisor/free_port.ts'
import { ROOT, startProgram } from './environment.ts'
import { untilAnswers } from './site.ts'

export interface BenchNginx {
  /** Files of a folder, by nginx alone. */
  staticUrl: string
  /** In front of the site, as docs/serving.md has it. */
  proxyUrl: string
  stop(): Promise<void>
}

export const hasNginx = spawnSync('nginx', ['-v']).error === undefined

/** Runs nginx twice over: before the site, and before a folder of files. */
export async function startNginx(options: {
  folder: string
  files: string
  siteUrl: string
  dataDir: string
}): Promise<BenchNginx> {
  const [proxyPort, staticPort] = [await findFreePort(), await findFreePort()]
  const page = readFileSync(join(ROOT, 'docs/serving.md'), 'utf8')
  const [, block = ''] = /```nginx\n([\s\S]*?)```/.exec(page) ?? []
  const site = block
    .replace('listen 80;', `listen 127.0.0.1:${proxyPort};`)
    .replace('server 127.0.0.1:3333;', `server ${new URL(options.siteUrl).host};`)
    .replace('/srv/picfast/data/', `${options.dataDir}/`)
  const folder = join(options.folder, 'nginx')
  mkdirSync(folder)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
    .join('\n')
  writeFileSync(
    join(folder, 'nginx.conf'),
    `${process.getuid?.() === 0 ? 'user root;' : ''}
    pid ${folder}/nginx.pid;
    error_log ${folder}/error.log;
    daemon off;
    events {}
    http {
      access_log off; keepalive_requests 1000000; ${temporary} ${site}
      server {
        listen 127.0.0.1:${staticPort};
        location / { root ${options.files}; sendfile on; tcp_nopush on; }
      }
    }`
  )
  const stop = startProgram('nginx', ['-c', join(folder, 'nginx.conf'), '-p', folder], process.env)
  const proxyUrl = `http://127.0.0.1:${proxyPort}`
  await untilAnswers(`${proxyUrl}/health`, stop)
  return { proxyUrl, staticUrl: `http://127.0.0.1:${staticPort}`, stop }
}
