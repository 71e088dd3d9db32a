import { existsSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

/**
 * The framework finds commands and migrations by their folder and asks for each by the name it would have after a
 * build. There is no build here: such a name is taken for the source beside it.
 */
registerHooks({
  resolve(specifier, context, nextResolve) {
    if (specifier.endsWith('.js') && !specifier.includes('/node_modules/')) {
      const url = URL.parse(specifier, context.parentURL)
      if (url?.protocol === 'file:' && !existsSync(fileURLToPath(url))) {
        const source = new URL(url.href.replace(/\.js$/, '.ts'))
        if (existsSync(fileURLToPath(source))) {
          return nextResolve(source.href, context)
        }
      }
    }
    return nextResolve(specifier, context)
  },
})
