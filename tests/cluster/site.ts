import { ADMIN } from '#tests/helpers/web_server'
import { ApiClient, type AdministeredStrategyJson, type TokensJson } from '#tests/helpers/api'
import { OpenapiChecker } from '#tests/helpers/openapi'
import { S3_BUCKET, S3_CREDENTIALS } from '#tests/helpers/s3_server'
import type { Cluster } from './cluster.ts'

/** Clients of a cluster's site, signed in as its administrator. */
export interface ClusterSite {
  /** One session at each web server. */
  at: Record<'web-1' | 'web-2', ApiClient>
  /** Through nginx, by a token that outlives the session. */
  byToken: ApiClient
}

/** Sets the site up as `docs/scaling.md` says, all images going to the S3 server. */
export async function setUpSite(cluster: Cluster): Promise<ClusterSite> {
  const checker = await OpenapiChecker.load()
  const visitor = new ApiClient(cluster.url, checker)
  const { data } = await visitor.post<TokensJson>('/api/v1/setup', { json: ADMIN })
  const admin = visitor.as(data.access_token)
  const strategy = await admin.post<AdministeredStrategyJson>('/api/v1/admin/strategies', {
    json: {
      name: 'Bucket',
      strategy_type: 's3',
      configs: {
        endpoint: cluster.s3Url,
        bucket: S3_BUCKET,
        access_key: S3_CREDENTIALS.accessKey,
        secret_key: S3_CREDENTIALS.secretKey,
        link_mode: 'proxy',
      },
    },
  })
  await admin.put('/api/v1/admin/groups/1/strategies', {
    json: { strategy_ids: [strategy.data.id] },
  })
  const token = await admin.post<{ token: string }>('/api/v1/api-tokens', {
    json: { name: 'cluster' },
  })
  const at = (part: 'web-1' | 'web-2') =>
    new ApiClient(cluster.urlOf(part), checker, data.access_token)
  return {
    at: { 'web-1': at('web-1'), 'web-2': at('web-2') },
    byToken: visitor.as(token.data.token),
  }
}
