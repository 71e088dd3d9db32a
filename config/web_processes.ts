import { readWebProcesses } from '#supervisor/web_processes'

/** How many web processes there are on this machine, this one included. */
export const webProcesses = readWebProcesses(process.argv)

/** This process's share of what all web processes may take together, but so much at least. */
export function shareOf(all: number, atLeast = 1): number {
  return Math.max(atLeast, Math.ceil(all / webProcesses))
}
