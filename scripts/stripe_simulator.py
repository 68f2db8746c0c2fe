"""localstripe, a simulator of Stripe that others wrote, with what it lacks and our tests need.

Added: a free port, no file that all simulators share, another card after a declined one, the event charge.refunded,
disputes (POST /v1/disputes opens one, POST /v1/disputes/ID {"status": "won"} closes it), Stripe's pages for
subscriptions (/v1/checkout/sessions and /v1/billing_portal/sessions; a form each), and what time and banks do to those
(POST /_test/subscriptions/ID).
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


PRICES = {"price_pro": 2000, "price_team": 8000}


class Hosted(resources.StripeObject):
    """A page of Stripe's: it tells what was asked for and does what the test presses."""

    def __init__(self, customer=None, **asked):
        resources.Customer._api_retrieve(customer)
        super().__init__()
        self.customer = customer
        self.asked = asked
        self.url = f"http://127.0.0.1:{port}/_config/hosted/{self.id}"


class Checkout(Hosted):
    object = "checkout_session"
    _id_prefix = "cs_"


class Portal(Hosted):
    object = "portal_session"
    _id_prefix = "bps_"


def page(hosted):
    buttons = "".join(
        f'<button name="do" value="{act}">{act}</button>'
        for act in (["subscribe"] if isinstance(hosted, Checkout) else [*PRICES, "cancel", "end"])
    )
    form = f'<form method="post">{buttons}</form><p>{hosted.asked}</p>'
    return web.Response(text=f"<!DOCTYPE html><title>Stripe</title>{form}", content_type="text/html")


async def hosted(request):
    found = resources.store.get(f"checkout_session:{request.match_info['id']}")
    found = found or resources.store.get(f"portal_session:{request.match_info['id']}")
    if request.method == "GET":
        return page(found)
    act = (await request.post())["do"]
    if act == "subscribe":
        subscribe(found.customer, found.asked["line_items"][0]["price"])
    else:
        own = resources.Subscription._api_list_all("", customer=found.customer)._list[0]
        if act == "cancel":
            own.cancel_at_period_end = True
        elif act == "end":
            resources.Subscription._api_delete(own.id)
        else:
            own.items._list[0].plan = resources.Plan._api_retrieve(act)
        if act != "end":
            schedule_webhook(resources.Event("customer.subscription.updated", own))
    raise web.HTTPSeeOther(found.asked.get("success_url") or found.asked["return_url"])


def subscribe(customer, price, number="4242424242424242"):
    """A subscription that a card of the customer's pays."""
    card = {"number": number, "exp_month": 12, "exp_year": 2050, "cvc": "123"}
    method = resources.PaymentMethod(type="card", card=card)
    resources.PaymentMethod._api_attach(method.id, customer=customer)
    owner = resources.Customer._api_retrieve(customer)
    owner.invoice_settings = {"default_payment_method": method.id}
    return resources.Subscription(customer=customer, items=[{"plan": price}])


async def simulate(request):
    """POST /_test/subscriptions/ID: sets status and start as time and banks would; a customer and a price begin one."""
    asked = await request.json()
    if "customer" in asked:
        own = subscribe(**asked)
    else:
        own = resources.Subscription._api_retrieve(request.match_info["id"])
        own.start_date = asked.get("start", own.start_date)
        own.status = asked.get("status", own.status)
        own.cancel_at_period_end = asked.get("ends", own.cancel_at_period_end)
        if "price" in asked:
            own.items._list[0].plan = resources.Plan._api_retrieve(asked["price"])
    return web.json_response(own._export())


server.app.router.add_route("POST", "/v1/checkout/sessions", server.api_create(Checkout, ""))
server.app.router.add_route("GET", "/v1/checkout/sessions/{id}", server.api_retrieve(Checkout, ""))
server.app.router.add_route("POST", "/v1/billing_portal/sessions", server.api_create(Portal, ""))
server.app.router.add_route("*", "/_config/hosted/{id}", hosted)
server.app.router.add_route("POST", "/_test/subscriptions/{id}", simulate)


async def main():
    global port
    for price, amount in PRICES.items():
        resources.Plan(id=price, amount=amount, currency="usd", interval="month", product={"name": price})
    runner = web.AppRunner(server.app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    print(f"listening on http://127.0.0.1:{port}", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
