import { describe, expect, it } from 'vitest';
import { clientAddress, networkOf } from '../../../receiver/admin/client-address.ts';

const trusted = (address: string): boolean => address.startsWith('10.') || address === '::1';

describe('the address of a client', () => {
  it.each([
    ['192.0.2.7', '203.0.113.1', '192.0.2.7'],
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['10.0.0.1', '', '10.0.0.1'],
    ['10.0.0.1', '192.0.2.7', '192.0.2.7'],
    ['::ffff:10.0.0.1', '192.0.2.7', '192.0.2.7'],
    ['::1', '192.0.2.7', '192.0.2.7'],
    // What the client wrote itself stands first.
    ['10.0.0.1', '203.0.113.1, 192.0.2.7', '192.0.2.7'],
    ['10.0.0.1', '203.0.113.1,192.0.2.7,10.0.0.2 , 10.0.0.3', '192.0.2.7'],
    ['10.0.0.1', '10.0.0.9, 10.0.0.2', '10.0.0.9'],
    ['10.0.0.1', '192.0.2.7:4711', '192.0.2.7'],
    ['10.0.0.1', '[2001:db8::7]:4711', '2001:db8::7'],
    ['10.0.0.1', '2001:db8::7', '2001:db8::7'],
    ['10.0.0.1', '::ffff:192.0.2.7', '192.0.2.7'],
    ['10.0.0.1', 'unknown', '10.0.0.1'],
    ['10.0.0.1', '192.0.2.7, unknown, 10.0.0.2', '10.0.0.2'],
  ])('from %s with "%s" is %s', (peer, forwarded, expected) => {
    expect(clientAddress(peer, forwarded, trusted)).toBe(expected);
  });
});

describe('what attempts are counted by', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['', ''],
    ['2001:db8:0:7::1', '2001:db8:0:7::/64'],
    ['2001:0DB8::7:1:2:3:4', '2001:db8:0:7::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4::/64'],
  ])('%s: %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
