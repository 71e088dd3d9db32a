import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { findFreePort } from '#supervisor/free_port'
import { stopProcess } from '#supervisor/child_process'
import { TemporaryFolder } from './temporary_folder.ts'
import { waitFor } from './wait_for.ts'

/** What the server knows its only user by. */
export const S3_CREDENTIALS = { accessKey: 'S3RVER', secretKey: 'S3RVER' }
export const S3_BUCKET = 'pictures'

export interface TestStorageServer {
  url: string
  stop(): Promise<void>
}

const PACKAGE = createRequire(import.meta.url).resolve('@20minutes/s3rver')

/** The arguments of a node that serves one bucket: it checks signatures, and takes uploads in parts. */
export function s3ServerArguments(place: {
  address: string
  port: number
  directory: string
}): string[] {
  const options = { ...place, silent: true, configureBuckets: [{ name: S3_BUCKET }] }
  return ['-e', `new (require(${JSON.stringify(PACKAGE)}))(${JSON.stringify(options)}).run()`]
}

/** An S3 server in a process of its own. */
export async function startS3Server(): Promise<TestStorageServer> {
  const folder = new TemporaryFolder()
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}`
  const server = spawn(
    process.execPath,
    s3ServerArguments({ address: '127.0.0.1', port, directory: folder.path }),
    { stdio: ['ignore', 'ignore', 'inherit'] }
  )
  await waitFor(() => isListening(url), { what: 'the S3 server' })
  return {
    url,
    async stop() {
      await stopProcess(server, 'SIGTERM', 5_000)
      folder.remove()
    },
  }
}

export async function isListening(url: string): Promise<boolean> {
  try {
    await (await fetch(url)).body?.cancel()
    return true
  } catch {
    return false
  }
}
