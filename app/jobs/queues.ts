import { availableParallelism } from 'node:os'
import { z } from 'zod'

/** Every queue. A new one is a name here, a reactor in app/reactors and a worker in workers/. */
export const QUEUES = [
  'thumbnails',
  'expiry',
  'audit',
  'moderation',
  'accounts',
  'exports',
  'maintenance',
  'storage',
  'mail',
  'shares',
  'imports',
] as const
export type QueueName = (typeof QUEUES)[number]

export interface QueuePolicy {
  /** Work that was handed over and not settled by then is handed over again. */
  timeoutSeconds: number
  /** After so many tries it is given up. */
  maximumAttempts: number
  /** The pause before the second try; doubled with each further one. */
  backoffSeconds: number
  /** How many reactions ride in one job. */
  reactionsAJob: number
  /** Jobs that one worker process works on at a time. */
  concurrency: number
  /**
   * While web servers of the same machine are busy, a job's place stays empty for so many times as long as it took: such work
   * takes the processor from those who wait for an answer. It never stands still.
   */
  rests?: number
}

export const POLICIES: Readonly<Record<QueueName, QueuePolicy>> = {
  // While some are drawn, the others are looked up, stored and recorded.
  thumbnails: {
    timeoutSeconds: 60,
    maximumAttempts: 5,
    backoffSeconds: 2,
    reactionsAJob: 1,
    concurrency: 2 * availableParallelism(),
    rests: 4,
  },
  expiry: {
    timeoutSeconds: 30,
    maximumAttempts: 20,
    backoffSeconds: 1,
    reactionsAJob: 1,
    concurrency: 8,
  },
  moderation: {
    timeoutSeconds: 120,
    maximumAttempts: 20,
    backoffSeconds: 1,
    reactionsAJob: 1,
    concurrency: 4,
  },
  storage: {
    timeoutSeconds: 120,
    maximumAttempts: 20,
    backoffSeconds: 2,
    reactionsAJob: 1,
    concurrency: 4,
  },
  accounts: {
    timeoutSeconds: 600,
    maximumAttempts: 20,
    backoffSeconds: 2,
    reactionsAJob: 1,
    concurrency: 2,
  },
  // Twice as long as fetching may take, and more.
  imports: {
    timeoutSeconds: 180,
    maximumAttempts: 12,
    backoffSeconds: 2,
    reactionsAJob: 1,
    concurrency: 4,
  },
  shares: {
    timeoutSeconds: 120,
    maximumAttempts: 20,
    backoffSeconds: 2,
    reactionsAJob: 1,
    concurrency: 2,
  },
  // A large library takes its time to be read.
  exports: {
    timeoutSeconds: 3_600,
    maximumAttempts: 5,
    backoffSeconds: 10,
    reactionsAJob: 1,
    concurrency: 1,
  },
  // What takes longer is handed over again, finds the rebuild under way, and comes back later.
  maintenance: {
    timeoutSeconds: 3_600,
    maximumAttempts: 20,
    backoffSeconds: 2,
    reactionsAJob: 1,
    concurrency: 1,
  },
  // A mail server that is away gets about four hours.
  mail: {
    timeoutSeconds: 120,
    maximumAttempts: 16,
    backoffSeconds: 2,
    reactionsAJob: 1,
    concurrency: 2,
  },
  audit: {
    timeoutSeconds: 30,
    maximumAttempts: 20,
    backoffSeconds: 1,
    reactionsAJob: 500,
    concurrency: 1,
  },
}

/** Redis keys of this site's queues start with this. */
export const QUEUE_PREFIX = 'picfast'

/** What an event asks of a queue. The payload holds ids only, never personal data. */
export interface Reaction {
  queue: QueueName
  payload: Readonly<Record<string, number | string>>
  /** RFC 3339; `null` for at once. */
  runAt: string | null
}

export const assignmentSchema = z.object({
  reactionKey: z.string(),
  eventId: z.uuid(),
  eventPosition: z.int().positive(),
  attempt: z.int().positive(),
  payload: z.record(z.string(), z.union([z.number(), z.string()])),
})

/** One piece of work as a job carries it. */
export type Assignment = z.infer<typeof assignmentSchema>

export const jobDataSchema = z.object({ assignments: z.array(assignmentSchema).min(1) })
export type JobData = z.infer<typeof jobDataSchema>

/** The same event asks a queue once, however often it is read. */
export function reactionKey(queue: QueueName, eventId: string): string {
  return `${queue}-${eventId}`
}
