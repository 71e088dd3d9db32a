/** What can be wrong with a log. `position` is where it shows first; `null` when no event can be named. */
export interface LogFault {
  kind:
    | 'removed'
    | 'inserted'
    | 'changed'
    | 'broken'
    | 'version'
    | 'head'
    | 'claim'
    | 'budget'
    | 'checkpoint'
  position: number | null
  message: string
}

/** The first comes first; what names no event comes last. */
export function inOrder(faults: readonly LogFault[]): LogFault[] {
  const rank = ({ position }: LogFault) => position ?? Number.POSITIVE_INFINITY
  return faults.toSorted((one, other) => {
    const [first, second] = [rank(one), rank(other)]
    return first === second ? 0 : first - second
  })
}
