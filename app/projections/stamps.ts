import type { Client } from './table.ts'

/** Whom rows concern that answers to any account may be made of. */
export const EVERYBODY = 0

/**
 * Gives each subject a new stamp, seen from the commit on together with the rows that were changed: who has read rows
 * after reading the stamps knows that they are what they were while the stamps are. A stamp is drawn, not counted, for
 * a count could come to the same again over other rows when a crash takes back commits that were not yet on disk.
 */
export async function stampSubjects(client: Client, subjects: ReadonlySet<number>): Promise<void> {
  if (subjects.size === 0) {
    return
  }
  await client.query({
    name: 'stamp_subjects',
    text: 'select run.stamp_subjects($1::bigint[])',
    values: [[...subjects]],
  })
}

/** Lets no kept answer stand: rows of any account may have changed. */
export function stampAll(client: Client): Promise<void> {
  return stampSubjects(client, new Set([EVERYBODY]))
}
