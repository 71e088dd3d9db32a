import { Worker } from 'node:worker_threads'
import { ImagingError } from '../errors.ts'
import { processImage } from '../processing/process_image.ts'
import { cleanSvg } from '../svg/clean_svg.ts'
import { makeThumbnail } from '../thumbnail.ts'
import { drawText } from '../watermark/draw_text.ts'
import type { Answer, Order } from './tasks.ts'

/** The program of a process of the workshop: takes one order after the other. */

const watcher = new Worker(new URL('./watcher.ts', import.meta.url))

function perform({ name, task }: Order) {
  switch (name) {
    case 'cleanSvg':
      return cleanSvg(task)
    case 'processImage':
      return processImage(task)
    case 'drawThumbnail':
      return makeThumbnail(typeof task.source === 'string' ? task.source : Buffer.from(task.source))
    case 'drawText':
      return drawText(task)
  }
}

async function answer(order: Order): Promise<Answer> {
  watcher.postMessage(order.budget)
  try {
    return { kind: 'done', result: await perform(order) }
  } catch (error) {
    return failed(error)
  } finally {
    watcher.postMessage(null)
  }
}

/** A fault of the file, or of the disk; what libraries say of a file is for no one. */
function failed(error: unknown): Answer {
  if (error instanceof ImagingError || isSystemError(error)) {
    return { kind: 'failed', code: error.code, message: error.message }
  }
  return { kind: 'failed', code: 'E_IMAGE_CORRUPT', message: 'The image is damaged' }
}

function isSystemError(error: unknown): error is Error & { code: string } {
  return error instanceof Error && 'errno' in error && 'code' in error
}

process.on('message', (order: Order) => {
  void answer(order).then((answered) => process.send?.(answered))
})
process.once('disconnect', () => process.exit())
