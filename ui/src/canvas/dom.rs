//! What an event happened on.

use super::keep;
use alumia_protocol::blocks::NodeId;
use wasm_bindgen::JsCast;

/// The element that an event happened on.
pub(super) fn element_at(event: &web_sys::Event) -> Option<web_sys::Element> {
    event.target()?.dyn_into().ok()
}

/// The nearest one around it, itself included, that a selector names.
pub(super) fn closest(element: &web_sys::Element, selector: &str) -> Option<web_sys::Element> {
    element.closest(selector).ok().flatten()
}

/// The node that an element is part of.
pub(super) fn node_at(element: &web_sys::Element) -> Option<NodeId> {
    keep::parse(&closest(element, "[data-node]")?.get_attribute("data-node")?)
}

/// Whether the wheel belongs to live content that has something to scroll.
pub(super) fn scrolls(target: &web_sys::Element) -> bool {
    let Some(body) = closest(target, "[data-mark=\"solo\"] .node-body") else { return false };
    let mut at = Some(target.clone());
    while let Some(element) = at {
        let more = element.scroll_height() > element.client_height() + 1
            || element.scroll_width() > element.client_width() + 1;
        if more && element.class_name() != "node-frame" {
            return true;
        }
        if element == body {
            return false;
        }
        at = element.parent_element();
    }
    false
}
