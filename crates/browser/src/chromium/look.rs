//! Reads the page.

use super::tab::Tab;
use crate::{
    BrowserError, Page,
    outline::{self, Numbers, Tree},
};
use serde_json::{Value, json};
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
        let trees = trees?;
        let clickable = if trees.size() > SEARCHED { HashSet::new() } else { self.clickable().await };
        let (commits, target) = {
            let state = self.state.borrow();
            (state.commits, state.page.as_ref().map(|ids| ids.target.clone()))
        };
        let text = outline::write(&trees, &clickable, numbers.renew(commits), self.limits.text);
        let about = self.ask_browser("Target.getTargetInfo", json!({ "targetId": target })).await?;
        let word = |name: &str| about["targetInfo"][name].as_str().unwrap_or_default().to_owned();
        let mut page = Page { url: word("url"), title: word("title"), text, loading, ..Page::default() };
        self.state.send_modify(|state| {
            page.status = state.document.status;
            page.notes = state.notes.take();
        });
        Ok(page)
    }

    /// The accessibility trees of the page and of its frames.
    async fn trees(&self) -> Result<outline::Trees, BrowserError> {
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
        Ok(outline::Trees { page, frames })
    }

    async fn tree(&self, frame: String) -> Result<Tree, BrowserError> {
        let mut answer = self.ask("Accessibility.getFullAXTree", json!({ "frameId": frame })).await?;
        let nodes = serde_json::from_value(answer["nodes"].take());
        Ok(Tree::new(frame, nodes.map_err(|fault| BrowserError::Unexpected(fault.to_string()))?))
    }

    /// What hears of clicks, whatever its role.
    async fn clickable(&self) -> HashSet<i64> {
        let asked = json!({ "computedStyles": [] });
        let Ok(snapshot) = self.ask("DOMSnapshot.captureSnapshot", asked).await else {
            return HashSet::new();
        };
        let documents = snapshot["documents"].as_array().into_iter().flatten();
        documents
            .flat_map(|document| {
                let nodes = &document["nodes"];
                let places = nodes["isClickable"]["index"].as_array().into_iter().flatten();
                let place = |place: &Value| usize::try_from(place.as_u64()?).ok();
                places.filter_map(move |at| nodes["backendNodeId"].get(place(at)?)?.as_i64())
            })
            .collect()
    }
}
