//! The browser's half of passkeys.

use super::{
    api::{Answer, Problem},
    security,
};
use alumia_protocol::{
    people::SignedIn,
    security::{Ceremony, FinishPasskey, Passkey, StartPasskeySignUp, StepUp},
};
use leptos::prelude::window;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = PublicKeyCredential, js_name = parseCreationOptionsFromJSON)]
    fn creation(options: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_namespace = PublicKeyCredential, js_name = parseRequestOptionsFromJSON)]
    fn request(options: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_namespace = PublicKeyCredential, js_name = isConditionalMediationAvailable)]
    async fn offers_in_fields() -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_namespace = ["navigator", "credentials"], js_name = create)]
    async fn create(options: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch, js_namespace = ["navigator", "credentials"], js_name = get)]
    async fn get(options: &JsValue) -> Result<JsValue, JsValue>;
    type PublicKey;
    #[wasm_bindgen(catch, method, js_name = toJSON)]
    fn to_json(this: &PublicKey) -> Result<JsValue, JsValue>;
}

/// Whether this browser has passkeys at this address.
pub fn are_usable() -> bool {
    js_sys::Reflect::get(&window(), &"PublicKeyCredential".into())
        .and_then(|keys| js_sys::Reflect::get(&keys, &"parseCreationOptionsFromJSON".into()))
        .is_ok_and(|parse| parse.is_function())
}

/// Makes an account that a passkey of this device opens.
pub async fn sign_up(form: &StartPasskeySignUp) -> Answer<SignedIn> {
    let made = make(security::start_passkey_sign_up(form).await?).await?;
    security::finish_passkey_sign_up(&made).await
}

/// Adds a passkey to the account.
pub async fn add(password: Option<String>) -> Answer<Passkey> {
    let made = make(security::start_passkey(password).await?).await?;
    security::finish_passkey(&made).await
}

async fn make(begun: Ceremony) -> Answer<FinishPasskey> {
    let Ceremony { ceremony, public_key } = begun;
    let options = parse(&public_key, creation)?;
    let made = create(&with_key(&options, None, None)).await;
    let credential = answered(made, "No passkey was made: it was cancelled or took too long.")?;
    Ok(FinishPasskey { ceremony, credential, name: device_name() })
}

/// What to call a passkey of this device at first.
fn device_name() -> String {
    let agent = window().navigator().user_agent().unwrap_or_default();
    let known = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android device"),
        ("Windows", "Windows device"),
        ("Mac OS X", "Mac"),
        ("CrOS", "Chromebook"),
        ("Linux", "Linux device"),
    ];
    known.iter().find(|(word, _)| agent.contains(word)).map_or("Passkey", |(_, name)| name).to_owned()
}

const UNUSED: &str =
    "No passkey was used: it was cancelled, took too long, or this device has none for your account.";

/// Signs in with a passkey that the person chooses.
pub async fn sign_in() -> Answer<SignedIn> {
    let Ceremony { ceremony, public_key } = security::start_passkey_sign_in().await?;
    let options = parse(&public_key, request)?;
    let credential = answered(get(&with_key(&options, None, None)).await, UNUSED)?;
    security::finish_passkey_sign_in(&FinishPasskey { ceremony, credential, name: String::new() }).await
}

/// Waits for a passkey that is chosen from an input's suggestions; `None` when the browser has no such
/// thing or the wait was ended through `until`.
pub async fn sign_in_from_field(until: &web_sys::AbortSignal) -> Option<Answer<SignedIn>> {
    if !are_usable() || !offers_in_fields().await.is_ok_and(|offers| offers.is_truthy()) {
        return None;
    }
    let Ceremony { ceremony, public_key } = security::start_passkey_sign_in().await.ok()?;
    let options = parse(&public_key, request).ok()?;
    let chosen = get(&with_key(&options, Some("conditional"), Some(until))).await;
    let credential = answered(chosen, UNUSED).ok()?;
    let form = FinishPasskey { ceremony, credential, name: String::new() };
    Some(security::finish_passkey_sign_in(&form).await)
}

/// Steps up with a passkey.
pub async fn step_up() -> Answer<StepUp> {
    let Ceremony { ceremony, public_key } = security::start_passkey_step_up().await?;
    let options = parse(&public_key, request)?;
    let credential = answered(get(&with_key(&options, None, None)).await, UNUSED)?;
    security::finish_passkey_step_up(&FinishPasskey { ceremony, credential, name: String::new() }).await
}

fn parse(public_key: &serde_json::Value, parse: fn(&JsValue) -> Result<JsValue, JsValue>) -> Answer<JsValue> {
    js_sys::JSON::parse(&public_key.to_string()).and_then(|json| parse(&json)).map_err(|_| unsupported())
}

fn with_key(options: &JsValue, mediation: Option<&str>, signal: Option<&web_sys::AbortSignal>) -> JsValue {
    let all = js_sys::Object::new();
    let set = |name: &str, value: &JsValue| {
        // Setting a property of a plain object can't fail.
        let _ = js_sys::Reflect::set(&all, &name.into(), value);
    };
    set("publicKey", options);
    if let Some(mediation) = mediation {
        set("mediation", &mediation.into());
    }
    if let Some(signal) = signal {
        set("signal", signal);
    }
    all.into()
}

/// `without` says what happened when there is no answer.
fn answered(answer: Result<JsValue, JsValue>, without: &str) -> Answer<serde_json::Value> {
    let answer = answer.map_err(|error| explain(&error, without))?;
    let json = answer.unchecked_into::<PublicKey>().to_json().and_then(|json| js_sys::JSON::stringify(&json));
    let text = json.map_err(|_| unsupported())?;
    serde_json::from_str(&String::from(text)).map_err(|_| unsupported())
}

fn explain(error: &JsValue, without: &str) -> Problem {
    let name = js_sys::Reflect::get(error, &"name".into()).ok().and_then(|name| name.as_string());
    Problem::here(match name.as_deref() {
        Some("NotAllowedError" | "AbortError") => {
            return Problem::here(&format!("{without} Try again, or use another way."));
        }
        Some("InvalidStateError") => "This device holds a passkey for your account already.",
        Some("SecurityError") => "Passkeys don't work at this address. Open Alumia by its name, over https.",
        _ => "Your browser could not use a passkey. Try again, or use another way.",
    })
}

fn unsupported() -> Problem {
    Problem::here("This browser can't use passkeys. Use another browser, or another way.")
}
