//! A picture's pixels.

use super::{Made, picture::Picture};
use leptos::prelude::*;
use wasm_bindgen::{JsCast as _, prelude::*};
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    type Image;
    #[wasm_bindgen(constructor)]
    fn new() -> Image;
    #[wasm_bindgen(method, setter)]
    fn set_src(this: &Image, address: &str);
    #[wasm_bindgen(catch, method)]
    fn decode(this: &Image) -> Result<js_sys::Promise, JsValue>;

    type Brush;
    #[wasm_bindgen(method)]
    fn scale(this: &Brush, x: f64, y: f64);
    #[wasm_bindgen(catch, method, js_name = drawImage)]
    fn draw_image(this: &Brush, image: &Image, x: f64, y: f64) -> Result<(), JsValue>;
}

/// Pixels of a side, and of the whole, that browsers paint.
const SIDE: f64 = 16_384.0;
const AREA: f64 = 48e6;

/// Pixels for one of the canvas: two, as on a fine screen, fewer where the canvas is too large for that.
fn scale(width: f64, height: f64) -> f64 {
    2.0_f64.min(SIDE / width.max(height)).min((AREA / (width * height)).sqrt())
}

/// Paints it. From a `blob:` address a browser would not give the pixels back.
pub(super) async fn png(picture: &Picture) -> Made<web_sys::Blob> {
    let failed =
        |_| "This browser could not paint the picture. Export a selection, or choose SVG.".to_owned();
    let image = Image::new();
    let text = String::from(js_sys::encode_uri_component(&picture.svg));
    image.set_src(&format!("data:image/svg+xml;charset=utf-8,{text}"));
    drop(text);
    JsFuture::from(image.decode().map_err(failed)?).await.map_err(failed)?;
    let scale = scale(picture.width, picture.height);
    let canvas: web_sys::HtmlCanvasElement =
        document().create_element("canvas").map_err(failed)?.unchecked_into();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 16,384")]
    let pixels = |length: f64| (length * scale).floor().max(1.0) as u32;
    canvas.set_width(pixels(picture.width));
    canvas.set_height(pixels(picture.height));
    let brush = canvas.get_context("2d").map_err(failed)?.ok_or(JsValue::NULL).map_err(failed)?;
    let brush: Brush = brush.unchecked_into();
    brush.scale(scale, scale);
    brush.draw_image(&image, 0.0, 0.0).map_err(failed)?;
    let painted = js_sys::Promise::new(&mut |done, refused| {
        let given = Closure::once_into_js(move |blob: JsValue| drop(done.call1(&JsValue::NULL, &blob)));
        // It throws where the pixels may not be read.
        if let Err(error) = canvas.to_blob(given.unchecked_ref()) {
            drop(refused.call1(&JsValue::NULL, &error));
        }
    });
    let blob = JsFuture::from(painted).await.map_err(failed)?;
    blob.dyn_into().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::{AREA, SIDE, scale};

    #[test]
    fn a_picture_is_as_fine_as_browsers_paint_it() {
        assert!((scale(800.0, 600.0) - 2.0).abs() < 1e-9);
        let long = scale(100_000.0, 100.0);
        assert!(100_000.0 * long <= SIDE + 1.0);
        let large = scale(20_000.0, 20_000.0);
        assert!(20_000.0 * 20_000.0 * large * large <= AREA + 1.0);
    }
}
