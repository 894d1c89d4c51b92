import fc from 'fast-check';
import { validate, version } from 'uuid';
import { describe, expect, it } from 'vitest';
import { idsFrom, pooledBytes } from '../../../src/lib/id.ts';

const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });
const moment = fc.integer({ min: 0, max: 2 ** 48 - 1 });

describe('idsFrom', () => {
  it('makes UUIDs of version 7 from any time and any bytes', () => {
    fc.assert(
      fc.property(moment, bytes, (now, random) => {
        const id = idsFrom(
          () => now,
          () => random,
        )();
        expect(validate(id)).toBe(true);
        expect(version(id)).toBe(7);
      }),
    );
  });

  it('sorts by time, whatever the bytes are', () => {
    fc.assert(
      fc.property(moment, moment, bytes, bytes, (a, b, randomA, randomB) => {
        fc.pre(a < b);
        const [first, second] = [
          idsFrom(
            () => a,
            () => randomA,
          )(),
          idsFrom(
            () => b,
            () => randomB,
          )(),
        ];
        expect(first < second).toBe(true);
      }),
    );
  });

  it('asks for the time and for fresh bytes once per id', () => {
    let made = 0;
    const newId = idsFrom(
      () => 1_700_000_000_000,
      () => new Uint8Array(16).fill(made++),
    );
    expect(newId()).not.toBe(newId());
    expect(made).toBe(2);
  });

  it('depends on nothing but the time and the bytes', () => {
    const make = () =>
      idsFrom(
        () => 1_700_000_000_000,
        () => new Uint8Array(16).fill(7),
      )();
    expect(make()).toBe(make());
  });
});

describe('pooledBytes', () => {
  it('gives out every byte that was drawn once, 16 at a time, and draws seldom', () => {
    let drawn = 0;
    let next = 0;
    const randomBytes = pooledBytes((length) => {
      drawn++;
      return Uint8Array.from({ length }, () => next++ % 251);
    });
    const given = Array.from({ length: 1_000 }, () => [...randomBytes()]);
    expect(given.every((bytes) => bytes.length === 16)).toBe(true);
    expect(given.flat()).toEqual(Array.from({ length: 16_000 }, (_, i) => i % 251));
    expect(drawn).toBeLessThan(10);
  });
});
