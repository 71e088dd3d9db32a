/** A place for the files of archived partitions. What it cannot do, it rejects with an error of any kind. */
export interface ArchiveStore {
  /** How the place is named to people. */
  readonly title: string
  /** A path on this machine for a file that is being written. */
  temporaryPath(): Promise<string>
  /** Puts a finished file into place under a name, durably, and takes the temporary one away. */
  commit(temporaryPath: string, name: string): Promise<void>
  /** Bytes, or `null` when there is no such file. */
  size(name: string): Promise<number | null>
  /** The bytes from one to another, both included. */
  read(name: string, start: number, end: number): Promise<Buffer>
  remove(name: string): Promise<void>
}

/** Where an archive lies: in a folder of this machine, or in a storage strategy. */
export type ArchivePlace = { folder: string } | { strategyId: number }

/** How to get at archives in storage strategies. */
export type StrategyArchives = (strategyId: number) => Promise<ArchiveStore>

/** For who knows of no strategies. */
export const NO_STRATEGIES: StrategyArchives = (strategyId) =>
  Promise.reject(new Error(`Storage strategy ${strategyId} is not known here`))
