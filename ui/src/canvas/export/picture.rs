//! The canvas as SVG that needs nothing from outside: style sheets, fonts and pictures are in it.

use super::{
    super::{
        edges,
        geometry::Rect,
        scene::{Node, Scene},
    },
    Made,
};
use crate::components::theme;
use alumia_protocol::blocks::NodeId;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use gloo_net::http::Request;
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use std::collections::{HashMap, HashSet};
use wasm_bindgen::{JsCast as _, prelude::*};

#[wasm_bindgen]
extern "C" {
    type XMLSerializer;
    #[wasm_bindgen(constructor)]
    fn new() -> XMLSerializer;
    #[wasm_bindgen(catch, method, js_name = serializeToString)]
    fn serialize_to_string(this: &XMLSerializer, node: &web_sys::Node) -> Result<String, JsValue>;

    type Sheet;
    #[wasm_bindgen(catch, method, getter, js_name = cssRules)]
    fn css_rules(this: &Sheet) -> Result<js_sys::Object, JsValue>;
    type Rule;
    #[wasm_bindgen(method, getter, js_name = cssText)]
    fn css_text(this: &Rule) -> String;
}

/// A picture and its size in canvas pixels.
pub(super) struct Picture {
    pub svg: String,
    pub width: f64,
    pub height: f64,
}

/// Around the nodes.
const MARGIN: f64 = 40.0;
/// Nodes that are taken at once; then the page has its turn.
const AT_ONCE: usize = 25;
/// Bytes of one picture in it.
const LARGEST: usize = 25 << 20;
/// Nothing moves in a picture, no ring shows where somebody stands, and the layer lies where it should.
const STILL: &str = "*,*::before,*::after{animation:none!important;transition:none!important}\
    body{min-height:0;overflow:hidden}.node-more,.node-handle{visibility:hidden}.canvas{touch-action:auto}";

/// These nodes as they are drawn, with the edges between them.
pub(super) async fn of(scene: Scene, ids: &[NodeId], said: RwSignal<Option<String>>) -> Made<Picture> {
    let area = scene.bounds(Some(ids)).ok_or("There is nothing on the canvas yet.")?;
    let area = Rect::new(area.x - MARGIN, area.y - MARGIN, area.w + 2.0 * MARGIN, area.h + 2.0 * MARGIN);
    let (width, height) = (area.w.ceil(), area.h.ceil());
    let mut pictures = Pictures::default();
    let style = style(&mut pictures).await;
    let root = document().document_element().ok_or("The page was left.")?;
    let theme = if theme::is_dark() { "dark" } else { "light" };
    let language = root.get_attribute("lang").unwrap_or_else(|| "en".into());
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" data-theme=\"{theme}\" style=\"color-scheme:{theme}\">\
         <foreignObject x=\"0\" y=\"0\" width=\"{width}\" height=\"{height}\">\
         <body xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"{}\" \
         style=\"position:relative;width:{width}px;height:{height}px\">\
         <style>{}</style><section class=\"canvas\" data-canvas=\"\"><div class=\"canvas-dots\" \
         style=\"background-position:{:.1}px {:.1}px\"></div>\
         <div class=\"canvas-layer\" style=\"transform:translate({:.1}px,{:.1}px)\">",
        escape(&language),
        escape(&style),
        (-area.x).rem_euclid(24.0),
        (-area.y).rem_euclid(24.0),
        -area.x,
        -area.y,
    );
    svg.push_str(&lines(scene, ids));
    let nodes: Vec<Node> = ids.iter().filter_map(|id| scene.node(*id)).collect();
    for (at, part) in nodes.chunks(AT_ONCE).enumerate() {
        for node in part {
            if let Some(element) = scene.element(node.id) {
                svg.push_str(&drawn(&element, &mut pictures).await?);
            }
        }
        said.try_set(Some(format!("Taking {} of {} nodes", at * AT_ONCE + part.len(), nodes.len())));
        TimeoutFuture::new(0).await;
    }
    svg.push_str("</div></section></body></foreignObject></svg>");
    Ok(Picture { svg, width, height })
}

fn lines(scene: Scene, ids: &[NodeId]) -> String {
    let among: HashSet<NodeId> = ids.iter().copied().collect();
    let paths = edges::draw_among(scene, &among);
    let path = |class: &str, d: &str| format!("<path class=\"{class}\" d=\"{}\"/>", escape(d));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"edges\" width=\"1\" height=\"1\">{}{}</svg>",
        path("edge", &paths.still),
        path("edge alive", &paths.alive)
    )
}

/// One node's element as XML, with nothing in it that could run, load or lead away.
async fn drawn(element: &web_sys::HtmlElement, pictures: &mut Pictures) -> Made<String> {
    let failed = |_| "A node could not be drawn. Reload the page and try again.".to_owned();
    let copy: web_sys::Element = element.clone_node_with_deep(true).map_err(failed)?.unchecked_into();
    copy_painted(element, &copy);
    clean(&copy);
    let inside = all(&copy, "*");
    for part in std::iter::once(&copy).chain(&inside) {
        clean(part);
        let tag = part.tag_name().to_ascii_lowercase();
        match tag.as_str() {
            "script" | "iframe" | "object" | "embed" | "audio" | "link" | "style" | "base" => part.remove(),
            "img" => {
                let source = part.get_attribute("src").unwrap_or_default();
                match pictures.get(&source).await {
                    Some(data) => drop(part.set_attribute("src", &data)),
                    None => drop(part.remove_attribute("src")),
                }
                drop(part.remove_attribute("loading"));
            }
            _ => {}
        }
    }
    XMLSerializer::new().serialize_to_string(&copy).map_err(failed)
}

