import { costOf } from '#tests/helpers/cost'
import { intake } from '#tests/helpers/intake'

/** Takes in a file, and prints as JSON what came of it and what that cost a process that does nothing else. */
const [source = ''] = process.argv.slice(2)

const { result, ...cost } = await costOf(() => intake(source))
process.stdout.write(
  JSON.stringify({ outcome: typeof result === 'string' ? result : 'taken', ...cost })
)
