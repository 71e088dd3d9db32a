// Node runs the TypeScript sources as they are (erasable syntax only), so there is no build step.
await import('./bin/console.ts')
