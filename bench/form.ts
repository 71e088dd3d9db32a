const BOUNDARY = 'picfast-bench'

export const FORM_TYPE = { 'Content-Type': `multipart/form-data; boundary=${BOUNDARY}` }
export const PART_HEAD = Buffer.from(
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="picture.jpg"\r\n` +
    'Content-Type: image/jpeg\r\n\r\n'
)
export const PART_END = Buffer.from(`\r\n--${BOUNDARY}--\r\n`)

/** The body as a browser's form sends it; made here, because FormData costs as much as the upload. */
export function multipart(picture: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.concat([PART_HEAD, picture, PART_END]))
}

/** Uploads a picture; answers the path that it is served at. */
export async function uploadPicture(
  site: { url: string; token: string },
  picture: Uint8Array
): Promise<string> {
  const answer = await fetch(`${site.url}/api/v1/images`, {
    method: 'POST',
    headers: { ...FORM_TYPE, Authorization: `Bearer ${site.token}` },
    body: multipart(picture),
  })
  if (answer.status !== 201) {
    throw new Error(`An upload was answered ${answer.status}: ${await answer.text()}`)
  }
  const { data } = (await answer.json()) as { data: { links: { url: string } } }
  return new URL(data.links.url).pathname
}
