import type { FileSlice } from './exchange.ts'
import { discard } from './exchange.ts'
import { StorageError } from './errors.ts'
import { digestSlice } from './file_digest.ts'
import { objectOf, type S3Client } from './s3_client.ts'

/** Larger files are sent in parts: a part that fails is sent again, not all. */
export const MULTIPART_BYTES = 16 * 1024 * 1024
const PART_BYTES = 8 * 1024 * 1024
const MOST_PARTS = 10_000
const PARTS_AT_ONCE = 3

/**
 * Stores a large file under a key. Nothing of it is to be seen before its last part is there, and when it fails what was
 * sent is dropped.
 */
export async function putInParts(
  client: S3Client,
  file: { path: string; size: number },
  key: string,
  contentType: string
): Promise<void> {
  const uploadId = await begin(client, key, contentType)
  try {
    const etags = await sendParts(client, file, key, uploadId)
    await complete(client, file.size, key, uploadId, etags)
  } catch (error) {
    await client.do({ method: 'DELETE', key, query: { uploadId } }).catch(() => {})
    throw error
  }
}

async function begin(client: S3Client, key: string, contentType: string): Promise<string> {
  const answer = await client.sendForXml({
    method: 'POST',
    key,
    query: { uploads: '' },
    headers: { 'Content-Type': contentType },
  })
  const uploadId = objectOf(answer?.['InitiateMultipartUploadResult'])['UploadId']
  if (typeof uploadId !== 'string') {
    throw new StorageError('E_STORAGE_UNAVAILABLE', 'The storage does not take uploads in parts')
  }
  return uploadId
}

/** The parts' tags, in order. A part that fails for good ends the others' work after those in hand. */
async function sendParts(
  client: S3Client,
  { path, size }: { path: string; size: number },
  key: string,
  uploadId: string
): Promise<string[]> {
  const slices = slicesOf(path, size)
  const etags: string[] = []
  const next = slices.entries()
  let failed = false
  const sendNext = async () => {
    for (const [index, slice] of next) {
      if (failed) {
        return
      }
      try {
        etags[index] = await sendPart(client, slice, key, uploadId, index + 1)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const results = await Promise.allSettled(Array.from({ length: PARTS_AT_ONCE }, sendNext))
  for (const result of results) {
    if (result.status === 'rejected') {
      throw result.reason
    }
  }
  return etags
}

async function sendPart(
  client: S3Client,
  slice: FileSlice,
  key: string,
  uploadId: string,
  partNumber: number
): Promise<string> {
  const response = await client.send({
    method: 'PUT',
    key,
    query: { partNumber: String(partNumber), uploadId },
    body: { slice, digest: await digestSlice(slice) },
  })
  const etag = response?.headers.etag
  if (response === null || etag === undefined) {
    throw new StorageError('E_STORAGE_UNAVAILABLE', 'The storage has dropped an upload in parts')
  }
  discard(response)
  return etag
}

async function complete(
  client: S3Client,
  size: number,
  key: string,
  uploadId: string,
  etags: readonly string[]
): Promise<void> {
  const parts = etags.map(
    (etag, index) =>
      `<Part><PartNumber>${index + 1}</PartNumber><ETag>${escapeXml(etag)}</ETag></Part>`
  )
  const answer = await client.sendForXml({
    method: 'POST',
    key,
    query: { uploadId },
    body: Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`),
  })
  if (answer === null) {
    // It may have been completed by a try whose answer was lost.
    const present = await client.send({ method: 'HEAD', key })
    present?.resume()
    if (Number(present?.headers['content-length']) !== size) {
      throw new StorageError('E_STORAGE_UNAVAILABLE', 'The storage has dropped an upload in parts')
    }
  }
}

function slicesOf(path: string, size: number): FileSlice[] {
  const partBytes = Math.max(PART_BYTES, Math.ceil(size / MOST_PARTS))
  return Array.from({ length: Math.ceil(size / partBytes) }, (_part, index) => {
    const start = index * partBytes
    return { path, start, length: Math.min(partBytes, size - start) }
  })
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
