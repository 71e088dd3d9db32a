/** How long a web process may take to finish requests and answers that are under way, when nobody says otherwise. */
export const DRAIN_SECONDS = 8

/**
 * How Node runs a web process. Much of what passes through it lives for a moment only: with a small young generation, and
 * with an allocator that gives freed buffers back instead of keeping them for each of its threads, it takes some 60 MB
 * less under many large uploads at once.
 */
export const WEB_PROCESS = {
  args: ['--max-semi-space-size=4', 'bin/server.ts'],
  env: { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '131072' },
} as const