/// What was typed and painted isn't in a copy by itself.
fn copy_painted(element: &web_sys::Element, copy: &web_sys::Element) {
    for (old, new) in all(element, "canvas").iter().zip(all(copy, "canvas")) {
        let painted =
            old.dyn_ref::<web_sys::HtmlCanvasElement>().and_then(|canvas| canvas.to_data_url().ok());
        let image = document().create_element("img").ok();
        if let (Some(painted), Some(image)) = (painted, image) {
            drop(image.set_attribute("src", &painted));
            for name in ["class", "style", "width", "height"] {
                if let Some(value) = new.get_attribute(name) {
                    drop(image.set_attribute(name, &value));
                }
            }
            drop(new.replace_with_with_node_1(&image));
        }
    }
    for (old, new) in all(element, "input, textarea").iter().zip(all(copy, "input, textarea")) {
        if let Some(old) = old.dyn_ref::<web_sys::HtmlInputElement>() {
            drop(new.set_attribute("value", &old.value()));
            if old.checked() {
                drop(new.set_attribute("checked", ""));
            }
        } else if let Some(old) = old.dyn_ref::<web_sys::HtmlTextAreaElement>() {
            new.set_text_content(Some(&old.value()));
        }
    }
}

fn clean(element: &web_sys::Element) {
    for name in element.get_attribute_names().iter().filter_map(|name| name.as_string()) {
        let leads = matches!(
            name.as_str(),
            "href"
                | "xlink:href"
                | "srcset"
                | "srcdoc"
                | "action"
                | "formaction"
                | "poster"
                | "tabindex"
                | "data-mark"
                | "autofocus"
        );
        if leads || name.starts_with("on") || name.contains('@') {
            drop(element.remove_attribute(&name));
        }
    }
}

fn all(of: &web_sys::Element, selector: &str) -> Vec<web_sys::Element> {
    let Ok(found) = of.query_selector_all(selector) else { return Vec::new() };
    (0..found.length()).filter_map(|at| found.item(at)).map(wasm_bindgen::JsCast::unchecked_into).collect()
}

/// The page's own style sheets, with their fonts in them.
async fn style(pictures: &mut Pictures) -> String {
    let mut text = String::new();
    let sheets = js_sys::Reflect::get(&document(), &"styleSheets".into());
    for sheet in sheets.iter().flat_map(|sheets| js_sys::Array::from(sheets).to_vec()) {
        // Another site's sheet can't be read, and isn't the canvas's.
        let Ok(rules) = sheet.unchecked_into::<Sheet>().css_rules() else { continue };
        for rule in js_sys::Array::from(&rules).iter() {
            text.push_str(&rule.unchecked_into::<Rule>().css_text());
            text.push('\n');
        }
    }
    let mut whole = String::with_capacity(text.len() + (256 << 10));
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("url(") {
        whole.push_str(before);
        let Some((address, after)) = after.split_once(')') else { break };
        let address = address.trim_matches(['"', '\'', ' ']);
        let data =
            if address.starts_with("data:") { Some(address.to_owned()) } else { pictures.get(address).await };
        whole.push_str(&format!("url(\"{}\")", data.unwrap_or_else(|| "data:,".into())));
        rest = after;
    }
    whole.push_str(rest);
    whole.push_str(STILL);
    whole
}

/// What addresses of this server hold, as data; each is fetched once, mostly from the browser's own store.
#[derive(Default)]
struct Pictures(HashMap<String, Option<String>>);

impl Pictures {
    async fn get(&mut self, address: &str) -> Option<String> {
        if address.starts_with("data:image/") {
            return Some(address.to_owned());
        }
        if let Some(known) = self.0.get(address) {
            return known.clone();
        }
        let data = fetch(address).await;
        self.0.insert(address.to_owned(), data.clone());
        data
    }
}

async fn fetch(address: &str) -> Option<String> {
    let ours = address.starts_with('/') && !address.starts_with("//");
    if !ours && !address.starts_with("blob:") {
        return None;
    }
    let response = Request::get(address).send().await.ok().filter(gloo_net::http::Response::ok)?;
    let kind = response.headers().get("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_owned();
    let allowed = kind.starts_with("image/") || kind.starts_with("font/") || address.ends_with(".woff2");
    let bytes = if allowed { response.binary().await.ok()? } else { return None };
    (bytes.len() <= LARGEST).then(|| format!("data:{kind};base64,{}", BASE64_STANDARD.encode(bytes)))
}

/// Text as XML holds it.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn text_ends_no_element() {
        assert_eq!(escape("a > b & \"</style>\""), "a &gt; b &amp; &quot;&lt;/style&gt;&quot;");
    }
}
