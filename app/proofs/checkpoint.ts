import { createHash, createPublicKey, sign, verify, type KeyObject } from 'node:crypto'
import { ProofError } from './errors.ts'

/**
 * What is signed of a log: how long it is, the root of its Merkle tree, the last hash of its chain, and when that was.
 */
export interface Checkpoint {
  /** The log's name: `picfast/` and the site's id. */
  origin: string
  position: number
  root: Buffer
  chainHash: Buffer
  /** RFC 3339 */
  signedAt: string
}

/** A key that signs checkpoints of one site. */
export interface SigningKey {
  origin: string
  privateKey: KeyObject
  publicKey: KeyObject
}

/** A key that checks signatures: whose it is, and its 32 bytes. */
export interface VerifierKey {
  origin: string
  publicKey: Buffer
}

const ED25519 = Buffer.of(1)
const KEY_ID_BYTES = 4
/** What stands before the 32 bytes of a public key in its DER form (RFC 8410). */
const DER_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')
const ORIGIN = /^picfast\/[0-9a-f-]{36}$/
const LINES =
  /^(?<origin>[^\n]+)\n(?<position>[1-9]\d{0,15})\n(?<root>[A-Za-z0-9+/]{43}=)\nchain (?<chain>[0-9a-f]{64})\ntime (?<time>[^\n]+)\n$/
const SIGNATURE = /^— (?<name>\S+) (?<signature>[A-Za-z0-9+/=]+)$/

/**
 * A checkpoint as text, signed: the form that transparency logs use (C2SP `tlog-checkpoint` in a `signed-note`), with
 * the chain's hash and the time as its extension lines.
 */
export function signCheckpoint(checkpoint: Checkpoint, key: SigningKey): string {
  const note = noteOf(checkpoint)
  const publicKey = rawPublicKey(key.publicKey)
  const signature = sign(null, Buffer.from(note), key.privateKey)
  const signed = Buffer.concat([keyId(key.origin, publicKey), signature]).toString('base64')
  return `${note}\n— ${key.origin} ${signed}\n`
}

/**
 * Reads a checkpoint that this key has signed.
 *
 * @throws ProofError when it is not one, or the signature is not right
 */
export function openCheckpoint(text: string, key: VerifierKey): Checkpoint {
  const split = text.lastIndexOf('\n\n')
  const note = text.slice(0, split + 1)
  const lines = LINES.exec(note)?.groups
  if (split === -1 || lines === undefined) {
    throw new ProofError('E_BAD_CHECKPOINT', 'This is not a checkpoint of a PicFast log')
  }
  const isSigned = text
    .slice(split + 2)
    .split('\n')
    .some((line) => isSignature(line, note, key))
  if (lines['origin'] !== key.origin || !isSigned) {
    throw new ProofError(
      'E_BAD_CHECKPOINT',
      'The checkpoint was not signed by this key, or was changed since'
    )
  }
  return {
    origin: key.origin,
    position: Number(lines['position']),
    root: Buffer.from(lines['root'] ?? '', 'base64'),
    chainHash: Buffer.from(lines['chain'] ?? '', 'hex'),
    signedAt: lines['time'] ?? '',
  }
}

/** A public key as text, for keeping elsewhere: `origin+key id+base64`. */
export function formatVerifierKey({ origin, publicKey }: VerifierKey): string {
  const id = keyId(origin, publicKey).toString('hex')
  return `${origin}+${id}+${Buffer.concat([ED25519, publicKey]).toString('base64')}`
}

/** @throws ProofError when the text is not a key, or not whole */
export function parseVerifierKey(text: string): VerifierKey {
  const [origin = '', id, ...rest] = text.trim().split('+')
  const bytes = Buffer.from(rest.join('+'), 'base64')
  const publicKey = bytes.subarray(1)
  const isWhole =
    ORIGIN.test(origin) &&
    bytes.length === 33 &&
    bytes[0] === ED25519[0] &&
    keyId(origin, publicKey).toString('hex') === id
  if (!isWhole) {
    throw new ProofError('E_BAD_PUBLIC_KEY', 'This is not a public key of a PicFast site')
  }
  return { origin, publicKey }
}

export function verifierKeyOf({ origin, publicKey }: SigningKey): VerifierKey {
  return { origin, publicKey: rawPublicKey(publicKey) }
}

function noteOf({ origin, position, root, chainHash, signedAt }: Checkpoint): string {
  return `${origin}\n${position}\n${root.toString('base64')}\nchain ${chainHash.toString('hex')}\ntime ${signedAt}\n`
}

function isSignature(line: string, note: string, { origin, publicKey }: VerifierKey): boolean {
  const parts = SIGNATURE.exec(line)?.groups
  const bytes = Buffer.from(parts?.['signature'] ?? '', 'base64')
  return (
    parts?.['name'] === origin &&
    bytes.subarray(0, KEY_ID_BYTES).equals(keyId(origin, publicKey)) &&
    verify(
      null,
      Buffer.from(note),
      createPublicKey({
        key: Buffer.concat([DER_PREFIX, publicKey]),
        format: 'der',
        type: 'spki',
      }),
      bytes.subarray(KEY_ID_BYTES)
    )
  )
}

function keyId(origin: string, publicKey: Buffer): Buffer {
  return createHash('sha256')
    .update(`${origin}\n`)
    .update(ED25519)
    .update(publicKey)
    .digest()
    .subarray(0, KEY_ID_BYTES)
}

function rawPublicKey(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(DER_PREFIX.length)
}
