import './typescript_names.ts'
import { Ignitor } from '@adonisjs/core'
import rcContents from '../adonisrc.ts'

export const APP_ROOT = new URL('../', import.meta.url)

/** Imports a module for the framework: a relative identifier is taken from the project's root. */
function importModule(identifier: string) {
  if (identifier.startsWith('./') || identifier.startsWith('../')) {
    return import(new URL(identifier, APP_ROOT).href)
  }
  return import(identifier)
}

/** The one way every process of PicFast (console, web, worker, tests) creates its application. */
export function createIgnitor() {
  return new Ignitor(APP_ROOT, { importer: importModule }).tap((app) => {
    app.rcContents(rcContents)
    app.booting(async () => {
      await import('#start/env')
    })
    app.listen('SIGTERM', () => app.terminate())
    app.listenIf(app.managedByPm2, 'SIGINT', () => app.terminate())
  })
}
