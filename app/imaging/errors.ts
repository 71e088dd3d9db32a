export const IMAGING_ERROR_CODES = [
  'E_NOT_AN_IMAGE',
  'E_IMAGE_UNSUPPORTED',
  'E_IMAGE_TOO_LARGE',
  'E_IMAGE_CORRUPT',
  'E_IMAGE_TOO_SLOW',
  'E_IMAGING_BUSY',
  'E_THUMBNAIL_UNSUPPORTED',
] as const

export type ImagingErrorCode = (typeof IMAGING_ERROR_CODES)[number]

/** Why a file is not taken, or not worked on, as an image. */
export class ImagingError extends Error {
  override name = 'ImagingError'
  readonly code: ImagingErrorCode

  constructor(code: ImagingErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** More is asked for than can be worked on now. */
export class ImagingBusyError extends ImagingError {
  readonly retryAfterSeconds: number

  constructor(retryAfterSeconds: number) {
    super('E_IMAGING_BUSY', 'Too many images are being worked on: try again in a moment')
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** The file is not built as its format says. */
export function corrupt(what: string): ImagingError {
  return new ImagingError('E_IMAGE_CORRUPT', what)
}

/** The file would cost more than an image may. */
export function tooLarge(what: string): ImagingError {
  return new ImagingError('E_IMAGE_TOO_LARGE', what)
}
