import type { EntityKind } from '#domain/entity_kind'

/** Draws the integer ids that the API shows. They are written in the events, so a rebuild keeps them. */
export interface IdSource {
  next(kind: EntityKind): Promise<number>
}

/** Draws random text from lower-case letters and digits. */
export interface KeySource {
  draw(length: number): string
}

/** Password hashes, outside the log. */
export interface CredentialStore {
  put(accountId: number, passwordHash: string): Promise<void>
  remove(accountId: number): Promise<void>
}

/** Secrets of storage strategies by field, sealed, outside the log. */
export interface StrategySecretStore {
  /** Replaces the named ones, leaves the others. */
  put(strategyId: number, secrets: Readonly<Record<string, string>>): Promise<void>
  remove(strategyId: number): Promise<void>
}

/** Hashes of API tokens, outside the log. */
export interface ApiTokenSecretStore {
  put(tokenId: number, accountId: number, secretHash: Buffer): Promise<void>
  remove(tokenId: number): Promise<void>
}
