//! A passkey device without a browser: it answers what a page would hand to `navigator.credentials`.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const WITH_KEY: u8 = 0x40;

/// A device with one passkey at most.
#[derive(Clone)]
pub struct Authenticator {
    /// The site that its browser is on.
    pub origin: String,
    /// Whether the finger on it is its owner's.
    pub recognises: bool,
    key: SigningKey,
    id: [u8; 16],
    user: String,
    counter: u32,
}

impl Authenticator {
    pub fn on(origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            recognises: true,
            key: SigningKey::from_slice(&random()).unwrap(),
            id: random()[..16].try_into().unwrap(),
            user: String::new(),
            counter: 0,
        }
    }

    /// Makes its passkey, as `navigator.credentials.create` does.
    pub fn create(&mut self, options: &Value) -> Value {
        self.user = text(&options["user"]["id"]);
        let point = self.key.verifying_key().to_sec1_point(false);
        let mut data = self.data(&text(&options["rp"]["id"]), WITH_KEY);
        data.extend([0; 16]);
        data.extend([0, 16]);
        data.extend(self.id);
        // The key in COSE: EC2, ES256, P-256, x, y.
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(point.x().unwrap());
        data.extend([0x22, 0x58, 0x20]);
        data.extend(point.y().unwrap());
        // { "fmt": "none", "attStmt": {}, "authData": bytes } in CBOR.
        let mut attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        attestation.push(u8::try_from(data.len()).unwrap());
        attestation.extend(data);
        self.answer(json!({
            "attestationObject": BASE64.encode(attestation),
            "clientDataJSON": BASE64.encode(self.client_data("webauthn.create", options)),
        }))
    }

    /// Signs with it, as `navigator.credentials.get` does.
    pub fn get(&mut self, options: &Value) -> Value {
        self.counter += 1;
        let data = self.data(&text(&options["rpId"]), 0);
        let client_data = self.client_data("webauthn.get", options);
        let signed = [data.clone(), Sha256::digest(&client_data).to_vec()].concat();
        let signature: Signature = self.key.sign(&signed);
        self.answer(json!({
            "authenticatorData": BASE64.encode(data),
            "clientDataJSON": BASE64.encode(client_data),
            "signature": BASE64.encode(signature.to_der().as_bytes()),
            "userHandle": self.user,
        }))
    }

    fn data(&self, site: &str, flags: u8) -> Vec<u8> {
        let verified = if self.recognises { VERIFIED } else { 0 };
        let mut data = Sha256::digest(site).to_vec();
        data.push(PRESENT | verified | flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let data = json!({
            "type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": false,
        });
        data.to_string().into_bytes()
    }

    fn answer(&self, response: Value) -> Value {
        let id = BASE64.encode(self.id);
        json!({
            "id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": {},
        })
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

/// Enough for a key: all but one in 2^32 are one.
fn random() -> [u8; 32] {
    rand::random()
}
