import { readFile } from 'node:fs/promises'
import { EventCodec } from '#event_store/event_codec'
import {
  openCheckpoint,
  parseVerifierKey,
  verifierKeyOf,
  type Checkpoint,
} from '#proofs/checkpoint'
import { ProofError } from '#proofs/errors'
import { PostgresSigningKeyStore } from '#proofs/signing_key_store'
import type { Services } from './services.ts'

/** What derives claims from sealed events the way the log keeps them. */
export function codecOf({ eventStore, config }: Services): EventCodec {
  return new EventCodec(eventStore.keyRing, config.appKey)
}

/** The key that signs this site's checkpoints. */
export function signingKeyOf({ pool, config }: Services) {
  return new PostgresSigningKeyStore(pool, config.appKey).obtain()
}

/**
 * Checkpoints from files, their signatures checked by a key that is given, or by the site's own.
 *
 * @throws ProofError when a file cannot be read, or is not what the key has signed
 */
export async function readCheckpoints(
  services: Services,
  files: readonly string[],
  publicKey: string | undefined
): Promise<Checkpoint[]> {
  if (files.length === 0) {
    return []
  }
  const key =
    publicKey === undefined
      ? verifierKeyOf(await signingKeyOf(services))
      : parseVerifierKey(publicKey)
  return Promise.all(files.map(async (file) => openCheckpoint(await readText(file), key)))
}

export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new ProofError('E_BAD_CHECKPOINT', `${file} cannot be read`, { cause: error })
  }
}
