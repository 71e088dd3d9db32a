import { test } from '@japa/runner'
import { reachableAddresses, rangesOf } from '#remote/reachable_addresses'

test.group('Reachable addresses', () => {
  test('{$self} is not reached')
    .with([
      '0.0.0.0',
      '10.1.2.3',
      '100.64.0.1',
      '100.100.100.200',
      '127.0.0.1',
      '127.255.255.254',
      '168.63.129.16',
      '169.254.169.254',
      '172.16.0.1',
      '172.31.255.255',
      '192.0.0.192',
      '192.168.1.1',
      '198.19.0.1',
      '224.0.0.1',
      '255.255.255.255',
      '::',
      '::1',
      '::ffff:127.0.0.1',
      '::ffff:8.8.8.8',
      '::ffff:a9fe:a9fe',
      '64:ff9b::7f00:1',
      '2001:0:1::1',
      '2001:db8::1',
      '2002:7f00:1::',
      'fc00::1',
      'fd00:ec2::254',
      'fe80::1',
      'fe80::1%eth0',
      'ff02::1',
      'localhost',
      '',
    ])
    .run(({ assert }, address) => {
      assert.isFalse(reachableAddresses()(address))
    })

  test('{$self} is reached')
    .with(['8.8.8.8', '172.15.255.255', '172.32.0.1', '2606:4700::1111', '2a00:1450:4001::200e'])
    .run(({ assert }, address) => {
      assert.isTrue(reachableAddresses()(address))
    })

  test('a network that was opened is reached, and no other', ({ assert }) => {
    const isReachable = reachableAddresses(['192.168.7.0/24', 'fd00:7::/32'])

    assert.isTrue(isReachable('192.168.7.9'))
    assert.isTrue(isReachable('fd00:7::9'))
    assert.isFalse(isReachable('192.168.8.9'))
    assert.isFalse(isReachable('fd00:8::9'))
  })

  test('"{$self}" is not a network')
    .with(['192.168.0.0', '192.168.0.0/33', '192.168.0.0/-1', 'intranet/24', ''])
    .run(({ assert }, network) => {
      assert.throws(() => rangesOf([network]))
    })
})
