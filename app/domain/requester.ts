/** Who asks for a change. An administrator may change what is not theirs. */
export interface Requester {
  requesterId: number | null
  isAdmin: boolean
}
