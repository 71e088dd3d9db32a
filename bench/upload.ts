import { join } from 'node:path'
import { findFreePort } from '../app/supervisor/free_port.ts'
import { startProcess, type Environment } from './environment.ts'
import { FORM_TYPE, multipart } from './form.ts'
import { makePicture } from './pictures.ts'
import { figure, type Figure } from './report.ts'
import { interleave, rate } from './rounds.ts'
import { startSite, untilAnswers } from './site.ts'

const CONCURRENCIES = [1, 8, 32]
/** Where a JFIF segment holds the density. */
const JFIF_DENSITY = 12

/** Uploads a second of a 200 kB JPEG over HTTP, beside a bare server that hashes, writes and flushes. */
export async function upload(environment: Environment): Promise<Figure[]> {
  const milliseconds = environment.smoke ? 200 : 3_000
  const picture = await makePicture()
  const site = await startSite(environment, await environment.database('bench_upload'))
  const bare = await startBare(environment)
  let number = 0
  const send = async (url: string, headers: Record<string, string>) => {
    const body = multipart(distinct(picture, (number += 1)))
    const answer = await fetch(url, { method: 'POST', headers: { ...headers, ...FORM_TYPE }, body })
    const text = await answer.text()
    if (answer.status !== 201) {
      throw new Error(`An upload was answered ${answer.status}: ${text}`)
    }
  }
  try {
    const figures: Figure[] = []
    for (const concurrency of CONCURRENCIES) {
      const medians = await interleave(
        {
          ours: () =>
            rate(concurrency, milliseconds, () =>
              send(`${site.url}/api/v1/images`, { Authorization: `Bearer ${site.token}` })
            ),
          limit: () => rate(concurrency, milliseconds, () => send(bare.url, {})),
        },
        environment.rounds
      )
      figures.push(figure('upload', `200 kB JPEG, ${concurrency} at a time`, 'uploads/s', medians))
    }
    return figures
  } finally {
    await site.stop()
    await bare.stop()
  }
}

/** Another picture for each number: a JFIF segment with its own density, which survives the removal of metadata. */
function distinct(picture: Buffer, number: number): Uint8Array {
  const segment = Buffer.from('ffe000104a46494600010101ffffffff0000', 'hex')
  segment.writeUInt32BE(0x00010001 + number, JFIF_DENSITY)
  return Buffer.concat([picture.subarray(0, 2), segment, picture.subarray(2)])
}

async function startBare(environment: Environment) {
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}`
  const stop = startProcess(
    ['bench/bare_server.ts', join(environment.folder, 'bare'), String(port)],
    process.env
  )
  await untilAnswers(url, stop)
  return { url, stop }
}
