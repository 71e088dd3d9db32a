import { once } from 'node:events'
import features from '@eventstore/db-client/generated/serverfeatures_pb.js'
import featuresGrpc from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js'
import streamsGrpc from '@eventstore/db-client/generated/streams_grpc_pb.js'
import type { IStreamsServer } from '@eventstore/db-client/generated/streams_grpc_pb.js'
import type {
  AppendReq,
  BatchAppendReq,
  BatchAppendResp,
  ReadReq,
  ReadResp,
} from '@eventstore/db-client/generated/streams_pb.js'
import grpc from '@grpc/grpc-js'
import { isAfter, MemoryLog, type RecordedMessage } from './memory_log.ts'
import {
  appendResponse,
  batchExpectedOf,
  batchResponse,
  confirmation,
  expectedOf,
  filterOf,
  proposedOf,
  recordedResponse,
  startOf,
  streamName,
  streamNotFound,
} from './messages.ts'

export type Call = 'append' | 'batch_append' | 'read' | 'subscribe'

/**
 * What goes wrong with a call. `written`: the append is done all the same, and only its answer is lost. `after`: how many
 * events a read still hands out.
 */
export type Fault =
  | { kind: 'unavailable'; written?: boolean; after?: number }
  | { kind: 'silent'; written?: boolean }
  | { kind: 'not_leader'; leader: EventStoreDbServer }

type Reading = grpc.ServerWritableStream<ReadReq, ReadResp>

/** EventStoreDB's gRPC protocol over a log in memory, spoken with the published client's own stubs; for tests. */
export class EventStoreDbServer {
  readonly log: MemoryLog
  /** How often each call came. */
  readonly calls: Record<Call, number> = { append: 0, batch_append: 0, read: 0, subscribe: 0 }
  /** Asked at each call what goes wrong with it. */
  fault: (call: Call) => Fault | null = () => null
  readonly #server = new grpc.Server()
  readonly #subscriptions = new Set<Reading>()
  readonly #batches = new Set<grpc.ServerDuplexStream<BatchAppendReq, BatchAppendResp>>()
  #port = 0

