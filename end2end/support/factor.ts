import { createHmac } from 'node:crypto';
import { expect, type APIRequestContext } from '@playwright/test';
import type { Person } from './test';

/** The code that an authenticator app shows now (RFC 6238, 30 s, six digits). */
export function totp(secret: string, at = Date.now()): string {
  let bits = '';
  for (const letter of secret.replace(/=+$/, '')) {
    bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0');
  }
  const key = Buffer.from(bits.match(/.{8}/g)!.map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const mac = createHmac('sha1', key).update(counter).digest();
  const offset = mac[19] & 15;
  return ((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).toString().padStart(6, '0');
}

/** Enrols an authenticator app, which steps the session up; returns its secret. */
export async function stepUp(request: APIRequestContext, url: string, person: Person): Promise<string> {
  const headers = { origin: url, 'sec-fetch-site': 'same-origin' };
  const enrolled = await request.post(`${url}/api/v1/auth/totp/enroll`, {
    data: { password: person.password },
    headers,
  });
  expect(enrolled.status(), await enrolled.text()).toBe(200);
  const { secret } = (await enrolled.json()).data;
  const confirmed = await request.post(`${url}/api/v1/auth/totp/confirm`, { data: { code: totp(secret) }, headers });
  expect(confirmed.status(), await confirmed.text()).toBe(200);
  return secret;
}
