//! Stripe's card fields: an element of theirs in our dialog, so that card numbers never pass through here.
//! See <https://docs.stripe.com/payments/payment-element>.

use crate::components::theme;
use js_sys::{JSON, Object, Promise, Reflect};
use leptos::prelude::{document, window};
use serde_json::json;
use wasm_bindgen::{JsCast as _, prelude::*};
use wasm_bindgen_futures::JsFuture;

/// Stripe allows it to be loaded from here alone.
const SCRIPT: &str = "https://js.stripe.com/v3/";
const AWAY: &str =
    "The card fields of Stripe can't be loaded. Check the connection, allow js.stripe.com, and try again.";

#[wasm_bindgen]
extern "C" {
    type StripeJs;
    #[wasm_bindgen(catch, js_name = Stripe)]
    fn stripe(publishable_key: &str) -> Result<StripeJs, JsValue>;
    #[wasm_bindgen(catch, method)]
    fn elements(this: &StripeJs, options: &JsValue) -> Result<Elements, JsValue>;
    #[wasm_bindgen(catch, method, js_name = confirmPayment)]
    async fn confirm_payment(this: &StripeJs, options: &JsValue) -> Result<JsValue, JsValue>;
    type Elements;
    #[wasm_bindgen(catch, method)]
    fn create(this: &Elements, kind: &str) -> Result<Element, JsValue>;
    #[derive(Clone)]
    type Element;
    #[wasm_bindgen(catch, method)]
    fn mount(this: &Element, place: &web_sys::HtmlElement) -> Result<(), JsValue>;
    #[wasm_bindgen(catch, method)]
    fn destroy(this: &Element) -> Result<(), JsValue>;
}

/// Card fields in a page. They go when this is dropped.
pub struct Fields {
    stripe: StripeJs,
    elements: Elements,
    element: Element,
}

impl Fields {
    /// Shows the fields for one payment in `place`.
    ///
    /// # Errors
    /// Words for the person, where Stripe's script can't be had.
    pub async fn show(
        publishable_key: &str,
        client_secret: &str,
        place: &web_sys::HtmlElement,
    ) -> Result<Self, String> {
        load().await.map_err(|_| AWAY.to_owned())?;
        let theme = if theme::is_dark() { "night" } else { "stripe" };
        let options = json!({
            "clientSecret": client_secret,
            "appearance": { "theme": theme, "variables": { "borderRadius": "6px", "fontSizeBase": "14px" } },
        });
        let shown = || {
            let stripe = stripe(publishable_key)?;
            let elements = stripe.elements(&JSON::parse(&options.to_string())?)?;
            let element = elements.create("payment")?;
            element.mount(place)?;
            Ok(Self { stripe, elements, element })
        };
        shown().map_err(|error: JsValue| said(&error).unwrap_or_else(|| AWAY.to_owned()))
    }

    /// Pays with what was typed; where a bank wants the person on its own page, they come back to `return_url`.
    ///
    /// # Errors
    /// Why it wasn't paid, in Stripe's words for the person.
    pub async fn pay(&self, return_url: &str) -> Result<(), String> {
        let options = Object::new();
        let params = json!({ "return_url": return_url }).to_string();
        let set = |name: &str, value: &JsValue| Reflect::set(&options, &name.into(), value);
        let complete = set("elements", &self.elements)
            .and_then(|_| set("confirmParams", &JSON::parse(&params)?))
            .and_then(|_| set("redirect", &"if_required".into()));
        let answer = match complete {
            Ok(_) => self.stripe.confirm_payment(&options).await,
            Err(error) => Err(error),
        };
        let error = match answer {
            Ok(answer) => Reflect::get(&answer, &"error".into()).ok().filter(JsValue::is_truthy),
            Err(thrown) => Some(thrown),
        };
        error.map_or(Ok(()), |error| {
            Err(said(&error)
                .unwrap_or_else(|| "It was not paid. Try again, or with another card.".to_owned()))
        })
    }
}

impl Drop for Fields {
    fn drop(&mut self) {
        // It may be gone with its place already.
        drop(self.element.destroy());
    }
}

/// Stripe's words for the person.
fn said(error: &JsValue) -> Option<String> {
    Reflect::get(error, &"message".into()).ok()?.as_string()
}

/// Loads Stripe's script, once.
async fn load() -> Result<(), JsValue> {
    if Reflect::get(&window(), &"Stripe".into()).is_ok_and(|stripe| stripe.is_function()) {
        return Ok(());
    }
    let script = document().create_element("script")?;
    script.set_attribute("src", SCRIPT)?;
    let head = document().head().ok_or(JsValue::NULL)?;
    let loaded = Promise::new(&mut |done, failed| {
        let listen = |event: &str, function: &js_sys::Function| {
            drop(script.add_event_listener_with_callback(event, function));
        };
        listen("load", &done);
        listen("error", &failed);
        drop(head.append_child(&script));
    });
    let loaded = JsFuture::from(loaded).await;
    if loaded.is_err() {
        // The next try loads it anew.
        script.unchecked_ref::<web_sys::Element>().remove();
    }
    loaded.map(drop)
}
