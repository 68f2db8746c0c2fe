//! Clicks and types.

use super::{state::cut, tab::Tab};
use crate::{
    BrowserError, Page, SIZE,
    outline::{Element, Numbers},
};
use serde_json::{Value, json};

/// Chooses an entry of a list. The protocol has no command for it, so it runs as a function in a world apart from
/// the page's own scripts. It gives nothing, or the entries that there are.
const CHOOSE: &str = r"function (wanted) {
    const plain = text => text.replace(/\s+/g, ' ').trim();
    const entries = [...this.options].filter(entry => !entry.disabled);
    const name = plain(wanted);
    const found = entries.find(entry => plain(entry.label) === name)
        ?? entries.find(entry => plain(entry.label).toLowerCase() === name.toLowerCase())
        ?? entries.find(entry => entry.value === wanted);
    if (!found) return entries.slice(0, 50).map(entry => plain(entry.label)).join(', ');
    if (this.disabled) return '';
    this.focus();
    found.selected = true;
    this.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
    this.dispatchEvent(new Event('change', { bubbles: true }));
    return null;
}";

/// Gives a value to a field that has no text, like a date.
const SET: &str = r"function (value) {
    const before = this.value;
    this.value = value;
    // Of two kinds the browser makes something valid of whatever it is given; the others stay empty.
    const made = ['color', 'range'].includes(this.type) && this.value.toLowerCase() !== value.toLowerCase();
    if (made || (!this.value && value)) {
        this.value = before;
        return before;
    }
    this.focus();
    this.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
    this.dispatchEvent(new Event('change', { bubbles: true }));
    return null;
}";

/// What can be written into.
enum Field {
    Text,
    List,
    /// With a control of its own; its type.
    Picked(String),
}

impl Tab {
    pub(super) async fn press(&self, numbers: &mut Numbers, reference: u32) -> Result<Page, BrowserError> {
        let element = self.element(numbers, reference)?;
        let (x, y) = self.point(&element, reference).await?;
        let begun = self.begin();
        for (kind, buttons) in [("mouseMoved", 0), ("mousePressed", 1), ("mouseReleased", 0)] {
            let button = if kind == "mouseMoved" { "none" } else { "left" };
            let event = json!({ "type": kind, "x": x, "y": y, "button": button, "buttons": buttons, "clickCount": 1 });
            match self.ask("Input.dispatchMouseEvent", event).await {
                // What the click set off runs on; the rest is seen when the page is read.
                Err(BrowserError::Busy) => break,
                done => done.map(drop)?,
            }
        }
        self.after(begun, numbers).await
    }

    pub(super) async fn write(
        &self,
        numbers: &mut Numbers,
        reference: u32,
        text: &str,
        submit: bool,
    ) -> Result<Page, BrowserError> {
        let element = self.element(numbers, reference)?;
        let field = self.field(&element, reference).await?;
        let begun = self.begin();
        match field {
            Field::Text => self.replace(&element, reference, text).await?,
            Field::List => {
                if let Some(there) = self.run(&element, reference, CHOOSE, text).await? {
                    return Err(BrowserError::NoOption { wanted: cut(text, 80), there: cut(&there, 1000) });
                }
            }
            Field::Picked(kind) => {
                if self.run(&element, reference, SET, text).await?.is_some() {
                    let why = format!("\"{}\" is no value for the type {kind}", cut(text, 80));
                    return Err(BrowserError::NoField(reference, why));
                }
            }
        }
        if submit {
            let enter = json!({ "type": "keyDown", "key": "Enter", "code": "Enter", "text": "\r",
                                "windowsVirtualKeyCode": 13, "nativeVirtualKeyCode": 13 });
            self.ask("Input.dispatchKeyEvent", enter).await?;
            let up = json!({ "type": "keyUp", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13 });
            self.ask("Input.dispatchKeyEvent", up).await?;
        }
        self.after(begun, numbers).await
    }

    /// What has a number on the page that is shown now.
    fn element(&self, numbers: &Numbers, reference: u32) -> Result<Element, BrowserError> {
        let commits = self.state.borrow().commits;
        numbers.find(reference, commits).cloned().ok_or(BrowserError::Stale(reference))
    }

    /// A point of it in the window, to which it is scrolled.
    async fn point(&self, element: &Element, reference: u32) -> Result<(f64, f64), BrowserError> {
        let node = json!({ "backendNodeId": element.node });
        self.ask("DOM.scrollIntoViewIfNeeded", node.clone()).await.map_err(missing(reference))?;
        let boxes = self.ask("DOM.getContentQuads", node).await.map_err(missing(reference))?;
        let mut boxes = boxes["quads"].as_array().into_iter().flatten();
        boxes.find_map(middle).ok_or(BrowserError::Hidden(reference))
    }

