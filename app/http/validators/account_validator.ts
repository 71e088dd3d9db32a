import vine from '@vinejs/vine'
import { email, givenPassword, name, newPassword, text } from './fields.ts'
import { userSettingsFields } from './settings_validator.ts'

const longestToken = 4096

export const setupValidator = vine.create({
  email: email(),
  password: newPassword(),
  name: name(120),
})

export const registrationValidator = vine.create({
  email: email(),
  password: newPassword(),
  name: name(120),
})

export const mailRequestValidator = vine.create({ email: email() })

export const verifyEmailValidator = vine.create({
  token: vine.string().maxLength(longestToken),
})

export const resetPasswordValidator = vine.create({
  token: vine.string().maxLength(longestToken),
  password: newPassword(),
})

export const loginValidator = vine.create({
  email: text(254),
  password: givenPassword(),
})

export const refreshValidator = vine.create({
  refresh_token: vine.string().maxLength(longestToken),
})

export const deleteMeValidator = vine.create({ current_password: givenPassword() })

export const updateMeValidator = vine.create({
  name: name(120).optional(),
  password: newPassword().optional(),
  current_password: givenPassword().optional().requiredIfExists('password'),
  settings: vine.object(userSettingsFields).optional(),
})
