//! The tab's one stream: opened again after any end, except when the server says that it never will be.

use super::store::Live;
#[cfg(feature = "hydrate")]
pub(super) use browser::connect;

/// On the server there is nothing to stream to.
#[cfg(not(feature = "hydrate"))]
pub(super) fn connect(_live: Live) {}

/// Milliseconds before the next attempt: doubling from half a second to 20 seconds, of which up to half
/// is left to chance so that the tabs of a restarted server don't return in step.
pub fn backoff_ms(attempt: u32, chance: f64) -> u32 {
    let full = 500_u32.saturating_mul(1 << attempt.min(6)).min(20_000);
    let half = full / 2;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "chance lies in 0..1")]
    let extra = (f64::from(half) * chance.clamp(0.0, 1.0)) as u32;
    half + extra
}

#[cfg(feature = "hydrate")]
mod browser {
    use super::{Live, backoff_ms};
    use crate::live::{Connection, sse::Decoder};
    use futures::{
        StreamExt,
        channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded},
        future::{Either, select},
    };
    use gloo_timers::future::TimeoutFuture;
    use leptos::{ev, prelude::*};
    use wasm_bindgen::{JsCast, JsValue};
    use wasm_bindgen_futures::JsFuture;
    use web_sys::{AbortController, ReadableStreamDefaultReader};

    /// The server sends a comment every 15 s; after this long a silent line is a dead one.
    const SILENCE_MS: u32 = 40_000;
    /// The same for a tab that was just looked at again: its line may have died while it slept.
    const SILENCE_AWAKE_MS: u32 = 17_000;

    /// Why the stream should be looked at now.
    enum Nudge {
        /// The network came back, or the page was shown again.
        Awake,
        /// The network went.
        Offline,
    }

    enum End {
        /// Worth another attempt; whether anything had arrived.
        Broken { heard: bool },
        /// The server said no.
        Refused(u16),
    }

    pub(in crate::live) fn connect(live: Live) {
        let (nudge, mut nudges) = unbounded();
        listen(&nudge);
        leptos::task::spawn_local(async move {
            let mut attempt = 0;
            loop {
                match once(live, &mut nudges).await {
                    Some(End::Refused(status)) => {
                        live.refused().try_set(Some(status));
                        show(live, Connection::Offline);
                        return;
                    }
                    Some(End::Broken { heard }) => {
                        attempt = if heard { 0 } else { attempt + 1 };
                    }
                    None => return,
                }
                let online = window().navigator().on_line();
                show(live, if online { Connection::Reconnecting } else { Connection::Offline });
                // Offline the browser tells when to try; the timer is for browsers that are wrong about it.
                let pause = if online { backoff_ms(attempt, js_sys::Math::random()) } else { 20_000 };
                match select(TimeoutFuture::new(pause), nudges.next()).await {
                    Either::Right((None, _)) => return,
                    Either::Right((Some(Nudge::Awake), _)) => attempt = 0,
                    _ => {}
                }
            }
        });
    }

    fn show(live: Live, connection: Connection) {
        if live.connection().try_get_untracked().is_some_and(|now| now != connection) {
            live.connection().set(connection);
        }
    }

    /// The listeners end with the page's owner, and with them the loop: their senders are its only ones.
    fn listen(nudge: &UnboundedSender<Nudge>) {
        let awake = |nudge: UnboundedSender<Nudge>| move || drop(nudge.unbounded_send(Nudge::Awake));
        let (online, shown, visible) = (awake(nudge.clone()), awake(nudge.clone()), awake(nudge.clone()));
        let offline = nudge.clone();
        let handles = [
            window_event_listener(ev::online, move |_| online()),
            window_event_listener(ev::pageshow, move |event| {
                if event.persisted() {
                    shown();
                }
            }),
            window_event_listener(ev::offline, move |_| drop(offline.unbounded_send(Nudge::Offline))),
            window_event_listener(ev::visibilitychange, move |_| {
                if !document().hidden() {
                    visible();
                }
            }),
        ];
        let closer = nudge.clone();
        on_cleanup(move || {
            handles.into_iter().for_each(|handle| handle.remove());
            closer.close_channel();
        });
    }

    /// One connection from opening to end; `None` when the page is gone.
    async fn once(live: Live, nudges: &mut UnboundedReceiver<Nudge>) -> Option<End> {
        const BROKEN: Option<End> = Some(End::Broken { heard: false });
        let Ok(abort) = AbortController::new() else { return BROKEN };
        let _hang_up = HangUp(abort.clone());
        let Ok(request) = gloo_net::http::Request::get(&live.stream_url())
            .header("accept", "text/event-stream")
            .abort_signal(Some(&abort.signal()))
            .build()
        else {
            return BROKEN;
        };
        let Ok(answer) = request.send().await else { return BROKEN };
        match answer.status() {
            200 => {}
            status @ (401 | 403 | 404) => return Some(End::Refused(status)),
            _ => return BROKEN,
        }
        let reader = answer.body()?.get_reader().unchecked_into::<ReadableStreamDefaultReader>();
        let mut decoder = Decoder::default();
        let mut heard = false;
        show(live, Connection::Live);
        let mut read = JsFuture::from(reader.read());
        let mut patience = SILENCE_MS;
        loop {
            let wait = select(read, select(nudges.next(), TimeoutFuture::new(patience))).await;
            let (chunk, _) = match wait {
                Either::Left(done) => done,
                Either::Right((Either::Left((None, _)), _)) => return None,
                Either::Right((Either::Left((Some(Nudge::Awake), _)), reading)) => {
                    read = reading;
                    patience = SILENCE_AWAKE_MS;
                    continue;
                }
                Either::Right(_) => return Some(End::Broken { heard }),
            };
            let Ok(chunk) = chunk else { return Some(End::Broken { heard }) };
            let Some(bytes) = bytes(&chunk) else { return Some(End::Broken { heard }) };
            heard = true;
            patience = SILENCE_MS;
            for frame in decoder.feed(&bytes) {
                if frame.event == "lagged" {
                    return Some(End::Broken { heard });
                }
                if let Err(error) = live.take(&frame.event, &frame.data) {
                    leptos::logging::warn!("{}: {error}", frame.event);
                }
            }
            read = JsFuture::from(reader.read());
        }
    }

    /// Ends the request when its reader goes.
    struct HangUp(AbortController);

    impl Drop for HangUp {
        fn drop(&mut self) {
            self.0.abort();
        }
    }

    /// The bytes of `{ done, value }`; `None` at the end.
    fn bytes(chunk: &JsValue) -> Option<Vec<u8>> {
        let field = |name: &str| js_sys::Reflect::get(chunk, &JsValue::from_str(name)).ok();
        if field("done")?.is_truthy() {
            return None;
        }
        Some(field("value")?.dyn_into::<js_sys::Uint8Array>().ok()?.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::backoff_ms;

    #[test]
    fn backs_off_to_a_bound_and_never_to_nothing() {
        assert_eq!(backoff_ms(0, 0.0), 250);
        assert_eq!(backoff_ms(0, 1.0), 500);
        assert_eq!(backoff_ms(3, 0.5), 3_000);
        assert_eq!(backoff_ms(u32::MAX, 1.0), 20_000);
    }
}
