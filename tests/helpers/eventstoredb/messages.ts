import shared from '@eventstore/db-client/generated/shared_pb.js'
import status from '@eventstore/db-client/generated/status_pb.js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import type {
  AppendReq,
  BatchAppendReq,
  ReadReq,
} from '@eventstore/db-client/generated/streams_pb.js'
import any from 'google-protobuf/google/protobuf/any_pb.js'
import empty from 'google-protobuf/google/protobuf/empty_pb.js'
import type { Expected, Position, Proposed, RecordedMessage, WriteResult } from './memory_log.ts'

type WrongVersion = Extract<WriteResult, { kind: 'wrong_version' }>
type Written = Extract<WriteResult, { kind: 'written' }>

export function streamName(identifier?: { getStreamName_asU8(): Uint8Array }): string {
  return Buffer.from(identifier?.getStreamName_asU8() ?? []).toString('utf8')
}

function identifierOf(name: string) {
  return new shared.StreamIdentifier().setStreamName(Buffer.from(name).toString('base64'))
}

export function expectedOf(options: AppendReq.Options): Expected {
  if (options.hasRevision()) {
    return BigInt(options.getRevision())
  }
  return options.hasNoStream() ? 'no_stream' : options.hasStreamExists() ? 'stream_exists' : 'any'
}

export function batchExpectedOf(options: BatchAppendReq.Options): Expected {
  if (options.hasStreamPosition()) {
    return BigInt(options.getStreamPosition())
  }
  return options.hasNoStream() ? 'no_stream' : options.hasStreamExists() ? 'stream_exists' : 'any'
}

export function proposedOf(
  message: AppendReq.ProposedMessage | BatchAppendReq.ProposedMessage
): Proposed {
  const described = message.getMetadataMap()
  return {
    id: message.getId()?.getString() ?? '',
    type: described.get('type') ?? '',
    contentType: described.get('content-type') ?? '',
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  }
}

export function recordedResponse(event: RecordedMessage) {
  const recorded = new streams.ReadResp.ReadEvent.RecordedEvent()
    .setId(new shared.UUID().setString(event.id))
    .setStreamIdentifier(identifierOf(event.stream))
    .setStreamRevision(String(event.revision))
    .setCommitPosition(String(event.commit))
    .setPreparePosition(String(event.prepare))
    .setData(event.data)
    .setCustomMetadata(event.metadata)
  recorded
    .getMetadataMap()
    .set('type', event.type)
    .set('content-type', event.contentType)
    .set('created', String(event.createdTicks))
  return new streams.ReadResp().setEvent(
    new streams.ReadResp.ReadEvent().setEvent(recorded).setCommitPosition(String(event.commit))
  )
}

export function confirmation(id: string) {
  return new streams.ReadResp().setConfirmation(
    new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId(id)
  )
}

export function streamNotFound(name: string) {
  return new streams.ReadResp().setStreamNotFound(
    new streams.ReadResp.StreamNotFound().setStreamIdentifier(identifierOf(name))
  )
}

export function appendResponse(result: WriteResult) {
  if (result.kind === 'written') {
    return new streams.AppendResp().setSuccess(
      new streams.AppendResp.Success()
        .setCurrentRevision(String(result.revision))
        .setPosition(
          new streams.AppendResp.Position()
            .setCommitPosition(String(result.position.commit))
            .setPreparePosition(String(result.position.prepare))
        )
    )
  }
  const wrong = new streams.AppendResp.WrongExpectedVersion()
  if (result.current === null) {
    wrong.setCurrentNoStream(new shared.Empty())
  } else {
    wrong.setCurrentRevision(String(result.current))
  }
  return new streams.AppendResp().setWrongExpectedVersion(wrong)
}

export function batchResponse(request: BatchAppendReq, stream: string, result: WriteResult) {
  const response = new streams.BatchAppendResp()
    .setCorrelationId(request.getCorrelationId())
    .setStreamIdentifier(identifierOf(stream))
  return result.kind === 'written'
    ? response.setSuccess(batchSuccess(result))
    : response.setError(batchError(result))
}

function batchSuccess({ revision, position }: Written) {
  return new streams.BatchAppendResp.Success()
    .setCurrentRevision(String(revision))
    .setPosition(
      new shared.AllStreamPosition()
        .setCommitPosition(String(position.commit))
        .setPreparePosition(String(position.prepare))
    )
}

function batchError({ current, expected }: WrongVersion) {
  const wrong = new shared.WrongExpectedVersion()
  if (current === null) {
    wrong.setCurrentNoStream(new empty.Empty())
  } else {
    wrong.setCurrentStreamRevision(String(current))
  }
  if (typeof expected === 'bigint') {
    wrong.setExpectedStreamPosition(String(expected))
  } else {
    wrong.setExpectedAny(new empty.Empty())
  }
  const details = new any.Any()
  details.pack(wrong.serializeBinary(), 'event_store.client.WrongExpectedVersion')
  return new status.Status().setMessage('WrongExpectedVersion').setDetails(details)
}

/** Where a read begins: a position, the very start, or the end. */
export function startOf(options: ReadReq.Options): Position | 'start' | 'end' {
  const all = options.getAll()
  const position = all?.getPosition()
  if (position !== undefined) {
    return {
      commit: BigInt(position.getCommitPosition()),
      prepare: BigInt(position.getPreparePosition()),
    }
  }
  return all?.hasEnd() === true ? 'end' : 'start'
}

export function filterOf(options: ReadReq.Options): (event: RecordedMessage) => boolean {
  const prefixes = options.getFilter()?.getStreamIdentifier()?.getPrefixList() ?? []
  return ({ stream }) =>
    prefixes.length === 0 || prefixes.some((prefix) => stream.startsWith(prefix))
}
