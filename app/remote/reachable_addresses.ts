import { BlockList, isIP } from 'node:net'

/** What of IPv4 does not lead to a host of the public internet. */
const SPECIAL_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // The metadata address of Azure lies among public ones.
  '168.63.129.16/32',
]

/** What IPv6 gives to hosts, and what of it carries an IPv4 address or is not in use. */
const GLOBAL_IPV6 = ['2000::/3']
const SPECIAL_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']

const specialIpv4 = rangesOf(SPECIAL_IPV4)
const globalIpv6 = rangesOf(GLOBAL_IPV6)
const specialIpv6 = rangesOf(SPECIAL_IPV6)

/** Says of an IP address whether requests on a stranger's word may go there. */
export type IsReachable = (address: string) => boolean

/** The public internet, and the networks (`address/prefix`) that this site's owner has opened beside it. */
export function reachableAddresses(openedNetworks: readonly string[] = []): IsReachable {
  const opened = rangesOf(openedNetworks)
  return (address) => contains(opened, address) || isPublic(address)
}

/** @throws TypeError or RangeError for what is not a network as `address/prefix` */
export function rangesOf(networks: readonly string[]): BlockList {
  const ranges = new BlockList()
  for (const network of networks) {
    const [address = '', prefix = ''] = network.split('/')
    const family = familyOf(address)
    if (family === null || !/^\d{1,3}$/.test(prefix)) {
      throw new TypeError(`"${network}" is not a network such as 192.168.0.0/16`)
    }
    ranges.addSubnet(address, Number(prefix), family)
  }
  return ranges
}

function isPublic(address: string): boolean {
  switch (familyOf(address)) {
    case 'ipv4':
      return !specialIpv4.check(address, 'ipv4')
    case 'ipv6':
      return globalIpv6.check(address, 'ipv6') && !specialIpv6.check(address, 'ipv6')
    case null:
      return false
  }
}

function contains(ranges: BlockList, address: string): boolean {
  const family = familyOf(address)
  return family !== null && ranges.check(address, family)
}

function familyOf(address: string): 'ipv4' | 'ipv6' | null {
  const version = isIP(address)
  return version === 0 ? null : version === 4 ? 'ipv4' : 'ipv6'
}
