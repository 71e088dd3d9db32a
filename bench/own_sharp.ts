import { createRequire } from 'node:module'

/** The site's own, which a peer among the benches' dependencies brings in another version. */
const sharp: typeof import('sharp') = createRequire(new URL('../package.json', import.meta.url))(
  'sharp'
)

export default sharp
