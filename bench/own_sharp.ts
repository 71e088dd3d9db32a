/** The site's own sharp: by its name alone it would be the one that a peer among the benches' dependencies brings. */
export { default } from '../node_modules/sharp/dist/index.mjs'
