import vine from '@vinejs/vine'
import { QUEUES } from '#jobs/queues'
import { projections } from '#projections/registry'
import { flag, text, wholeNumber } from './fields.ts'

const LARGEST_PAGE = 100
const names = projections.map(({ name }) => name)

const keysetFields = {
  cursor: vine.string().maxLength(500).optional(),
  page_size: wholeNumber(1, LARGEST_PAGE).optional(),
}

export const rebuildValidator = vine.create({
  gate: flag().optional(),
  dry_run: flag().optional(),
})

export const listParkedValidator = vine.create(keysetFields)

/** All that the read model has parked, or one stream of it. */
export const retryParkedValidator = vine.create({
  projection: vine.enum(names),
  stream: text(200).optional(),
})

export const listDeadValidator = vine.create({
  ...keysetFields,
  queue: vine.enum(QUEUES).optional(),
})

/** All that the queue has given up, or one piece of it. */
export const retryQueueValidator = vine.create({ id: text(200).optional() })
