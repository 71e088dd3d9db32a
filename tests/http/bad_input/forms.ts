import { record, type BodySpec, type Schema } from '#tests/helpers/openapi_operations'

export interface OddForm {
  what: string
  body: RequestInit['body']
  headers: Record<string, string>
  /** The codes that are an answer to it. */
  statuses: number[]
}

const BOUNDARY = 'a-boundary'

/** The document's example as a form; `changes` take the place of its values, the file's too. */
export function formOf(
  schema: Schema,
  example: unknown,
  file: Uint8Array,
  changes: Record<string, string> = {}
): FormData {
  const form = new FormData()
  const files = fileFields(schema)
  for (const [name, value] of Object.entries({ ...record(example), ...changes })) {
    if (files.includes(name) && !(name in changes)) {
      form.append(name, new Blob([Uint8Array.from(file)]), 'photo.png')
    } else {
      form.append(name, String(value))
    }
  }
  return form
}

/** Forms that are no forms, or hold what is no file. */
export function oddForms({ schema, example }: BodySpec, file: Uint8Array): OddForm[] {
  const [fileField = 'file'] = fileFields(schema)
  const withFile = (bytes: Uint8Array, name: string) => {
    const form = formOf(schema, example, file)
    form.set(fileField, new Blob([Uint8Array.from(bytes)]), name)
    return form
  }
  const twice = formOf(schema, example, file)
  twice.append(fileField, new Blob([Uint8Array.from(file)]), 'another.png')
  const unknown = formOf(schema, example, file, { no_such_field: 'x', __proto: 'y' })
  const alone = formOf(schema, {}, file)
  const crowd = formOf(schema, example, file)
  for (let index = 0; index < 200; index++) {
    crowd.append(`field_${index}`, 'x')
  }
  const fieldsTwice = Object.keys(record(schema['properties'])).map((name) => {
    const form = formOf(schema, example, file)
    form.append(name, '1')
    form.append(name, '1')
    return { what: `${name} twice`, body: form, headers: {}, statuses: [400] }
  })
  const multipart = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` }
  const part = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${fileField}"; filename="a.png"\r\n\r\n`
  const raw = (what: string, body: string, headers = multipart): OddForm => ({
    what,
    body,
    headers,
    statuses: [400],
  })
  return [
    { what: 'two files', body: twice, headers: {}, statuses: [400] },
    { what: 'an unknown field', body: unknown, headers: {}, statuses: [201] },
    { what: 'no file', body: alone, headers: {}, statuses: [400] },
    {
      what: 'an empty file',
      body: withFile(new Uint8Array(), 'a.png'),
      headers: {},
      statuses: [400],
    },
    {
      what: 'no image',
      body: withFile(Buffer.from('text'), 'a.png'),
      headers: {},
      statuses: [415],
    },
    {
      what: 'half an image',
      body: withFile(file.subarray(0, 40), 'a.png'),
      headers: {},
      statuses: [415],
    },
    {
      what: 'an odd name',
      body: withFile(file, '../\u0000"\r\n𝕏.png'),
      headers: {},
      statuses: [201],
    },
    {
      what: 'a long name',
      body: withFile(file, `${'x'.repeat(9_000)}.png`),
      headers: {},
      statuses: [201, 400],
    },
    { what: 'a crowd of fields', body: crowd, headers: {}, statuses: [400] },
    ...fieldsTwice,
    raw('nothing', ''),
    raw('no end', `${part}x`),
    raw('only a boundary', `--${BOUNDARY}`),
    raw('only the end', `--${BOUNDARY}--\r\n`),
    raw('headers that do not end', `--${BOUNDARY}\r\nContent-Disposition: ${'x'.repeat(100_000)}`),
    raw('a part without a name', `--${BOUNDARY}\r\n\r\nx\r\n--${BOUNDARY}--\r\n`),
    raw('another boundary', `--other\r\n\r\nx\r\n--other--\r\n`),
    raw('no boundary', part, { 'content-type': 'multipart/form-data' }),
    raw('JSON', '{"file":"x"}', { 'content-type': 'application/json' }),
    raw('JSON that is none', '{', { 'content-type': 'application/json' }),
    raw('text', 'file=x', { 'content-type': 'text/plain' }),
    raw('a form of pairs', 'file=x', { 'content-type': 'application/x-www-form-urlencoded' }),
  ]
}

function fileFields(schema: Schema): string[] {
  return Object.entries(record(schema['properties']))
    .filter(([, field]) => record(field)['format'] === 'binary')
    .map(([name]) => name)
}
