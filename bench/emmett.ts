/** The part of emmett that is measured; it is a dependency of the bench alone, so its types are written down here. */
interface EmmettEvent {
  type: string
  data: object
  metadata?: object
}

export interface EmmettStore {
  appendToStream(stream: string, events: EmmettEvent[]): Promise<unknown>
  close(): Promise<void>
}

interface EmmettConsumer {
  reactor(options: { processorId: string; eachMessage: () => void }): unknown
  start(): Promise<void>
  close(): Promise<void>
}

interface Emmett {
  getPostgreSQLEventStore(url: string): EmmettStore & { schema: { migrate(): Promise<unknown> } }
  postgreSQLEventStoreConsumer(options: {
    connectionString: string
    stopWhen: { noMessagesLeft: boolean }
    pulling: { batchSize: number; pullingFrequencyInMs: number }
  }): EmmettConsumer
}

const PEER = '@event-driven-io/emmett-postgresql'

async function load(): Promise<Emmett> {
  return (await import(PEER)) as Emmett
}

export async function openEmmett(url: string): Promise<EmmettStore> {
  const { getPostgreSQLEventStore } = await load()
  const store = getPostgreSQLEventStore(url)
  await store.schema.migrate()
  return store
}

/**
 * Reads a whole log of so many messages with a consumer that does nothing; answers messages a second, up to the last
 * one. The log must have been written one append after another: pages follow the order of transactions, but go on after
 * the last global position, so that of concurrent appends some are passed over.
 */
export async function consumeAll(url: string, messages: number, name: string): Promise<number> {
  const { postgreSQLEventStoreConsumer } = await load()
  const consumer = postgreSQLEventStoreConsumer({
    connectionString: url,
    stopWhen: { noMessagesLeft: true },
    pulling: { batchSize: 1_000, pullingFrequencyInMs: 1 },
  })
  const startedAt = performance.now()
  let seen = 0
  let lastAt = startedAt
  consumer.reactor({
    processorId: name,
    eachMessage: () => {
      seen += 1
      lastAt = performance.now()
    },
  })
  await consumer.start()
  await consumer.close()
  if (seen !== messages) {
    throw new Error(`The peer's consumer saw ${seen} of ${messages} messages`)
  }
  return messages / ((lastAt - startedAt) / 1000)
}
