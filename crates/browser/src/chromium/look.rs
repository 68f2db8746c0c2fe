//! Reads the page.

use super::tab::Tab;
use crate::{
    BrowserError, Page,
    outline::{self, Node, Numbers, Tree, Trees},
};
use serde::Deserialize;
use serde_json::json;
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

/// Frames that are read.
const FRAMES: usize = 20;

/// Elements up to which it is looked what hears of clicks; above it would take too long.
const SEARCHED: usize = 20_000;

/// A page that changes while it is read is read once more after this.
const PATIENCE: Duration = Duration::from_millis(200);

impl Tab {
    /// The page as it is now, its numbers in place of the last ones.
    pub(super) async fn look(&self, numbers: &mut Numbers, loading: bool) -> Result<Page, BrowserError> {
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
            Ok(trees) => self.outline(&trees, numbers).await,
            Err(BrowserError::TooLarge) => {
                numbers.renew(self.state.borrow().commits);
                TOO_LARGE.into()
            }
            Err(fault) => return Err(fault),
        };
        let target = self.state.borrow().page.as_ref().map(|ids| ids.target.clone());
        let about = self.ask_browser("Target.getTargetInfo", json!({ "targetId": target })).await?;
        let word = |name: &str| about["targetInfo"][name].as_str().unwrap_or_default().to_owned();
        let mut page = Page { url: word("url"), title: word("title"), text, loading, ..Page::default() };
        self.state.send_modify(|state| {
            page.status = state.document.status;
            page.notes = state.notes.take();
        });
        Ok(page)
    }

    async fn outline(&self, trees: &Trees, numbers: &mut Numbers) -> String {
        let clickable = if trees.size() > SEARCHED { HashSet::new() } else { self.clickable().await };
        let commits = self.state.borrow().commits;
        outline::write(trees, &clickable, numbers.renew(commits), self.limits.text)
    }

    /// The accessibility trees of the page and of its frames.
    async fn trees(&self) -> Result<Trees, BrowserError> {
        let main = self.state.borrow().page.as_ref().map(|ids| ids.target.clone()).unwrap_or_default();
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
        Ok(Trees { page, frames })
    }

    async fn tree(&self, frame: String) -> Result<Tree, BrowserError> {
        let asked = json!({ "frameId": frame });
        let Nodes { nodes } = self.ask_for("Accessibility.getFullAXTree", asked).await?;
        Ok(Tree::new(frame, nodes))
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
