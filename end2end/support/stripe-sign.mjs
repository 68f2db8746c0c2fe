// Signs events with Stripe's own library: {payload, secret, timestamp} a line in, the header Stripe-Signature a line out.
import { createInterface } from 'node:readline';
import Stripe from 'stripe';

for await (const line of createInterface({ input: process.stdin })) {
  console.log(Stripe.webhooks.generateTestHeaderString(JSON.parse(line)));
}
