import { expect, type APIRequestContext, type APIResponse, type CDPSession, type Locator, type Page } from '@playwright/test';
import { createHmac } from 'node:crypto';
import { hydrated, type Person } from './test';

/** Chromium's virtual authenticator: a device with a fingerprint sensor that always fits. */
export class Device {
  private constructor(
    private readonly cdp: CDPSession,
    private readonly id: string,
  ) {}

  static async plugIn(page: Page): Promise<Device> {
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('WebAuthn.enable', { enableUI: false });
    const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    return new Device(cdp, authenticatorId);
  }

  /** Whether somebody touches it when it asks. */
  async touched(enabled: boolean): Promise<void> {
    await this.cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: this.id, enabled });
  }

  /** Whether the finger on it is its owner's. */
  async recognises(isUserVerified: boolean): Promise<void> {
    await this.cdp.send('WebAuthn.setUserVerified', { authenticatorId: this.id, isUserVerified });
  }

  async credentials() {
    return (await this.cdp.send('WebAuthn.getCredentials', { authenticatorId: this.id })).credentials;
  }

  /** Loses all its passkeys. */
  async wipe(): Promise<void> {
    await this.cdp.send('WebAuthn.clearCredentials', { authenticatorId: this.id });
  }

  /** Becomes a copy of itself as it was when its counter stood at `signCount`. */
  async copyFrom(signCount: number): Promise<void> {
    const [credential] = await this.credentials();
    await this.wipe();
    await this.cdp.send('WebAuthn.addCredential', {
      authenticatorId: this.id,
      credential: { ...credential, signCount },
    });
  }

  async unplug(): Promise<void> {
    await this.cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: this.id });
  }
}

/** What an authenticator app shows for a base32 secret, `steps` time steps from now (RFC 6238). */
export function totp(secret: string, steps = 0): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const hash = createHmac('sha1', key).update(counter).digest();
  const at = hash[19] & 15;
  return ((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).toString().padStart(6, '0');
}

/** A changing request to the API as a page of the server's own sends it. */
export async function post(request: APIRequestContext, url: string, path: string, data: unknown): Promise<APIResponse> {
  return request.post(`${url}/api/v1${path}`, { data, headers: { origin: url, 'sec-fetch-site': 'same-origin' } });
}

/** Sets an authenticator app up through the API, which steps the session up. */
export async function withApp(
  request: APIRequestContext,
  url: string,
  person: Person,
): Promise<{ secret: string; recoveryCodes: string[] }> {
  const enrolled = await post(request, url, '/auth/totp/enroll', { password: person.password });
  expect(enrolled.status(), await enrolled.text()).toBe(200);
  const { secret } = (await enrolled.json()).data;
  const confirmed = await post(request, url, '/auth/totp/confirm', { code: totp(secret) });
  expect(confirmed.status(), await confirmed.text()).toBe(200);
  return { secret, recoveryCodes: (await confirmed.json()).data.recoveryCodes };
}

/** The page of a person's own factors. */
export const security = (person: Person) => `/${person.org}/settings/security`;

/** Goes to a page and waits until it answers clicks. */
export async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await hydrated(page);
}

export const passkeyRows = (page: Page): Locator =>
  page.getByRole('region', { name: 'Passkeys' }).getByRole('listitem');

export const stepUpDialog = (page: Page): Locator => page.getByRole('dialog', { name: "Confirm that it's you" });
