import type pg from 'pg'
import { DomainError } from '#domain/domain_error'
import type { CommandContext } from '#handlers/command_context'
import type { Handled } from '#handlers/command_runner'
import { jobContext } from '#jobs/job_context'
import type { Assignment } from '#jobs/queues'

const PAGE = 200

/** Rows of a read model that belong to an account, and what is done to each. */
export interface Belongings {
  readModel: 'images' | 'albums' | 'api_tokens'
  key: string
  owner: string
  /** SQL that narrows the rows; `$4` stands for the value of `since`. */
  where?: string
  since?: string
  /** Names what is done, in command ids. */
  deed: string
  act(id: number, context: CommandContext): Promise<Handled>
}

/** Does the same to all that an account owns, a page at a time. Answers the last position that was written, or 0. */
export async function actOnAll(
  pool: Pick<pg.Pool, 'query'>,
  { readModel, key, owner, where = 'true', since, deed, act }: Belongings,
  accountId: number,
  assignment: Assignment
): Promise<number> {
  let position = 0
  for (let last = 0; ;) {
    const { rows } = await pool.query<{ id: string }>({
      text: `select ${key} as id from read.${readModel}
             where ${owner} = $1 and ${key} > $2 and ${where} order by ${key} limit $3`,
      values: [accountId, last, PAGE, ...(since === undefined ? [] : [since])],
    })
    const handled = await Promise.all(
      rows.map(({ id }) =>
        act(Number(id), jobContext(assignment, `${deed} ${readModel} ${id}`)).catch(nothingIfGone)
      )
    )
    position = Math.max(position, ...handled.map((one) => one.position))
    last = Number(rows.at(-1)?.id ?? 0)
    if (rows.length < PAGE) {
      return position
    }
  }
}

/** What is gone already needs nothing done. */
function nothingIfGone(error: unknown): Handled {
  if (!(error instanceof DomainError)) {
    throw error
  }
  return { position: 0, events: [], repeated: false }
}
