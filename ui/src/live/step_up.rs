//! Requests that were refused because a step-up is due: the dialog opens over the page, and when the person
//! has proved who they are, the request is sent once more.

use futures::channel::oneshot;
use gloo_net::http::Request;
use leptos::prelude::*;
use send_wrapper::SendWrapper;
use server_fn::{
    Bytes,
    client::{Client, browser::BrowserClient},
    error::FromServerFnError,
    request::{ClientReq, browser::BrowserRequest},
    response::browser::BrowserResponse,
};
use std::{cell::RefCell, future::Future};

/// What the API and server functions call the refusal.
pub const REASON: &str = "step_up_required";
/// The answer's header by which a refused server function is known without reading its body.
pub const HEADER: &str = "x-alumia-step-up";

thread_local! {
    static DESK: RefCell<Option<Desk>> = const { RefCell::new(None) };
}

struct Desk {
    open: RwSignal<bool>,
    waiting: Vec<oneshot::Sender<bool>>,
}

/// Takes requests for a step-up from now on; `open` is the dialog's.
pub fn attend(open: RwSignal<bool>) {
    DESK.with_borrow_mut(|desk| *desk = Some(Desk { open, waiting: vec![] }));
}

/// Opens the dialog and waits for its end: whether the person proved who they are. Without a dialog, no.
pub async fn ask() -> bool {
    let (answer, answered) = oneshot::channel();
    let open = DESK.with_borrow_mut(|desk| {
        let desk = desk.as_mut()?;
        desk.waiting.push(answer);
        Some(desk.open)
    });
    let Some(open) = open else { return false };
    open.set(true);
    answered.await.unwrap_or(false)
}

/// Tells everyone who waits how it went.
pub fn answer(proved: bool) {
    let waiting = DESK.with_borrow_mut(|desk| {
        desk.as_mut().map(|desk| std::mem::take(&mut desk.waiting)).unwrap_or_default()
    });
    for one in waiting {
        // Whoever has left the page meanwhile needs no answer.
        let _ = one.send(proved);
    }
}

/// Sends server functions that may need a step-up: `#[server(client = SteppedUpClient)]`.
pub struct SteppedUpClient;

impl<E, I, O> Client<E, I, O> for SteppedUpClient
where
    E: FromServerFnError + Send,
    I: FromServerFnError,
    O: FromServerFnError,
{
    type Request = BrowserRequest;
    type Response = BrowserResponse;

    fn send(mut request: BrowserRequest) -> impl Future<Output = Result<BrowserResponse, E>> + Send {
        SendWrapper::new(async move {
            let spare = copy::<E>(&mut request);
            let response = <BrowserClient as Client<E, I, O>>::send(request).await?;
            let due = response.generate_headers().contains_key(HEADER);
            match spare {
                Some(spare) if due && ask().await => <BrowserClient as Client<E, I, O>>::send(spare).await,
                _ => Ok(response),
            }
        })
    }

    fn open_websocket(
        path: &str,
    ) -> impl Future<
        Output = Result<
            (
                impl futures::Stream<Item = Result<Bytes, Bytes>> + Send + 'static,
                impl futures::Sink<Bytes> + Send + 'static,
            ),
            E,
        >,
    > + Send {
        <BrowserClient as Client<E, I, O>>::open_websocket(path)
    }

    fn spawn(future: impl Future<Output = ()> + Send + 'static) {
        <BrowserClient as Client<E, I, O>>::spawn(future);
    }
}

/// A second request like the first: a body can be sent once only.
fn copy<E: FromServerFnError>(request: &mut BrowserRequest) -> Option<BrowserRequest> {
    let blank = || Request::get("/").build().ok();
    let original: web_sys::Request = std::mem::replace(&mut **request, blank()?).into();
    let twin = web_sys::Request::clone(&original);
    **request = original.into();
    let mut spare =
        <BrowserRequest as ClientReq<E>>::try_new_req_query("/", "", "", "", gloo_net::http::Method::GET)
            .ok()?;
    *spare = twin.ok()?.into();
    Some(spare)
}
