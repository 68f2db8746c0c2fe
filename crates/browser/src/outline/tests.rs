use super::*;
use serde_json::{Value, json};

/// A tree from `[role, name, properties, children]`, numbered in order from 1.
fn tree(page: &Value) -> Tree {
    fn add(nodes: &mut Vec<Value>, node: &Value, parent: Option<usize>) -> usize {
        let id = nodes.len() + 1;
        nodes.push(json!(null));
        let children: Vec<String> = node[3]
            .as_array()
            .into_iter()
            .flatten()
            .map(|child| add(nodes, child, Some(id)).to_string())
            .collect();
        let properties = node[2].as_object().into_iter().flatten();
        let properties: Vec<Value> =
            properties.map(|(name, value)| json!({ "name": name, "value": { "value": value } })).collect();
        nodes[id - 1] = json!({
            "nodeId": id.to_string(),
            "parentId": parent.map(|parent| parent.to_string()),
            "ignored": node[0] == "ignored",
            "role": { "type": "role", "value": node[0] },
            "name": { "value": node[1] },
            "value": { "value": node[2]["worth"] },
            "properties": properties,
            "childIds": children,
            "backendDOMNodeId": id,
        });
        id
    }
    let mut nodes = Vec::new();
    add(&mut nodes, page, None);
    Tree::new("frame".into(), serde_json::from_value(nodes.into()).unwrap())
}

fn outline(page: &Value, clickable: &[i64], most: usize) -> (String, Numbers) {
    let trees = Trees { page: tree(page), partial: false, frames: std::collections::HashMap::new() };
    let mut numbers = Numbers::default();
    let text = write(&trees, &clickable.iter().copied().collect(), numbers.renew(1), most);
    (text, numbers)
}

fn text(text: &str) -> Value {
    json!(["StaticText", text, {}, [["InlineTextBox", text, {}, []]]])
}

#[test]
fn a_page_reads_like_a_text() {
    let page = json!(["RootWebArea", "Shop", {}, [
        ["heading", "Shop", { "level": 1 }, [text("Shop")]],
        ["paragraph", "", {}, [text("See "), ["link", "the terms", {}, [text("the terms")]], text(" first"), text(".")]],
        ["ignored", "", {}, [["ignored", "", {}, [text("one")]], ["ignored", "", {}, [text("two")]]]],
        ["navigation", "Main", {}, [["list", "", {}, [
            ["listitem", "", {}, [["ListMarker", "• ", {}, []], ["link", "Home", {}, []]]],
            ["listitem", "", {}, [["ListMarker", "2. ", {}, []], text("Sub"), ["list", "", {}, [
                ["listitem", "", {}, [text("deep")]]]]]],
        ]]]],
        ["table", "", {}, [
            ["row", "", {}, [["columnheader", "", {}, [text("Item")]], ["columnheader", "", {}, [text("Price")]]]],
            ["row", "", {}, [["cell", "", {}, [["paragraph", "", {}, [text("Tea")]]]], ["cell", "", {}, [["button", "Buy", {}, []]]]]],
        ]],
        ["image", "A cup", {}, []],
    ]]);
    let (text, numbers) = outline(&page, &[], 20_000);
    assert_eq!(
        text,
        "\
# Shop
See [1] link \"the terms\" first.
one
two
navigation \"Main\":
  - [2] link \"Home\"
  2. Sub
    - deep
| Item | Price |
| Tea | [3] button \"Buy\" |
image \"A cup\""
    );
    assert!(numbers.find(3, 1).is_some() && numbers.find(4, 1).is_none());
}

#[test]
fn fields_show_what_they_hold() {
    let page = json!(["RootWebArea", "", {}, [
        ["textbox", "Name", { "worth": "Jo\nMiller", "required": true, "editable": "plaintext", "focusable": true }, []],
        ["checkbox", "Agree", { "checked": "true", "focusable": true }, []],
        ["combobox", "Country", { "worth": "Austria", "expanded": false }, [["MenuListPopup", "", {}, [
            ["option", "Austria", {}, []], ["option", "Peru", {}, []]]]]],
        ["button", "Send", { "disabled": true }, []],
        ["slider", "Size", { "worth": 5 }, []],
    ]]);
    let (text, numbers) = outline(&page, &[], 20_000);
    assert_eq!(
        text,
        "\
[1] textbox \"Name\" = \"Jo Miller\" (required)
[2] checkbox \"Agree\" (checked)
[3] combobox \"Country\" = \"Austria\" (collapsed), one of: \"Austria\", \"Peru\"
[4] button \"Send\" (disabled)
[5] slider \"Size\" = \"5\""
    );
    assert!(numbers.find(1, 1).unwrap().editable && !numbers.find(2, 1).unwrap().editable);
}

#[test]
fn what_hears_of_clicks_is_numbered_where_it_is_small() {
    let page = json!(["RootWebArea", "", {}, [
        ["generic", "", {}, [text("Open "), ["ignored", "", {}, [text("me")]]]],
        ["generic", "", {}, [["button", "Inner", {}, []]]],
        ["generic", "", { "focusable": true }, [text("Tab here")]],
    ]]);
    let clickable: Vec<i64> = (1..20).collect();
    assert_eq!(
        outline(&page, &clickable, 20_000).0,
        "[1] clickable \"Open me\"\n[2] button \"Inner\"\n[3] clickable \"Tab here\""
    );
    assert_eq!(outline(&page, &[], 20_000).0, "Open me\n[1] button \"Inner\"\n[2] clickable \"Tab here\"");
}

#[test]
fn a_long_page_is_cut_and_says_so() {
    let lines: Vec<Value> = (0..1000).map(|_| json!(["paragraph", "", {}, [text("zwölf Wörter")]])).collect();
    let (text, _) = outline(&json!(["RootWebArea", "", {}, lines]), &[], 100);
    assert_eq!(text.lines().next(), Some("zwölf Wörter"));
    assert!(text.ends_with("[Only the first 100 characters of the page are shown.]"), "{text}");
    assert!(text.chars().count() < 170);
}

#[test]
fn nesting_without_end_is_left_unread() {
    let mut page = text("deepest");
    for _ in 0..100 {
        page = json!(["generic", "", {}, [page]]);
    }
    assert_eq!(outline(&page, &[], 1000).0, "deepest");
    // Flat to build, deep to read.
    let nodes: Vec<Value> = (0..100_000)
        .map(|id| {
            json!({ "nodeId": id.to_string(), "role": { "value": "generic" },
                    "parentId": if id == 0 { json!(null) } else { json!((id - 1).to_string()) },
                    "childIds": [(id + 1).to_string()] })
        })
        .collect();
    let page = Tree::new("frame".into(), serde_json::from_value(nodes.into()).unwrap());
    let trees = Trees { page, partial: false, frames: std::collections::HashMap::new() };
    assert_eq!(write(&trees, &HashSet::new(), &mut Numbers::default(), 1000), "");
}
