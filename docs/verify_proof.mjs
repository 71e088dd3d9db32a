#!/usr/bin/env node
// Checks a proof that `node ace.js audit:prove` has written, with nothing but Node.js:
//
//   node verify_proof.mjs proof.json [public key]
//
// Give the public key that you were told, and got from somewhere else than the proof: without it the proof only says
// that someone has signed. See docs/history_and_proof.md for what is hashed and signed.
import { createHash, createPublicKey, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'

const sha256 = (...parts) =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest()

function check(isRight, complaint) {
  if (!isRight) {
    console.error(`NOT PROVED: ${complaint}`)
    process.exit(1)
  }
}

/** Origin, key id, and the key itself after one byte that says Ed25519. */
function readKey(text) {
  const [origin, id, ...rest] = text.trim().split('+')
  const bytes = Buffer.from(rest.join('+'), 'base64')
  const expected = sha256(`${origin}\n`, bytes).subarray(0, 4)
  check(
    bytes.length === 33 && bytes[0] === 1 && expected.toString('hex') === id,
    'the public key is not whole'
  )
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), bytes.subarray(1)])
  return { origin, id: expected, key: createPublicKey({ key: der, format: 'der', type: 'spki' }) }
}

function readCheckpoint(text, { origin, id, key }) {
  const end = text.lastIndexOf('\n\n') + 1
  const note = text.slice(0, end)
  const isSigned = text
    .slice(end + 1)
    .split('\n')
    .some((line) => {
      const [dash, name, signature = ''] = line.split(' ')
      const bytes = Buffer.from(signature, 'base64')
      return (
        dash === '—' &&
        name === origin &&
        bytes.subarray(0, 4).equals(id) &&
        verify(null, Buffer.from(note), key, bytes.subarray(4))
      )
    })
  check(isSigned, 'the checkpoint was not signed by this key')
  const [name, size, root, chain, time] = note.split('\n')
  check(name === origin, 'the checkpoint is of another log')
  return {
    size: Number(size),
    root: Buffer.from(root, 'base64'),
    chain: chain.replace('chain ', ''),
    time: time.replace('time ', ''),
  }
}

/** The root that a leaf and its path lead to, in a tree of so many leaves (RFC 9162, 2.1.3.2). */
function rootOf(leaf, index, size, path) {
  let at = index
  let last = size - 1
  let hash = leaf
  for (const sibling of path) {
    if (last === 0) {
      return null
    }
    if (at % 2 === 1 || at === last) {
      hash = sha256(Buffer.of(1), sibling, hash)
      while (at % 2 === 0 && at !== 0) {
        at = Math.floor(at / 2)
        last = Math.floor(last / 2)
      }
    } else {
      hash = sha256(Buffer.of(1), hash, sibling)
    }
    at = Math.floor(at / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 ? hash : null
}

const [file, toldKey] = process.argv.slice(2)
if (file === undefined) {
  console.error('node verify_proof.mjs proof.json [public key]')
  process.exit(2)
}
const proof = JSON.parse(readFileSync(file, 'utf8'))
check(proof.format === 'picfast inclusion proof 1', 'this is not a proof that this script knows')
const key = readKey(toldKey ?? proof.public_key)
const checkpoint = readCheckpoint(proof.checkpoint, key)
const { event } = proof
check(
  event.position >= 1 && event.position <= checkpoint.size,
  'the event is not in the checkpoint'
)

const line = [
  event.position,
  event.stream,
  event.version,
  event.id,
  event.type,
  event.schema_version,
  event.recorded_at_ms,
  event.data,
  event.metadata,
].join('\n')
check(line.split('\n').length === 9, 'the event has a line break where none can be')
const chainHash = sha256(Buffer.from(proof.previous_hash, 'hex'), line)
const root = rootOf(
  sha256(Buffer.of(0), chainHash),
  event.position - 1,
  checkpoint.size,
  proof.path.map((hash) => Buffer.from(hash, 'hex'))
)
check(root !== null && root.equals(checkpoint.root), 'the event is not part of what was signed')

const { actor, source } = JSON.parse(event.metadata)
console.log(
  `PROVED: event ${event.position} of ${key.origin}, signed with ${checkpoint.size} events on ${checkpoint.time}`
)
console.log(`  what   ${event.type}, version ${event.version} of ${event.stream}`)
console.log(`  when   ${new Date(event.recorded_at_ms).toISOString()}`)
console.log(
  `  who    ${[actor.kind, actor.id].filter((part) => part !== null).join(' ')}, by ${source}`
)
console.log(`  data   ${event.data}`)
if (toldKey === undefined) {
  console.log(
    'The key was taken from the proof itself: compare it with the one that you were told.'
  )
  console.log(`  key    ${proof.public_key}`)
}
