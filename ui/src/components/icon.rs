//! Icons: strokes on a 16-unit grid, in the colour of the text around them.

use leptos::prelude::*;

/// An icon by name. It is decoration: the control that holds it carries the words.
#[component]
pub fn Icon(#[prop(into)] name: Signal<&'static str>) -> impl IntoView {
    view! {
        <svg
            class="icon"
            viewBox="0 0 16 16"
            fill="none"
            stroke="currentColor"
            stroke-width="1.4"
            stroke-linecap="round"
            stroke-linejoin="round"
            aria-hidden="true"
            focusable="false"
        >
            <path d=move || path(name.get()) />
        </svg>
    }
}

/// An unknown name draws a ring, which is seen in review and harms nobody.
fn path(name: &str) -> &'static str {
    match name {
        "alert" => "M8 2.2 14.2 13H1.8zM8 6.5v3M8 11.2v.1",
        "archive" => "M2 3h12v3H2zM3 6v7h10V6M6.5 9h3",
        "arrow-down" => "M8 3v10M4 9l4 4 4-4",
        "arrow-left" => "M13 8H3M7 4 3 8l4 4",
        "arrow-right" => "M3 8h10M9 4l4 4-4 4",
        "arrow-up" => "M8 13V3M4 7l4-4 4 4",
        "attach" => {
            "M13 7.5 8.2 12.3a3 3 0 0 1-4.3-4.3L9 2.9a2 2 0 0 1 2.9 2.9L7 10.6a1 1 0 0 1-1.4-1.4L10 4.8"
        }
        "block" => "M2.5 2.5h11v11h-11zM2.5 6h11",
        "bolt" => "M9 1.8 3.5 9H8l-1 5.2L12.5 7H8z",
        "chart" => "M2.5 2.5v11h11M5.5 10.5V8M8.5 10.5V5M11.5 10.5V7",
        "chat" => "M2.5 3h11v8H7l-3 2.5V11H2.5z",
        "check" => "M3 8.5 6.5 12 13 4.5",
        "chevron-down" => "M4 6l4 4 4-4",
        "chevron-left" => "M10 4 6 8l4 4",
        "chevron-right" => "M6 4l4 4-4 4",
        "chevron-up" => "M4 10l4-4 4 4",
        "clock" => "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM8 4.7V8l2.2 1.6",
        "close" => "M4 4l8 8M12 4l-8 8",
        "code" => "M5.5 4.5 2 8l3.5 3.5M10.5 4.5 14 8l-3.5 3.5",
        "command" => {
            "M6 6h4v4H6zM6 6H4.5A1.5 1.5 0 1 1 6 4.5zM10 6h1.5A1.5 1.5 0 1 0 10 4.5zM6 10H4.5A1.5 1.5 0 1 0 6 11.5zM10 10h1.5a1.5 1.5 0 1 1-1.5 1.5z"
        }
        "copy" => "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
        "document" => "M4 1.8h5.5L12.5 5v9.2H4zM9.5 2v3h3M6 8h4.5M6 10.7h4.5",
        "dot" => "M8 6.5a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3z",
        "download" => "M8 2v8.5M4.5 7 8 10.5 11.5 7M2.5 13.5h11",
        "edit" => "M10.5 3 13 5.5 5.5 13H3v-2.5zM9 4.5 11.5 7",
        "ellipse" => "M8 4c3.3 0 6 1.8 6 4s-2.7 4-6 4-6-1.8-6-4 2.7-4 6-4z",
        "eraser" => "M6.2 13.5 2.5 9.8 9 3.3 13.5 7.8 7.8 13.5zM5.7 6.6l4.5 4.5M6 13.5h8",
        "external" => "M9 2.5h4.5V7M13.5 2.5 7 9M11.5 9.5v4h-9v-9h4",
        "eye" => {
            "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 6.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6z"
        }
        "eye-off" => {
            "M6.6 3.7A6 6 0 0 1 8 3.5c4 0 6.5 4.5 6.5 4.5a11 11 0 0 1-1.7 2.2M4.2 4.8A10.6 10.6 0 0 0 1.5 8S4 12.5 8 12.5c1.4 0 2.6-.5 3.6-1.2M2.5 2.5l11 11M6.8 6.7a1.8 1.8 0 0 0 2.5 2.5"
        }
        "file" => "M4 1.8h5.5L12.5 5v9.2H4zM9.5 2v3h3",
        "filter" => "M2 3.5h12L9.5 9v4.5l-3-1.5V9z",
        "fit" => "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
        "folder" => "M2 3.5h4.2l1.5 1.8H14v7.7H2z",
        "globe" => {
            "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM2 8h12M8 2c2 1.7 2.6 3.7 2.6 6S10 12.3 8 14c-2-1.7-2.6-3.7-2.6-6S6 3.7 8 2z"
        }
        "grid" => "M2.5 2.5h4.5v4.5H2.5zM9 2.5h4.5V7H9zM2.5 9H7v4.5H2.5zM9 9h4.5v4.5H9z",
        "image" => "M2.5 3h11v10h-11zM2.5 11l3.2-3.2 2.6 2.6 2-2 3.2 3.2M10.5 5.5v.1",
        "info" => "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM8 7.3v3.5M8 5v.1",
        "lab" => "M6 2h4M6.7 2v4.2L3 12.5A1 1 0 0 0 3.9 14h8.2a1 1 0 0 0 .9-1.5L9.3 6.2V2M5 10h6",
        "layout" => "M2.5 3h11v10h-11zM6.5 3v10",
        "line" => "M3 13 13 3",
        "link" => {
            "M6.5 9.5l3-3M7 4.5l1.3-1.3a3.2 3.2 0 0 1 4.5 4.5L11.5 9M9 11.5l-1.3 1.3a3.2 3.2 0 0 1-4.5-4.5L4.5 7"
        }
        "list" => "M5.5 4h8M5.5 8h8M5.5 12h8M2.5 4v.1M2.5 8v.1M2.5 12v.1",
        "lock" => "M3.5 7h9v6.5h-9zM5.5 7V5a2.5 2.5 0 0 1 5 0v2",
        "mail" => "M2 3.5h12v9H2zM2 4l6 4.8L14 4",
        "map" => "M2 3.5 6 2l4 1.5L14 2v10.5L10 14l-4-1.5L2 14zM6 2v10.5M10 3.5V14",
        "menu" => "M2.5 4h11M2.5 8h11M2.5 12h11",
        "minus" => "M3 8h10",
        "monitor" => "M2 3h12v8H2zM5.5 13.5h5M8 11v2.5",
        "moon" => "M13.5 9.5A5.8 5.8 0 0 1 6.5 2.5a5.8 5.8 0 1 0 7 7z",
        "more" => "M3.5 8v.1M8 8v.1M12.5 8v.1",
        "pause" => "M5.5 3.5v9M10.5 3.5v9",
        "pin" => "M5.5 2h5l-.5 4.5L12 9H4l2-2.5zM8 9v5",
        "play" => "M5 3l8 5-8 5z",
        "plus" => "M8 3v10M3 8h10",
        "rectangle" => "M2 4h12v8H2z",
        "redo" => "M11 3l3 3-3 3M14 6H6.5a3.5 3.5 0 0 0 0 7H9",
        "refresh" => "M13.5 3v3.5H10M13.3 6.5A5.6 5.6 0 1 0 13.5 9",
        "search" => "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.3 10.3l3.2 3.2",
        "send" => "M8 13V3M3.5 7.5 8 3l4.5 4.5",
        "settings" => "M2.5 4.5h6M12 4.5h1.5M8.5 3v3h3V3zM2.5 11.5H4M7.5 11.5h6M4.5 10v3h3v-3z",
        "sign-out" => "M6.5 2.5h-4v11h4M10 5l3 3-3 3M13 8H6",
        "sliders" => "M4 2.5V7M4 10v3.5M8 2.5v2M8 7.5v6M12 2.5V8M12 11v2.5M2.5 8.5h3M6.5 6h3M10.5 9.5h3",
        "snap" => {
            "M4 2.5v5a4 4 0 0 0 8 0v-5M4 5h2.2M9.8 5H12M6.2 2.5v5a1.8 1.8 0 0 0 3.6 0v-5M4 2.5h2.2M9.8 2.5H12"
        }
        "sort" => "M5 3v10M2.5 5.5 5 3l2.5 2.5M11 13V3M8.5 10.5 11 13l2.5-2.5",
        "spark" => "M8 1.8 9.6 6.4 14.2 8 9.6 9.6 8 14.2 6.4 9.6 1.8 8 6.4 6.4z",
        "stop" => "M4 4h8v8H4z",
        "sun" => {
            "M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6zM8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9"
        }
        "table" => "M2.5 3h11v10h-11zM2.5 6.3h11M2.5 9.7h11M6.5 6.3V13",
        "terminal" => "M2 3h12v10H2zM4.5 6l2 2-2 2M8 10.5h3.5",
        "text" => "M3 5V3h10v2M8 3v10M6 13h4",
        "tool" => {
            "M9.5 6.5a3.5 3.5 0 0 1 4.3-3.7L11.5 5l.5 1.7 1.7.5 2-2M9.5 6.5 2.7 12.2a1 1 0 0 0 1.2 1.5L10 7.5"
        }
        "trash" => "M2.5 4h11M6 4V2.5h4V4M4 4l.6 9.5h6.8L12 4M6.7 6.7v4M9.3 6.7v4",
        "undo" => "M5 3 2 6l3 3M2 6h7.5a3.5 3.5 0 0 1 0 7H7",
        "upload" => "M8 10.5V2M4.5 5.5 8 2l3.5 3.5M2.5 13.5h11",
        "user" => "M8 2.5a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6zM2.8 13.5a5.3 5.3 0 0 1 10.4 0",
        "users" => {
            "M6 3a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5zM1.5 13a4.5 4.5 0 0 1 9 0M10.5 3.2a2.5 2.5 0 0 1 0 4.6M12.2 9.5A4.5 4.5 0 0 1 14.5 13"
        }
        "wallet" => "M2.5 4.5h11v9h-11zM2.5 4.5l8-2.5v2.5M10.8 9v.1",
        "zoom-in" => "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.3 10.3l3.2 3.2M7 5v4M5 7h4",
        "zoom-out" => "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.3 10.3l3.2 3.2M5 7h4",
        _ => "M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11z",
    }
}
