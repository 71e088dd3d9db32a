/**
 * How Node runs the projector: next to nothing of a log that it catches up with lives for longer than a page, and with a
 * bound V8 collects garbage before there are hundreds of megabytes of it.
 */
export const PROJECTOR_PROCESS = {
  args: ['--max-old-space-size=320', 'ace.js', 'projector'],
} as const
