import { identifyImage, inspectImage, type ImageFacts } from '#imaging/inspect'
import { ImagingError } from '#imaging/errors'

/** What a file of pixels is, as an upload finds it out. */
export async function inspectFile(path: string): Promise<ImageFacts> {
  const extension = await identifyImage(path)
  if (extension === 'svg') {
    throw new ImagingError('E_IMAGE_UNSUPPORTED', 'This file is not made of pixels')
  }
  return inspectImage(path, extension)
}
