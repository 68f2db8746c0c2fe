//! What Stripe's own library signs is believed, and only that.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use alumia_stripe::{Refused, read};
use support::Signer;

const SECRET: &str = "whsec_Nk0Y2ZkMTE";
const NOW: i64 = 1_800_000_000;

#[tokio::test]
async fn stripes_library_and_ours_agree() {
    let mut signer = Signer::start();
    for body in [
        r#"{"id":"evt_1","type":"payment_intent.succeeded","data":{"object":{"id":"pi_1","object":"payment_intent"}}}"#,
        "{\"id\":\"evt_2\",\"type\":\"ü€😀\",\n \"data\": {\"object\": {}}}",
    ] {
        let header = signer.sign(body, SECRET, NOW).await;
        assert!(read(&header, body.as_bytes(), SECRET, NOW + 299).is_ok(), "{header}");
        assert_eq!(read(&header, body.as_bytes(), SECRET, NOW + 301), Err(Refused::Time));
        assert_eq!(read(&header, body.as_bytes(), "whsec_other", NOW), Err(Refused::Signature));
        assert_eq!(read(&header, format!("{body} ").as_bytes(), SECRET, NOW), Err(Refused::Signature));
    }
}