  private constructor(log: MemoryLog, batchAppend: boolean) {
    this.log = log
    this.#server.addService(streamsGrpc.StreamsService, this.#streams())
    this.#server.addService(featuresGrpc.ServerFeaturesService, {
      getSupportedMethods(_call: unknown, answer: grpc.sendUnaryData<unknown>) {
        const methods = batchAppend
          ? [
              new features.SupportedMethod()
                .setServiceName('event_store.client.streams.Streams')
                .setMethodName('batchappend'),
            ]
          : []
        const supported = new features.SupportedMethods().setEventStoreServerVersion('24.10.0')
        answer(null, supported.setMethodsList(methods))
      },
    })
  }

  static async start(
    options: { log?: MemoryLog; batchAppend?: boolean } = {}
  ): Promise<EventStoreDbServer> {
    const { log = new MemoryLog(), batchAppend = true } = options
    const server = new EventStoreDbServer(log, batchAppend)
    await server.#listen()
    return server
  }

  get port(): number {
    return this.#port
  }

  get url(): string {
    return `esdb://127.0.0.1:${this.#port}?tls=false`
  }

  /** How many subscriptions are open. */
  get subscribers(): number {
    return this.#subscriptions.size
  }

  /** Ends every open subscription in the middle, as a server does that goes away. */
  dropSubscriptions(): void {
    for (const call of this.#subscriptions) {
      call.emit('error', unavailable())
    }
    this.#subscriptions.clear()
  }

  /** Cuts all connections. */
  async stop(): Promise<void> {
    this.#server.forceShutdown()
  }

  #listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      const credentials = grpc.ServerCredentials.createInsecure()
      this.#server.bindAsync('127.0.0.1:0', credentials, (error, port) => {
        this.#port = port
        return error === null ? resolve() : reject(error)
      })
    })
  }

  #streams(): Pick<IStreamsServer, 'append' | 'batchAppend' | 'read'> {
    return {
      append: (call, answer) => void this.#append(call, answer),
      batchAppend: (call) => this.#batchAppend(call),
      read: (call) => void this.#read(call),
    }
  }

  async #append(
    call: Parameters<IStreamsServer['append']>[0],
    answer: Parameters<IStreamsServer['append']>[1]
  ): Promise<void> {
    const fault = this.#next('append')
    const requests: AppendReq[] = []
    call.on('data', (request: AppendReq) => requests.push(request))
    await once(call, 'end')
    if (fault !== null && !isWritten(fault)) {
      return fault.kind === 'silent' ? undefined : answer(failure(fault))
    }
    const [head, ...rest] = requests
    const options = head?.getOptions()
    if (options === undefined) {
      return answer({ code: grpc.status.INVALID_ARGUMENT, details: 'No options' })
    }
    const result = this.log.append(
      streamName(options.getStreamIdentifier()),
      expectedOf(options),
      rest.flatMap((request) => request.getProposedMessage() ?? []).map(proposedOf)
    )
    if (fault === null) {
      return answer(null, appendResponse(result))
    }
    return fault.kind === 'silent' ? undefined : answer(failure(fault))
  }

  #batchAppend(call: grpc.ServerDuplexStream<BatchAppendReq, BatchAppendResp>): void {
    const parts = new Map<string, BatchAppendReq[]>()
    this.#batches.add(call)
    call.on('error', () => this.#batches.delete(call))
    call.on('end', () => call.end())
    call.on('data', (request: BatchAppendReq) => {
      const id = request.getCorrelationId()?.getString() ?? ''
      const collected = [...(parts.get(id) ?? []), request]
      parts.set(id, collected)
      if (!request.getIsFinal()) {
        return
      }
      parts.delete(id)
      const fault = this.#next('batch_append')
      if (fault === null || isWritten(fault)) {
        const options = collected[0]?.getOptions()
        if (options === undefined) {
          return
        }
        const stream = streamName(options.getStreamIdentifier())
        const events = collected.flatMap((part) => part.getProposedMessagesList()).map(proposedOf)
        const result = this.log.append(stream, batchExpectedOf(options), events)
        if (fault === null) {
          call.write(batchResponse(request, stream, result))
        }
      }
      if (fault !== null && fault.kind !== 'silent') {
        call.emit('error', failure(fault))
      }
    })
  }

  async #read(call: Reading): Promise<void> {
    const options = call.request.getOptions()
    if (options === undefined) {
      return
    }
    const fault = this.#next(options.hasSubscription() ? 'subscribe' : 'read')
    if (fault?.kind === 'silent') {
      return
    }
    if (fault !== null && !('after' in fault)) {
      call.emit('error', failure(fault))
      return
    }
    const left = fault?.kind === 'unavailable' ? (fault.after ?? Infinity) : Infinity
    if (options.hasSubscription()) {
      this.#follow(call, options, left)
      return
    }
    const events = options.hasAll() ? this.#ofAll(options) : this.#ofStream(options)
    if (events === null) {
      call.write(streamNotFound(streamName(options.getStream()?.getStreamIdentifier())))
      call.end()
      return
    }
    for (const [index, event] of events.entries()) {
      if (index >= left) {
        call.emit('error', unavailable())
        return
      }
      if (call.cancelled) {
        return
      }
      if (!call.write(recordedResponse(event))) {
        await once(call, 'drain')
      }
    }
    call.end()
  }

  #ofAll(options: ReadReq.Options): RecordedMessage[] {
    const start = startOf(options)
    const count = Number(options.getCount())
    if (options.getReadDirection() === 1) {
      return [...this.log.all].reverse().slice(0, count)
    }
    const events = this.log.all.filter(
      (event) => start === 'start' || (start !== 'end' && !isAfter(start, event))
    )
    return events.slice(0, count)
  }

  #ofStream(options: ReadReq.Options): RecordedMessage[] | null {
    const from = options.getStream()
    const events = this.log.stream(streamName(from?.getStreamIdentifier()))
    if (events === null) {
      return null
    }
    const count = Number(options.getCount())
    const revision = from?.hasRevision() === true ? BigInt(from.getRevision()) : null
    return options.getReadDirection() === 1
      ? [...events]
          .reverse()
          .filter((event) => revision === null || event.revision <= revision)
          .slice(0, count)
      : events.filter((event) => revision === null || event.revision >= revision).slice(0, count)
  }

  #follow(call: Reading, options: ReadReq.Options, left: number): void {
    const matches = filterOf(options)
    const start = startOf(options)
    let next =
      start === 'end'
        ? this.log.all.length
        : start === 'start'
          ? 0
          : this.log.all.findIndex((event) => isAfter(event, start))
    if (next === -1) {
      next = this.log.all.length
    }
    let sent = 0
    const send = () => {
      for (; next < this.log.all.length; next++) {
        const event = this.log.all[next]
        if (event === undefined || !matches(event)) {
          continue
        }
        if (sent >= left) {
          stop()
          call.emit('error', unavailable())
          return
        }
        call.write(recordedResponse(event))
        sent += 1
      }
    }
    const stopListening = this.log.onWritten(send)
    const stop = () => {
      stopListening()
      this.#subscriptions.delete(call)
    }
    call.on('cancelled', stop)
    call.on('error', stop)
    this.#subscriptions.add(call)
    call.write(confirmation(crypto.randomUUID()))
    send()
  }

  #next(call: Call): Fault | null {
    this.calls[call] += 1
    return this.fault(call)
  }
}

function isWritten(fault: Fault): boolean {
  return 'written' in fault && fault.written === true
}

function unavailable() {
  return { code: grpc.status.UNAVAILABLE, details: 'The server goes away' }
}

function failure(fault: Exclude<Fault, { kind: 'silent' }>) {
  if (fault.kind === 'unavailable') {
    return unavailable()
  }
  const metadata = new grpc.Metadata()
  metadata.set('exception', 'not-leader')
  metadata.set('leader-endpoint-host', '127.0.0.1')
  metadata.set('leader-endpoint-port', String(fault.leader.port))
  return { code: grpc.status.NOT_FOUND, details: 'Leader info available', metadata }
}
