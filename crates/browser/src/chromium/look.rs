//! Reads the page.

use super::{state::named, tab::Tab};
use crate::{
    BrowserError, Page,
    outline::{self, Node, Numbers, Tree, Trees},
};
use serde::Deserialize;
use serde_json::json;
use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

/// Frames that are read.
const FRAMES: usize = 20;

/// From so many nodes of the document on, only as much of the page is read as is shown: the browser needs a second for
/// every 20,000 parts of the tree.
const LARGE: u64 = 15_000;

/// Questions about a large page.
const QUESTIONS: usize = 5000;

/// A page that changes while it is read is read once more after this.
const PATIENCE: Duration = Duration::from_millis(200);

impl Tab {
    /// The page as it is now, its numbers in place of the last ones.
    pub(super) async fn look(&self, numbers: &mut Numbers, loading: bool) -> Result<Page, BrowserError> {
        // Where it goes on to another page meanwhile, the numbers are stale from the beginning.
        let commits = self.state.borrow().commits;
        let mut trees = self.trees().await;
        if matches!(trees, Err(BrowserError::Unexpected(_))) {
            tokio::time::sleep(PATIENCE).await;
            trees = self.trees().await;
        }
        if matches!(trees, Err(BrowserError::Busy)) {
            self.interrupt();
            trees = self.trees().await;
        }
        let text = match trees {
            Ok(trees) => self.outline(&trees, numbers.renew(commits)).await,
            Err(BrowserError::TooLarge) => {
                numbers.renew(commits);
                TOO_LARGE.into()
            }
            Err(fault) => return Err(fault),
        };
        let target = self.state.borrow().page.as_ref().map(|ids| ids.target.clone());
        let about = self.ask_browser("Target.getTargetInfo", json!({ "targetId": target })).await?;
        let word = |name: &str| about["targetInfo"][name].as_str().unwrap_or_default().to_owned();
        named(&self.state, &self.watch, &word("url"), &word("title"));
        let mut page = Page { url: word("url"), title: word("title"), text, loading, ..Page::default() };
        self.state.send_modify(|state| {
            page.status = state.shown.1;
            page.notes = state.notes.take();
        });
        Ok(page)
    }

    async fn outline(&self, trees: &Trees, numbers: &mut Numbers) -> String {
        let clickable = if trees.partial { HashSet::new() } else { self.clickable().await };
        outline::write(trees, &clickable, numbers, self.limits.text)
    }

    /// The accessibility trees of the page and of its frames.
    async fn trees(&self) -> Result<Trees, BrowserError> {
        let main = self.state.borrow().page.as_ref().map(|ids| ids.target.clone()).unwrap_or_default();
        let counted = self.ask("Memory.getDOMCounters", json!({})).await?;
        let partial = counted["nodes"].as_u64().unwrap_or_default() > LARGE;
        if partial {
            let page = self.beginning(main).await?;
            return Ok(Trees { page, partial, frames: HashMap::new() });
        }
        let page = self.tree(main).await?;
        let mut frames = HashMap::new();
        let mut wanted = page.frames();
        while let Some(owner) = wanted.pop() {
            if frames.len() >= FRAMES {
                break;
            }
            // A frame that is gone, or in a process of its own, is left out.
            let Ok(about) = self.ask("DOM.describeNode", json!({ "backendNodeId": owner })).await else {
                continue;
            };
            let Some(frame) = about["node"]["frameId"].as_str() else { continue };
            if let Ok(tree) = self.tree(frame.to_owned()).await {
                wanted.extend(tree.frames());
                frames.insert(owner, tree);
            }
        }
        Ok(Trees { page, partial, frames })
    }

    async fn tree(&self, frame: String) -> Result<Tree, BrowserError> {
        let asked = json!({ "frameId": frame });
        let Nodes { nodes } = self.ask_for("Accessibility.getFullAXTree", asked).await?;
        Ok(Tree::new(frame, nodes))
    }

    /// As much of a large page as is shown, in the order in which it is read.
    async fn beginning(&self, frame: String) -> Result<Tree, BrowserError> {
        self.ask("Accessibility.enable", json!({})).await?;
        let until = Instant::now() + self.limits.answer;
        let Root { node: root } =
            self.ask_for("Accessibility.getRootAXNode", json!({ "frameId": frame })).await?;
        let mut waiting = vec![root.id().to_owned()];
        let mut nodes = HashMap::from([(root.id().to_owned(), root)]);
        let (mut length, mut questions) = (0, 0);
        while let Some(id) = waiting.pop() {
            if length > self.limits.text || questions > QUESTIONS || Instant::now() > until {
                break;
            }
            let Some(node) = nodes.get(&id) else { continue };
            length += node.length();
            let inside = node.inside().to_vec();
            if inside.iter().any(|child| !nodes.contains_key(child)) {
                questions += 1;
                let asked = json!({ "id": id, "frameId": frame });
                let found: Nodes = self.ask_for("Accessibility.getChildAXNodes", asked).await?;
                nodes.extend(found.nodes.into_iter().map(|node| (node.id().to_owned(), node)));
            }
            waiting.extend(inside.into_iter().rev());
        }
        // Else the browser would tell of every change from now on.
        self.ask("Accessibility.disable", json!({})).await?;
        Ok(Tree::new(frame, nodes.into_values().collect()))
    }

    /// What hears of clicks, whatever its role.
    async fn clickable(&self) -> HashSet<i64> {
        let asked = json!({ "computedStyles": [] });
        let snapshot: Result<Snapshot, _> = self.ask_for("DOMSnapshot.captureSnapshot", asked).await;
        let documents = snapshot.map(|snapshot| snapshot.documents).unwrap_or_default();
        let nodes = documents.iter().map(|document| &document.nodes);
        nodes
            .flat_map(|nodes| {
                nodes.is_clickable.index.iter().filter_map(|at| nodes.backend_node_id.get(*at)).copied()
            })
            .collect()
    }
}

/// What stands in place of an outline that can't be made.
const TOO_LARGE: &str = "[The page is too large to be read. A screenshot shows what is in the window.]";

#[derive(Deserialize)]
struct Root {
    node: Node,
}

#[derive(Deserialize)]
struct Nodes {
    nodes: Vec<Node>,
}

/// What is needed of `DOMSnapshot.captureSnapshot`.
#[derive(Deserialize)]
struct Snapshot {
    documents: Vec<Document>,
}

#[derive(Deserialize)]
struct Document {
    nodes: Places,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Places {
    backend_node_id: Vec<i64>,
    is_clickable: Index,
}

#[derive(Default, Deserialize)]
struct Index {
    index: Vec<usize>,
}
