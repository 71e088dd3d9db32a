import { api } from './api.ts'
import { append } from './append.ts'
import { catchUp } from './catch_up.ts'
import { withEnvironment, type Environment } from './environment.ts'
import { jobs } from './jobs.ts'
import { rebuild } from './rebuild.ts'
import { printTable, type Figure } from './report.ts'
import { memory } from './memory.ts'
import { scale } from './scale.ts'
import { serve } from './serve.ts'
import { thumbnails } from './thumbnails.ts'
import { variants } from './variants.ts'
import { upload } from './upload.ts'
import { verify } from './verify.ts'
import { visible } from './visible.ts'

const BENCHES: Record<string, (environment: Environment) => Promise<Figure[]>> = {
  append,
  'catch-up': catchUp,
  visible,
  jobs,
  upload,
  serve,
  variants,
  thumbnails,
  memory,
  api,
  verify,
  rebuild,
  scale,
}

const args = process.argv.slice(2)
const asJson = args.includes('--json')
const names = args.filter((arg) => !arg.startsWith('--'))
const unknown = names.filter((name) => !(name in BENCHES))
if (unknown.length > 0) {
  console.error(`There is no bench "${unknown[0]}". There are: ${Object.keys(BENCHES).join(', ')}`)
  process.exit(1)
}

const figures: Figure[] = []
await withEnvironment(args.includes('--smoke'), async (environment) => {
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (names.length === 0 || names.includes(name)) {
      const measured = await bench(environment)
      figures.push(...measured)
      if (asJson) {
        measured.forEach((figure) => console.log(JSON.stringify(figure)))
      }
    }
  }
})
if (!asJson) {
  printTable(figures)
}
process.exit()