    async fn field(&self, element: &Element, reference: u32) -> Result<Field, BrowserError> {
        let node = json!({ "backendNodeId": element.node });
        let about = self.ask("DOM.describeNode", node).await.map_err(missing(reference))?;
        let about = &about["node"];
        let listed: Vec<&str> =
            about["attributes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let attribute = |name: &str| {
            let mut pairs = listed.chunks_exact(2);
            pairs.find_map(|pair| (pair[0] == name).then_some(pair[1]))
        };
        let kind = attribute("type").unwrap_or("text").to_ascii_lowercase();
        let no = |why: &str| Err(BrowserError::NoField(reference, why.to_owned()));
        match about["nodeName"].as_str().unwrap_or_default() {
            _ if attribute("disabled").is_some() => no("it is disabled"),
            "SELECT" => Ok(Field::List),
            "INPUT" | "TEXTAREA" if attribute("readonly").is_some() => no("it can only be read"),
            "TEXTAREA" => Ok(Field::Text),
            "INPUT" => match kind.as_str() {
                "checkbox" | "radio" | "button" | "submit" | "reset" | "image" => no("click it instead"),
                "file" => no("it takes files, and there are none"),
                "date" | "time" | "datetime-local" | "month" | "week" | "color" | "range" => {
                    Ok(Field::Picked(kind))
                }
                _ => Ok(Field::Text),
            },
            _ if element.editable => Ok(Field::Text),
            name => no(&format!("it is a {}", name.to_ascii_lowercase())),
        }
    }

    /// Writes as a person does: into the field, everything marked, the new text over it.
    async fn replace(&self, element: &Element, reference: u32, text: &str) -> Result<(), BrowserError> {
        let node = json!({ "backendNodeId": element.node });
        let _ = self.ask("DOM.scrollIntoViewIfNeeded", node.clone()).await;
        self.ask("DOM.focus", node).await.map_err(missing(reference))?;
        let all = json!({ "type": "rawKeyDown", "commands": ["selectAll"] });
        self.ask("Input.dispatchKeyEvent", all).await?;
        if text.is_empty() {
            let erase = json!({ "type": "rawKeyDown", "commands": ["deleteBackward"] });
            self.ask("Input.dispatchKeyEvent", erase).await?;
        } else {
            self.ask("Input.insertText", json!({ "text": text })).await?;
        }
        Ok(())
    }

    /// Runs a function of ours on an element, out of the page's sight.
    async fn run(
        &self,
        element: &Element,
        reference: u32,
        function: &str,
        argument: &str,
    ) -> Result<Option<String>, BrowserError> {
        let world = json!({ "frameId": element.frame, "worldName": "alumia" });
        let world = self.ask("Page.createIsolatedWorld", world).await.map_err(missing(reference))?;
        let world = &world["executionContextId"];
        let node = json!({ "backendNodeId": element.node, "executionContextId": world });
        let object = self.ask("DOM.resolveNode", node).await.map_err(missing(reference))?;
        let call = json!({
            "functionDeclaration": function,
            "objectId": object["object"]["objectId"],
            "arguments": [{ "value": argument }],
            "returnByValue": true,
        });
        let answer = self.ask("Runtime.callFunctionOn", call).await?;
        Ok(answer["result"]["value"].as_str().map(str::to_owned))
    }
}

/// What the browser says when a node isn't there, or isn't shown.
fn missing(reference: u32) -> impl Fn(BrowserError) -> BrowserError {
    move |fault| match fault {
        BrowserError::Unexpected(said) if said.contains("layout") || said.contains("focusable") => {
            BrowserError::Hidden(reference)
        }
        BrowserError::Unexpected(said)
            if ["node", "Node", "frame"].iter().any(|word| said.contains(word)) =>
        {
            BrowserError::Stale(reference)
        }
        BrowserError::Unexpected(said) if said.contains("content quads") => BrowserError::Hidden(reference),
        other => other,
    }
}

/// The middle of what the window shows of a box, which is given by its corners.
fn middle(corners: &Value) -> Option<(f64, f64)> {
    let corners: Vec<f64> = corners.as_array()?.iter().filter_map(Value::as_f64).collect();
    if corners.len() != 8 {
        return None;
    }
    let range = |first: usize, most: u32| {
        let values = || corners.iter().skip(first).step_by(2).copied();
        let low = values().fold(f64::INFINITY, f64::min).max(0.0);
        let high = values().fold(f64::NEG_INFINITY, f64::max).min(f64::from(most));
        (high - low >= 1.0).then(|| f64::midpoint(low, high))
    };
    Some((range(0, SIZE.0)?, range(1, SIZE.1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clicks_go_to_the_middle_of_what_is_seen() {
        let corners = |left: i32, top: i32, right: i32, bottom: i32| {
            json!([left, top, right, top, right, bottom, left, bottom])
        };
        assert_eq!(middle(&corners(10, 20, 30, 40)), Some((20.0, 30.0)));
        assert_eq!(middle(&corners(-100, 600, 100, 900)), Some((50.0, 620.0)));
        assert_eq!(middle(&corners(10, 20, 10, 40)), None);
        assert_eq!(middle(&corners(2000, 20, 2010, 40)), None);
        assert_eq!(middle(&json!([])), None);
    }
}
