import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { findFreePort } from '#supervisor/free_port'
import { stopProcess } from '#supervisor/child_process'
import { isListening, type TestStorageServer } from './s3_server.ts'
import { TemporaryFolder } from './temporary_folder.ts'
import { waitFor } from './wait_for.ts'

export const WEBDAV_CREDENTIALS = { username: 'picfast', password: 'dav password' }

const SERVER = fileURLToPath(new URL('./webdav_process.ts', import.meta.url))

/** A WebDAV server in a process of its own. */
export async function startWebdavServer(): Promise<TestStorageServer> {
  const folder = new TemporaryFolder()
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}`
  const server = fork(SERVER, [folder.path, String(port)])
  await waitFor(() => isListening(url), { what: 'the WebDAV server' })
  return {
    url,
    async stop() {
      await stopProcess(server, 'SIGTERM', 5_000)
      folder.remove()
    },
  }
}
