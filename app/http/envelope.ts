/** What every answer under `/api/v1` is wrapped in. */
export interface Envelope<Data> {
  status: boolean
  message: string
  data: Data
}

export function success<Data>(data: Data, message = 'OK'): Envelope<Data> {
  return { status: true, message, data }
}

export function failure<Data extends object>(message: string, data: Data): Envelope<Data> {
  return { status: false, message, data }
}
