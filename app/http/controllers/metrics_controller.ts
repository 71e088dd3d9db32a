import { createHash, timingSafeEqual } from 'node:crypto'
import type { HttpContext } from '@adonisjs/core/http'
import { readBearer } from '#auth/bearer_header'
import { E_UNAUTHENTICATED } from '#auth/errors'
import env from '#start/env'
import { webServices } from '#start/web_services'

export default class MetricsController {
  async handle({ request, response }: HttpContext) {
    const secret = env.get('METRICS_TOKEN')
    if (secret && !isSame(readBearer(request.header('authorization')) ?? '', secret)) {
      throw new E_UNAUTHENTICATED()
    }
    const { metrics } = webServices()
    response.header('Content-Type', metrics.contentType).send(await metrics.show())
  }
}

function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}
