import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Page } from '@playwright/test';

const SECRET_KEY = 'sk_test_simulated';
export const PAYS = '4242424242424242';
export const DECLINED = '4000000000000341';
/** Its bank asks the person first. */
export const CHALLENGED = '4000002500003155';

interface Answer {
  ok: boolean;
  body: any;
}

/** A simulator of Stripe that others wrote (localstripe), and its stand-in for Stripe.js in pages. */
export class Stripe {
  private constructor(readonly url: string, private readonly child: ChildProcess) {}

  static start(): Promise<Stripe> {
    const child = spawn(join(import.meta.dirname, '../../scripts/stripe-simulator'), { stdio: ['ignore', 'pipe', 'inherit'] });
    return new Promise((resolve, reject) => {
      child.once('exit', () => reject(new Error('the simulator of Stripe ended; run `scripts/setup python`')));
      createInterface({ input: child.stdout! }).once('line', (line) => resolve(new Stripe(line.replace('listening on ', ''), child)));
    });
  }

  stop(): void {
    this.child.removeAllListeners('exit').kill('SIGKILL');
  }

  /** Settings of a server that takes payments here. */
  get settings(): Record<string, string> {
    return {
      ALUMIA_STRIPE__SECRET_KEY: SECRET_KEY,
      ALUMIA_STRIPE__PUBLISHABLE_KEY: 'pk_test_simulated',
      ALUMIA_STRIPE__WEBHOOK_SECRET: 'whsec_simulated',
      ALUMIA_STRIPE__API_BASE: this.url,
      ALUMIA_STRIPE__PRICES: '{ pro = "price_pro", team = "price_team" }',
    };
  }

  async post(path: string, body: unknown): Promise<Answer> {
    const headers = { authorization: `Bearer ${SECRET_KEY}`, 'content-type': 'application/json' };
    const answer = await fetch(this.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    return { ok: answer.ok, body: await answer.json().catch(() => null) };
  }

  /** Sends its events to a server from now on. */
  async tell(server: string): Promise<void> {
    await this.post('/_config/webhooks/here', { url: `${server}/webhooks/stripe`, secret: 'whsec_simulated' });
  }

  /**
   * Gives a page the simulator's Stripe.js in the place of Stripe's. It has a card element and asks for the bank's
   * word; what it lacks of a payment element is added: the card typed into it pays the payment that it was made for.
   */
  async serve(page: Page): Promise<void> {
    const script = await (await fetch(`${this.url}/js.stripe.com/v3/`)).text();
    const base = /const LOCALSTRIPE_BASE_API = \(function[\s\S]*?\}\)\(\);/;
    if (!base.test(script)) throw new Error("localstripe's script has another shape now");
    await page.exposeFunction('payWithCard', async (intent: string, card: unknown): Promise<Answer> => {
      const method = await this.post('/v1/payment_methods', { type: 'card', card });
      if (!method.ok) return method;
      await this.post(`/v1/payment_intents/${intent}`, { payment_method: method.body.id });
      return this.post(`/v1/payment_intents/${intent}/confirm`, {});
    });
    const local = script.replace(base, "const LOCALSTRIPE_BASE_API = 'https://api.stripe.com';");
    // In a scope of its own: it has a class Element, which would hide the browser's from everybody else.
    const body = `(() => {${local}${PAYMENT_ELEMENT}})();`;
    await page.route('https://js.stripe.com/v3/', (route) => route.fulfill({ contentType: 'text/javascript', body }));
    await page.route('https://api.stripe.com/**', async (route) => {
      const { pathname, search } = new URL(route.request().url());
      const answer = await fetch(this.url + pathname + search, { method: route.request().method(), body: route.request().postData() });
      await route.fulfill({
        status: answer.status,
        headers: { 'access-control-allow-origin': '*', 'content-type': 'application/json' },
        body: await answer.text(),
      });
    });
  }
}

const PAYMENT_ELEMENT = `
const simulated = Stripe;
Stripe = (key) => {
  const stripe = simulated(key);
  const cards = stripe.elements();
  return {
    ...stripe,
    elements: ({ clientSecret }) => ({ clientSecret, create: () => cards.create('card') }),
    confirmPayment: async ({ elements }) => {
      const card = cards.getElement('card').value?.card;
      if (!card) return { error: { message: 'Your card number is incomplete.' } };
      const { ok, body } = await payWithCard(elements.clientSecret.split('_secret_')[0], card);
      if (!ok) return { error: body.error };
      if (body.status !== 'requires_action') return { paymentIntent: body };
      const asked = await stripe.confirmCardPayment(elements.clientSecret, {});
      const error = asked.error ?? (asked.paymentIntent.status === 'succeeded' ? null : asked.paymentIntent.last_payment_error);
      return error ? { error } : asked;
    },
  };
};
`;
