"""localstripe, a simulator of Stripe that others wrote, with what it lacks and our tests need.

Added: a free port, no file that all simulators share, another card after a declined one, disputes (POST /v1/disputes opens one, POST
/v1/disputes/ID {"status": "won"} closes it), and the event charge.refunded.
"""

import asyncio

from aiohttp import web
from localstripe import resources, server
from localstripe.errors import UserError
from localstripe.webhooks import schedule_webhook

resources.Store.dump_to_disk = lambda self: None


class Dispute(resources.StripeObject):
    object = "dispute"
    _id_prefix = "du_"

    def __init__(self, payment_intent=None, amount=None):
        intent = resources.PaymentIntent._api_retrieve(payment_intent)
        if intent.status != "succeeded":
            raise UserError(400, "Only what was paid can be disputed.")
        super().__init__()
        self.payment_intent = intent.id
        self.charge = intent.latest_charge.id
        self.amount = int(amount or intent.amount)
        self.currency = intent.currency
        self.status = "needs_response"
        intent.latest_charge.disputed = True
        schedule_webhook(resources.Event("charge.dispute.created", self))

    def _update(self, **data):
        super()._update(**data)
        schedule_webhook(resources.Event("charge.dispute.closed", self))

    @classmethod
    def _api_list_all(cls, url, payment_intent=None, limit=None, starting_after=None):
        found = super()._api_list_all(url, limit=limit, starting_after=starting_after)
        found._list = [dispute for dispute in found._list if dispute.payment_intent == payment_intent]
        return found


def refund(self, *args, begin=resources.Refund.__init__, **kwargs):
    begin(self, *args, **kwargs)
    charge = resources.Charge._api_retrieve(self.charge)
    schedule_webhook(resources.Event("charge.refunded", charge))


def update(self, begin=resources.PaymentIntent._update, **data):
    begin(self, **data)
    # Another card after one that was declined.
    if "payment_method" in data and self.latest_charge and self.latest_charge.status == "failed":
        self.latest_charge = None


resources.Refund.__init__ = refund
resources.PaymentIntent._update = update
for method, url, act in (
    ("POST", "/v1/disputes", server.api_create),
    ("GET", "/v1/disputes", server.api_list_all),
    ("POST", "/v1/disputes/{id}", server.api_update),
):
    server.app.router.add_route(method, url, act(Dispute, url))


async def main():
    runner = web.AppRunner(server.app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"listening on http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
