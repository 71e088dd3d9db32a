import type { ObjectStore } from './object_store.ts'

/** Bytes that are to be an object, before it is known under which key. */
export interface StagedObject {
  /** Stores them under a key, which may be done again under another. Durable when it resolves. */
  commit(key: string): Promise<void>
  /** Takes away what is left of them when they were not committed. */
  discard(): Promise<void>
}

/** For a place where nothing can be done before the key is known. */
export function stagedUntilNamed(
  store: Pick<ObjectStore, 'commitFile' | 'put'>,
  content: Buffer | string
): StagedObject {
  return {
    commit: (key) =>
      typeof content === 'string' ? store.commitFile(content, key) : store.put(key, content),
    discard: async () => {},
  }
}
