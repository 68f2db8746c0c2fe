//! Signed events. See <https://docs.stripe.com/webhooks#verify-manually>.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use sha2::Sha256;

/// How far an event's signature may be from now, either way.
pub const TOLERANCE_SECONDS: i64 = 300;

/// An event, as far as it is believed: which one it is and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub id: String,
    /// `payment_intent.succeeded` …
    pub kind: String,
    /// The payment that it is about, if it is about one.
    pub payment_intent: Option<String>,
    /// The customer that it is about, if it is about one.
    pub customer: Option<String>,
}

/// Why an event is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("The header Stripe-Signature is missing or can't be read.")]
    Header,
    #[error("The signature was made more than five minutes from now.")]
    Time,
    #[error("The signature doesn't fit the body and the secret.")]
    Signature,
    #[error("The body is no event.")]
    Body,
}

/// Reads an event whose signature fits `secret`, at `now` in seconds since 1970.
///
/// # Errors
/// See [`Refused`].
pub fn read(header: &str, body: &[u8], secret: &str, now: i64) -> Result<Event, Refused> {
    let mut time = None;
    let mut signatures = Vec::new();
    for (key, value) in header.split(',').filter_map(|pair| pair.trim().split_once('=')) {
        match key {
            "t" if time.is_none() => time = value.parse::<i64>().ok(),
            // There are several while a secret is being renewed.
            "v1" => signatures.extend(unhex(value)),
            _ => {}
        }
    }
    let time = time.filter(|_| !signatures.is_empty()).ok_or(Refused::Header)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(|_| Refused::Signature)?;
    mac.update(format!("{time}.").as_bytes());
    mac.update(body);
    if !signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok()) {
        return Err(Refused::Signature);
    }
    // Told only to who holds the secret.
    if now.checked_sub(time).is_none_or(|age| age.abs() > TOLERANCE_SECONDS) {
        return Err(Refused::Time);
    }
    parse(body).ok_or(Refused::Body)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if digits.len() != 64 || !text.is_ascii() {
        return None;
    }
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

fn parse(body: &[u8]) -> Option<Event> {
    #[derive(Deserialize)]
    struct Envelope {
        id: String,
        #[serde(rename = "type")]
        kind: String,
        data: Data,
    }
    #[derive(Deserialize)]
    struct Data {
        object: Object,
    }
    #[derive(Deserialize)]
    struct Object {
        id: Option<String>,
        object: Option<String>,
        payment_intent: Option<serde_json::Value>,
        customer: Option<serde_json::Value>,
    }
    // An id, or the object with that id.
    let id_of = |value: serde_json::Value| match value {
        serde_json::Value::String(id) => Some(id),
        other => other.get("id")?.as_str().map(Into::into),
    };
    let Envelope { id, kind, data: Data { object } } = serde_json::from_slice(body).ok()?;
    let (own, of) = (object.id, object.object.unwrap_or_default());
    let named = |wanted: &str| own.clone().filter(|_| of == wanted);
    Some(Event {
        id,
        kind,
        payment_intent: named("payment_intent").or_else(|| object.payment_intent.and_then(id_of)),
        customer: named("customer").or_else(|| object.customer.and_then(id_of)),
    })
}

#[cfg(test)]
mod tests {
    use super::{Event, Refused, read};
    use hmac::{Hmac, KeyInit as _, Mac as _};
    use sha2::Sha256;
    use std::fmt::Write as _;

    const SECRET: &str = "whsec_test";
    const NOW: i64 = 1_800_000_000;
    const BODY: &str = r#"{"id":"evt_1","type":"x.y","data":{"object":{"id":"ch_1","object":"charge","payment_intent":"pi_1"}}}"#;

    fn sign(body: &str, secret: &str, time: i64) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(format!("{time}.{body}").as_bytes());
        mac.finalize().into_bytes().iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        })
    }

    fn header(time: i64) -> String {
        format!("t={time},v1={}", sign(BODY, SECRET, time))
    }

    #[test]
    fn believes_what_the_secret_signed() {
        let event = Event {
            id: "evt_1".into(),
            kind: "x.y".into(),
            payment_intent: Some("pi_1".into()),
            customer: None,
        };
        assert_eq!(read(&header(NOW), BODY.as_bytes(), SECRET, NOW), Ok(event.clone()));
        // While a secret is renewed there are two signatures, and schemes that are not ours are passed over.
        let two = format!("t={NOW},v1={},v0=ab,{}", "0".repeat(64), header(NOW).split_once(',').unwrap().1);
        assert_eq!(read(&two, BODY.as_bytes(), SECRET, NOW), Ok(event));
    }

    #[test]
    fn refuses_the_rest() {
        let good = header(NOW);
        for (header, body, secret, now, why) in [
            ("", BODY, SECRET, NOW, Refused::Header),
            ("t=1", BODY, SECRET, NOW, Refused::Header),
            ("v1=00", BODY, SECRET, NOW, Refused::Header),
            ("t=soon,v1=00", BODY, SECRET, NOW, Refused::Header),
            (&good, BODY, "whsec_other", NOW, Refused::Signature),
            (&good, &BODY.replace("pi_1", "pi_2"), SECRET, NOW, Refused::Signature),
            (&good, "", SECRET, NOW, Refused::Signature),
            (&good, BODY, SECRET, NOW + 301, Refused::Time),
            (&good, BODY, SECRET, NOW - 301, Refused::Time),
            (&header(i64::MIN), BODY, SECRET, NOW, Refused::Time),
            (&format!("t={NOW},v1={}", sign("[]", SECRET, NOW)), "[]", SECRET, NOW, Refused::Body),
        ] {
            assert_eq!(read(header, body.as_bytes(), secret, now), Err(why), "{header} {body}");
        }
        for edge in [NOW + 300, NOW - 300] {
            assert!(read(&good, BODY.as_bytes(), SECRET, edge).is_ok());
        }
    }

    #[test]
    fn finds_what_an_event_is_about() {
        for (object, payment_intent, customer) in [
            (r#"{"id":"pi_1","object":"payment_intent","customer":"cus_1"}"#, Some("pi_1"), Some("cus_1")),
            (r#"{"id":"dp_1","object":"dispute","payment_intent":{"id":"pi_2"}}"#, Some("pi_2"), None),
            (r#"{"id":"cus_1","object":"customer"}"#, None, Some("cus_1")),
            (r#"{"object":"balance","payment_intent":null}"#, None, None),
        ] {
            let body = format!(r#"{{"id":"e","type":"t","data":{{"object":{object}}}}}"#);
            let event = super::parse(body.as_bytes()).unwrap();
            assert_eq!(
                (event.payment_intent.as_deref(), event.customer.as_deref()),
                (payment_intent, customer)
            );
        }
    }
}
