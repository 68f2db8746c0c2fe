//! The accessibility tree as the browser gives it.

use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;

/// A node of `Accessibility.getFullAXTree`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Node {
    #[serde(rename = "nodeId")]
    id: String,
    parent_id: Option<String>,
    /// It is there for its children alone.
    pub ignored: bool,
    role: Worth,
    name: Worth,
    value: Worth,
    properties: Vec<Property>,
    child_ids: Vec<String>,
    #[serde(rename = "backendDOMNodeId")]
    pub dom: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
struct Worth {
    #[serde(default)]
    value: Value,
}

#[derive(Debug, Deserialize)]
struct Property {
    name: String,
    value: Worth,
}

impl Node {
    pub(super) fn role(&self) -> &str {
        self.role.value.as_str().unwrap_or_default()
    }

    /// As it is, spaces at its ends included.
    pub(super) fn name(&self) -> &str {
        self.name.value.as_str().unwrap_or_default()
    }

    pub(super) fn value(&self) -> String {
        plain(&self.value.value)
    }

    pub(super) fn property(&self, name: &str) -> String {
        let found = self.properties.iter().find(|property| property.name == name);
        found.map(|property| plain(&property.value.value)).unwrap_or_default()
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.property(name) == "true"
    }

    /// The tree's own number of it.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Those of what is in it, where that says something to readers.
    pub(crate) fn inside(&self) -> &[String] {
        if self.role() == "StaticText" { &[] } else { &self.child_ids }
    }

    /// Characters of text in it.
    pub(crate) fn length(&self) -> usize {
        if self.role() == "StaticText" { self.name().chars().count() } else { 0 }
    }

    fn is_frame(&self) -> bool {
        !self.ignored && self.role().starts_with("Iframe")
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// The tree of one frame.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(super) frame: String,
    nodes: Vec<Node>,
    places: HashMap<String, usize>,
}

impl Tree {
    pub(crate) fn new(frame: String, nodes: Vec<Node>) -> Self {
        let places = nodes.iter().enumerate().map(|(at, node)| (node.id.clone(), at)).collect();
        Self { frame, nodes, places }
    }

    /// The browser's numbers of the elements that hold frames.
    pub(crate) fn frames(&self) -> Vec<i64> {
        self.nodes.iter().filter(|node| node.is_frame()).filter_map(|node| node.dom).collect()
    }

    pub(super) fn root(&self) -> Option<&Node> {
        self.nodes.iter().find(|node| node.parent_id.is_none())
    }

    pub(super) fn children<'a>(&'a self, node: &'a Node) -> impl Iterator<Item = &'a Node> + Clone {
        node.child_ids.iter().filter_map(|id| self.places.get(id)).map(|at| &self.nodes[*at])
    }
}

/// A page's tree, and those of its frames by the elements that hold them.
#[derive(Debug)]
pub(crate) struct Trees {
    pub page: Tree,
    /// Whether that is only its beginning.
    pub partial: bool,
    pub frames: HashMap<i64, Tree>,
}
