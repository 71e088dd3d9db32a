import { isIP } from 'node:net'
import { StorageError } from './errors.ts'
import { requiredText, textOf, webAddress, type StrategyConfigs } from './strategy_configs.ts'

/** Where a bucket is, and whose it is. An object lies at the bucket's address followed by its key. */
export interface S3Endpoint {
  /** Without a slash at its end. */
  bucketUrl: string
  region: string
  accessKey: string
  secretKey: string
}

const DEFAULT_REGION = 'us-east-1'

export type S3Kind = 's3' | 'oss' | 'cos' | 'kodo'

/** What each kind's configuration and secrets say about its S3 endpoint. @throws StorageError E_STORAGE_REFUSED */
export const S3_ENDPOINTS: Readonly<
  Record<S3Kind, (configs: StrategyConfigs, secrets: StrategyConfigs) => S3Endpoint>
> = {
  s3: (configs, secrets) => ({
    ...s3Bucket(configs),
    accessKey: requiredText(configs, 'access_key'),
    secretKey: requiredText(secrets, 'secret_key'),
  }),
  oss: (configs, secrets) => ({
    ...ossBucket(configs),
    accessKey: requiredText(configs, 'access_key'),
    secretKey: requiredText(secrets, 'secret_key'),
  }),
  cos: (configs, secrets) => ({
    ...cosBucket(configs),
    accessKey: requiredText(configs, 'secret_id'),
    secretKey: requiredText(secrets, 'secret_key'),
  }),
  kodo: (configs, secrets) => ({
    ...kodoBucket(configs),
    accessKey: requiredText(configs, 'access_key'),
    secretKey: requiredText(secrets, 'secret_key'),
  }),
}

type Bucket = Pick<S3Endpoint, 'bucketUrl' | 'region'>

/** Without an endpoint it is AWS. Other servers take the bucket in the path, unless it stands in their name already. */
function s3Bucket(configs: StrategyConfigs): Bucket {
  const bucket = requiredText(configs, 'bucket')
  const given = textOf(configs, 'endpoint')
  const wanted = textOf(configs, 'region')
  if (given === null) {
    const region = wanted ?? DEFAULT_REGION
    const host = `s3.${region}.amazonaws.com`
    // A certificate for *.host does not cover a name with dots.
    return bucket.includes('.')
      ? { bucketUrl: `https://${host}/${bucket}`, region }
      : { bucketUrl: `https://${bucket}.${host}`, region }
  }
  const endpoint = webAddress(given)
  const [, regionOfAws] = /^(?:.+\.)?s3[.-]([a-z0-9-]+)\.amazonaws\.com/.exec(endpoint.host) ?? []
  return {
    bucketUrl: endpoint.hostname.startsWith(`${bucket}.`)
      ? addressOf(endpoint)
      : `${addressOf(endpoint)}/${bucket}`,
    region: wanted ?? regionOfAws ?? DEFAULT_REGION,
  }
}

/** OSS speaks S3 at `s3.oss-REGION…`, and takes the bucket in the name only. */
function ossBucket(configs: StrategyConfigs): Bucket {
  const bucket = requiredText(configs, 'bucket')
  const endpoint = webAddress(requiredText(configs, 'endpoint'))
  const host = endpoint.host.replace(`${bucket}.`, '').replace(/^(?:s3\.)?oss-/, 's3.oss-')
  const [, region] = /^s3\.oss-([a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com/.exec(host) ?? []
  return {
    bucketUrl: withBucketInName(
      new URL(`${endpoint.protocol}//${host}${endpoint.pathname}`),
      bucket
    ),
    region: region ?? DEFAULT_REGION,
  }
}

/** COS takes S3 requests at a bucket's own address. */
function cosBucket(configs: StrategyConfigs): Bucket {
  const url = webAddress(requiredText(configs, 'bucket_url'))
  const [, region] = /\.cos(?:-internal)?\.([a-z0-9-]+)\./.exec(url.host) ?? []
  return { bucketUrl: addressOf(url), region: region ?? DEFAULT_REGION }
}

/** The regions that S3 requests name, by the zones that Kodo's own interface names. */
const KODO_REGIONS: Readonly<Record<string, string>> = {
  'z0': 'cn-east-1',
  'cn-east-2': 'cn-east-2',
  'z1': 'cn-north-1',
  'z2': 'cn-south-1',
  'na0': 'us-north-1',
  'as0': 'ap-southeast-1',
}

/** `zone` is a zone, a region, or the address of an S3 endpoint of one's own. */
function kodoBucket(configs: StrategyConfigs): Bucket {
  const bucket = requiredText(configs, 'bucket')
  const zone = textOf(configs, 'zone') ?? 'z0'
  if (URL.canParse(zone)) {
    const endpoint = webAddress(zone)
    const [, region] = /^s3[.-]([a-z0-9-]+)\.qiniucs\.com/.exec(endpoint.host) ?? []
    return { bucketUrl: withBucketInName(endpoint, bucket), region: region ?? DEFAULT_REGION }
  }
  const region = KODO_REGIONS[zone] ?? zone
  if (!/^[a-z0-9-]+$/.test(region)) {
    throw new StorageError('E_STORAGE_REFUSED', 'The strategy has a zone that is none')
  }
  return { bucketUrl: `https://${bucket}.s3.${region}.qiniucs.com`, region }
}

/** An address of numbers has no names below it: there the bucket goes into the path. */
function withBucketInName(endpoint: URL, bucket: string): string {
  if (isIP(endpoint.hostname.replace(/^\[(.*)\]$/, '$1')) !== 0) {
    return `${addressOf(endpoint)}/${bucket}`
  }
  return endpoint.hostname.startsWith(`${bucket}.`)
    ? addressOf(endpoint)
    : addressOf(new URL(`${endpoint.protocol}//${bucket}.${endpoint.host}${endpoint.pathname}`))
}

function addressOf({ origin, pathname }: URL): string {
  return origin + pathname.replace(/\/+$/, '')
}
