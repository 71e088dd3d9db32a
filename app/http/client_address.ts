import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net'
import type { HttpRequest } from '@adonisjs/core/http'

/** Names of ranges, as proxies' manuals use them. */
const RANGES: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
}

/**
 * Reads a list of proxies that are trusted: addresses, ranges such as `10.1.0.0/16`, and the names `loopback`,
 * `linklocal` and `uniquelocal`, parted by commas. Answers whether an address is one of them.
 *
 * @throws Error that names the entry that is none of these
 */
export function parseTrustedProxies(list: string): (address: string) => boolean {
  const trusted = new BlockList()
  const entries = list.split(',').map((entry) => entry.trim())
  for (const entry of entries.filter((one) => one !== '')) {
    for (const range of RANGES[entry] ?? [entry]) {
      addRange(trusted, range)
    }
  }
  return (address) => {
    const bare = withoutZone(address)
    return isIP(bare) !== 0 && trusted.check(bare, familyOf(bare))
  }
}

function addRange(list: BlockList, range: string): void {
  const [address = '', prefix, ...rest] = range.split('/')
  const bits = isIPv4(address) ? 32 : 128
  const isPrefix = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits)
  if (isIP(address) === 0 || !isPrefix || rest.length > 0) {
    throw new Error(
      `"${range}" is not an address, a range or one of ${Object.keys(RANGES).join(', ')}`
    )
  }
  list.addSubnet(address, prefix === undefined ? bits : Number(prefix), familyOf(address))
}

/** Whom a request comes from: who the trusted proxies say. A proxy that names no address is taken for the client. */
export function clientAddress({ request }: HttpRequest, forwarded: () => string): string {
  const peer = plainAddress(request.socket.remoteAddress ?? '')
  const client = plainAddress(forwarded() || peer)
  return isIP(client) === 0 ? peer : client
}

/** An IPv4 client of a socket that takes both kinds is shown as such. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}

/**
 * What a limit by address counts together: an IPv4 address, or the /64 of an IPv6 address, which one subscriber has
 * all of.
 */
export function addressBlock(address: string): string {
  const plain = plainAddress(withoutZone(address))
  if (!isIPv6(plain)) {
    return plain
  }
  const shortest = new URL(`http://[${plain}]`).hostname.slice(1, -1)
  const [head = [], tail = []] = shortest
    .split('::')
    .map((part) => part.split(':').filter((group) => group !== ''))
  const zeros = Array<string>(8 - head.length - tail.length).fill('0')
  return `${[...head, ...zeros, ...tail].slice(0, 4).join(':')}::/64`
}

function withoutZone(address: string): string {
  return address.replace(/%.*$/, '')
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv4(address) ? 'ipv4' : 'ipv6'
}
