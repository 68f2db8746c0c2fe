"""localstripe, a simulator of Stripe that others wrote, with what it lacks and our tests need.

Added: a free port, no file that all simulators share, another card after a declined one, the event charge.refunded,
disputes (POST /v1/disputes opens one, POST /v1/disputes/ID {"status": "won"} closes it), Stripe's pages for
subscriptions and for saving cards (/v1/checkout/sessions and /v1/billing_portal/sessions; a form each), what time and
banks do to subscriptions (POST /_test/subscriptions/ID), charging a saved card while nobody is there, and idempotency
keys.
"""

import asyncio

from aiohttp import web
from localstripe import resources
from localstripe.errors import UserError
from localstripe.webhooks import schedule_webhook

resources.Store.dump_to_disk = lambda self: None


def failed(self, of=resources.PaymentIntent.last_payment_error.fget):
    return getattr(self, "_unanswered", None) or of(self)


@classmethod
def confirm(cls, id, payment_method=None, off_session=None, of=resources.PaymentIntent._api_confirm.__func__):
    """Of a card that was saved: https://docs.stripe.com/payments/save-and-reuse?platform=web#charge-saved-payment-method"""
    if payment_method is None:
        return of(cls, id)
    intent = cls._api_retrieve(id)
    method = resources.PaymentMethod._api_retrieve(payment_method)
    if intent.customer is None or method.customer != intent.customer:
        raise UserError(400, "The payment method doesn't belong to the customer.")
    if intent.status not in ("requires_payment_method", "requires_confirmation"):
        raise UserError(400, "It can't be confirmed.", {"code": "payment_intent_unexpected_state"})
    intent.latest_charge = None
    # This one asks only until it is saved, others every time.
    if off_session and method._requires_authentication() and method._card_number != "4000002500003155":
        message = "Your card was declined. This transaction requires authentication."
        intent._unanswered = {"code": "authentication_required", "message": message}
        raise UserError(402, message, {"code": "authentication_required"})
    intent.payment_method = method.id
    intent._create_charge(on_failure_now=intent._report_failure)
    return intent


resources.PaymentIntent.last_payment_error = property(failed)
resources.PaymentIntent._api_confirm = confirm
resources.extra_apis[:] = [
    (method, url, confirm.__get__(None, resources.PaymentIntent) if url == "/v1/payment_intents/{id}/confirm" else act)
    for method, url, act in resources.extra_apis
]

# It takes its routes from there when it is imported.
from localstripe import server  # noqa: E402


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

    def __init__(self, **asked):
        super().__init__(**asked)
        self.status = "open"
        self.setup_intent = None

    def _save(self, number):
        """What the page does with a card: a SetupIntent of the customer's."""
        method = card(self.customer, number)
        self.setup_intent = {"status": "succeeded", "payment_method": method._export()}
        self._complete()

    @classmethod
    def _api_expire(cls, id):
        page = cls._api_retrieve(id)
        if page.status != "open":
            raise UserError(400, "Only an open session can be expired.")
        page.status = "expired"
        return page

    def _complete(self):
        self.status = "complete"
        schedule_webhook(resources.Event("checkout.session.completed", self))


class Portal(Hosted):
    object = "portal_session"
    _id_prefix = "bps_"


def page(hosted):
    if hosted.asked.get("mode") == "setup":
        field = '<label>Card <input name="card"></label><button name="do" value="save">save</button>'
        text = f"<!DOCTYPE html><title>Stripe</title><form method='post'>{field}</form><p>{hosted.asked}</p>"
        return web.Response(text=text, content_type="text/html")
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
    pressed = await request.post()
    act = pressed["do"]
    if isinstance(found, Checkout) and found.status != "open":
        return web.Response(status=410, text="This page is closed.")
    if act == "save":
        found._save(pressed["card"])
    elif act == "subscribe":
        subscribe(found.customer, found.asked["line_items"][0]["price"])
        found._complete()
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


def card(customer, number):
    """A card that is kept for a customer."""
    facts = {"number": number, "exp_month": 12, "exp_year": 2050, "cvc": "123"}
    method = resources.PaymentMethod(type="card", card=facts)
    return resources.PaymentMethod._api_attach(method.id, customer=customer)


def subscribe(customer, price, number="4242424242424242"):
    """A subscription that a card of the customer's pays."""
    method = card(customer, number)
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


answers = {}


@web.middleware
async def once(request, handler):
    """https://docs.stripe.com/api/idempotent_requests: the first answer is the answer, a failure too."""
    key = request.headers.get("Idempotency-Key")
    if key is None or request.method != "POST":
        return await handler(request)
    asked = (request.path, await request.read())
    if key not in answers:
        answers[key] = (asked, None)
        try:
            answer = await handler(request)
        except UserError as error:
            answer = error.to_response()
        answers[key] = (asked, (answer.status, answer.body))
    before, answer = answers[key]
    if before != asked:
        raise UserError(400, "The key was used for another request.", {"type": "idempotency_error"})
    if answer is None:
        raise UserError(409, "The first request with this key is still being done.")
    return web.Response(status=answer[0], body=answer[1], content_type="application/json")


server.app.middlewares.append(once)
expire_url = "/v1/checkout/sessions/{id}/expire"
server.app.router.add_route("POST", expire_url, server.api_extra(Checkout._api_expire, expire_url))
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
