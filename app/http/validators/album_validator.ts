import vine from '@vinejs/vine'
import { name, text } from './fields.ts'

export const createAlbumValidator = vine.create({
  name: name(120),
  intro: text(1000).optional(),
})

export const updateAlbumValidator = vine.create({
  name: name(120).optional(),
  intro: text(1000).optional(),
})
