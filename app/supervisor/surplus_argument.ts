/** A command was given more than it takes: an admin who names a file means something by it. */
export class SurplusArgumentError extends Error {
  readonly code = 'E_SURPLUS_ARGUMENT'
}

/** @throws SurplusArgumentError naming the first of the arguments that are left over, if there is one. */
export function requireNoSurplus(command: string, leftOver: ReadonlyArray<string | number>): void {
  const [first] = leftOver
  if (first !== undefined) {
    throw new SurplusArgumentError(
      `${command} takes no argument "${first}": ${command} --help tells what it takes`
    )
  }
}
