//! How large something is on the page, and where in it a pointer is.

use leptos::{html, prelude::*};
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast, prelude::Closure};

struct Watch {
    observer: web_sys::ResizeObserver,
    /// Keeps the callback alive.
    _callback: Closure<dyn FnMut()>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

/// The width and height of an element in its own pixels, whatever the canvas is zoomed to; `before` on the server
/// and until the page runs.
pub(super) fn size_of(element: NodeRef<html::Div>, before: (f64, f64)) -> RwSignal<(f64, f64)> {
    let size = RwSignal::new(before);
    // Made in the browser alone: the server may drop a page on another thread than the one that drew it.
    let watch = StoredValue::new(None::<SendWrapper<Watch>>);
    Effect::new(move || {
        let Some(element) = element.get() else { return };
        let measured = element.clone();
        let look = move || {
            let now = (f64::from(measured.client_width()), f64::from(measured.client_height()));
            if now.0 > 0.0 && now.1 > 0.0 && size.try_get_untracked().is_some_and(|known| known != now) {
                size.set(now);
            }
        };
        look();
        let callback = Closure::<dyn FnMut()>::new(look);
        if let Ok(observer) = web_sys::ResizeObserver::new(callback.as_ref().unchecked_ref()) {
            observer.observe(&element);
            watch.set_value(Some(SendWrapper::new(Watch { observer, _callback: callback })));
        }
    });
    on_cleanup(move || {
        watch.try_set_value(None);
    });
    size
}

/// Where a pointer is in an element, as shares of its width and height.
pub(super) fn share_in(element: &web_sys::Element, x: i32, y: i32) -> (f64, f64) {
    let rect = element.get_bounding_client_rect();
    let share = |at: i32, from: f64, long: f64| (f64::from(at) - from) / long.max(1.0);
    (share(x, rect.left(), rect.width()), share(y, rect.top(), rect.height()))
}
