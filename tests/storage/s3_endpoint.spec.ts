import { test } from '@japa/runner'
import { StorageError } from '#storage/errors'
import { S3_ENDPOINTS, type S3Kind } from '#storage/s3_endpoint'

test.group('Storage | S3 endpoints', () => {
  const secrets = { secret_key: 'secret' }
  const keys = { access_key: 'key', secret_id: 'key', bucket: 'pictures' }

  const cases: Array<[S3Kind, Record<string, string>, bucketUrl: string, region: string]> = [
    ['s3', {}, 'https://pictures.s3.us-east-1.amazonaws.com', 'us-east-1'],
    ['s3', { region: 'eu-west-1' }, 'https://pictures.s3.eu-west-1.amazonaws.com', 'eu-west-1'],
    ['s3', { bucket: 'a.b' }, 'https://s3.us-east-1.amazonaws.com/a.b', 'us-east-1'],
    [
      's3',
      { endpoint: 'https://s3.eu-west-1.amazonaws.com' },
      'https://s3.eu-west-1.amazonaws.com/pictures',
      'eu-west-1',
    ],
    [
      's3',
      { endpoint: 'https://abc.r2.cloudflarestorage.com/', region: 'auto' },
      'https://abc.r2.cloudflarestorage.com/pictures',
      'auto',
    ],
    [
      's3',
      { endpoint: 'http://minio:9000', region: '' },
      'http://minio:9000/pictures',
      'us-east-1',
    ],
    [
      's3',
      { endpoint: 'https://pictures.fra1.digitaloceanspaces.com' },
      'https://pictures.fra1.digitaloceanspaces.com',
      'us-east-1',
    ],
    [
      'oss',
      { endpoint: 'https://oss-cn-hangzhou.aliyuncs.com' },
      'https://pictures.s3.oss-cn-hangzhou.aliyuncs.com',
      'cn-hangzhou',
    ],
    [
      'oss',
      { endpoint: 'https://pictures.oss-cn-hangzhou-internal.aliyuncs.com' },
      'https://pictures.s3.oss-cn-hangzhou-internal.aliyuncs.com',
      'cn-hangzhou',
    ],
    [
      'oss',
      { endpoint: 'https://s3.oss-ap-southeast-1.aliyuncs.com' },
      'https://pictures.s3.oss-ap-southeast-1.aliyuncs.com',
      'ap-southeast-1',
    ],
    [
      'cos',
      { bucket_url: 'https://pictures-1250000000.cos.ap-guangzhou.myqcloud.com/' },
      'https://pictures-1250000000.cos.ap-guangzhou.myqcloud.com',
      'ap-guangzhou',
    ],
    ['kodo', {}, 'https://pictures.s3.cn-east-1.qiniucs.com', 'cn-east-1'],
    ['kodo', { zone: 'z2' }, 'https://pictures.s3.cn-south-1.qiniucs.com', 'cn-south-1'],
    [
      'kodo',
      { zone: 'ap-southeast-2' },
      'https://pictures.s3.ap-southeast-2.qiniucs.com',
      'ap-southeast-2',
    ],
    [
      'kodo',
      { zone: 'https://s3.us-north-1.qiniucs.com' },
      'https://pictures.s3.us-north-1.qiniucs.com',
      'us-north-1',
    ],
  ]

  for (const [kind, configs, bucketUrl, region] of cases) {
    test(`${kind} ${JSON.stringify(configs)}`, ({ assert }) => {
      assert.deepEqual(S3_ENDPOINTS[kind]({ ...keys, ...configs }, secrets), {
        bucketUrl,
        region,
        accessKey: 'key',
        secretKey: 'secret',
      })
    })
  }

  test('what is missing or senseless is said', ({ assert }) => {
    const codeOf = (configs: Record<string, string>, given = secrets) => {
      try {
        S3_ENDPOINTS.kodo({ ...keys, ...configs }, given)
        return 'done'
      } catch (error) {
        return error instanceof StorageError ? error.code : 'another error'
      }
    }
    assert.equal(codeOf({ bucket: ' ' }), 'E_STORAGE_REFUSED')
    assert.equal(codeOf({ zone: 'no zone' }), 'E_STORAGE_REFUSED')
    assert.equal(codeOf({ zone: 'ftp://x' }), 'E_STORAGE_REFUSED')
    assert.equal(codeOf({}, { secret_key: '' }), 'E_STORAGE_REFUSED')
  })
})
