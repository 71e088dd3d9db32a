/** How soon a client that was cut off may come again. */
const RETRY_MILLISECONDS = 1_000

/** An event of a stream of server-sent events; a client that comes again says the last id that it saw. */
export function eventFrame(id: number, data: object): string {
  return `id: ${id}\ndata: ${JSON.stringify(data)}\n\n`
}

/** The first words of a stream: from where it goes on, before there is anything to say. */
export function openingFrame(id: number): string {
  return `retry: ${RETRY_MILLISECONDS}\n${positionFrame(id)}`
}

/** How far the stream has come, when what it passed was not asked for. */
export function positionFrame(id: number): string {
  return `event: position\nid: ${id}\ndata: {"position":${id}}\n\n`
}

/** Says nothing, so that nobody on the way takes the connection for dead. */
export const HEARTBEAT_FRAME = ': all is quiet\n\n'
