//! What the canvas knows while it is open: where every node is, what is selected, what is on the
//! screen. One handle that every part of the canvas shares.

use super::{
    geometry::{
        Point, Rect, Size,
        grid::Grid,
        history::History,
        snap::{Gap, Guide},
        viewport::Viewport,
    },
    outbox::{Edit, Outbox},
};
use crate::live::{Live, SessionSignals, shared::is_shared};
use alumia_protocol::{
    BlockId,
    blocks::{Block, Content, NodeId, Position},
    sessions::Session,
};
use leptos::{html, prelude::*};
use std::collections::{HashMap, HashSet};

/// Below this zoom nodes are a title and a colour.
pub(super) const FAR: f64 = 0.35;
/// How many nodes are drawn before the canvas knows its size: all that a page without script shows.
const FIRST: usize = 300;
const AGENT: Size = Size::new(288.0, 148.0);
const BLOCK: Size = Size::new(420.0, 260.0);

/// How a node stands out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mark {
    /// Not at all.
    #[default]
    None,
    /// One of several that are selected.
    Selected,
    /// The one that is selected: its content is live.
    Solo,
}

/// What a node is of.
#[derive(Clone, Copy)]
pub(super) enum Source {
    /// A block.
    Block(RwSignal<Block>),
    /// A session's agent.
    Agent(SessionSignals),
}

/// One node. What changes often has a signal of its own, so that moving it doesn't draw its content.
#[derive(Clone, Copy)]
pub(super) struct Node {
    pub id: NodeId,
    pub source: Source,
    pub rect: RwSignal<Rect>,
    /// Whether its height fits its content.
    pub fits: RwSignal<bool>,
    pub z: RwSignal<i64>,
    pub mark: RwSignal<Mark>,
    /// Whether its content is drawn, not just its frame.
    pub detailed: RwSignal<bool>,
}

impl Node {
    /// What it is called.
    pub fn title(self) -> String {
        match self.source {
            Source::Block(block) => block.with_untracked(|block| {
                if block.title.is_empty() { kind_name(&block.content).into() } else { block.title.clone() }
            }),
            Source::Agent(agent) => {
                agent.session.with_untracked(|session| format!("{}: {}", session.agent_name, session.label))
            }
        }
    }

    /// Its place as the project stores it.
    pub fn position(self) -> Position {
        let (rect, fits, z) = (self.rect.get_untracked(), self.fits.get_untracked(), self.z.get_untracked());
        let stored = match self.source {
            Source::Block(block) => block.with_untracked(|block| block.position.clone()),
            Source::Agent(agent) => agent.session.with_untracked(|session| session.position.clone()),
        };
        let height = if fits { 0.0 } else { rect.h };
        Position { x: rect.x, y: rect.y, width: rect.w, height, z, ..stored }
    }
}

/// What a block is called when it has no title.
pub(crate) fn kind_name(content: &Content) -> &'static str {
    use alumia_protocol::{dataspec::DataSpec, show::Show};
    match content {
        Content::Data(spec) => match spec {
            DataSpec::Markdown(_) => "Note",
            DataSpec::Callout(_) => "Callout",
            DataSpec::Metric(_) => "Metric",
            DataSpec::KpiGrid(_) => "Key figures",
            DataSpec::Card(_) => "Card",
            DataSpec::Table(_) => "Table",
            DataSpec::List(_) => "List",
            DataSpec::Form(_) => "Form",
            DataSpec::Chart(_) => "Chart",
            DataSpec::Timeline(_) => "Timeline",
            DataSpec::Kanban(_) => "Board",
            DataSpec::Dashboard(_) => "Dashboard",
        },
        Content::Show(show) => match show {
            Show::Document { .. } => "Document",
            Show::Code { .. } => "Code",
            Show::Terminal { .. } => "Terminal",
            Show::Image { .. } => "Image",
            Show::Browser { .. } => "Browser",
            Show::Spreadsheet(_) => "Spreadsheet",
            Show::Timer(_) => "Timer",
            Show::Drawing(_) => "Drawing",
            Show::Transcript(_) => "Transcript",
            Show::Audio(_) => "Audio",
            Show::Video(_) => "Video",
            Show::Map(_) => "Map",
            Show::Pdf(_) => "PDF",
        },
        Content::App(_) => "App",
    }
}

/// Rectangle and whether the height fits the content.
fn placed(position: &Position, size: Size) -> (Rect, bool) {
    let fits = position.height <= 0.0;
    let width = if position.width > 0.0 { position.width.max(120.0) } else { size.w };
    let height = if fits { size.h } else { position.height };
    (Rect::new(position.x, position.y, width, height).tamed(), fits)
}

/// What the pointer's menu was opened for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct MenuAt {
    pub at: Point,
    pub node: Option<NodeId>,
}

/// What no part of the page follows.
#[derive(Default)]
pub(super) struct Inner {
    pub nodes: HashMap<NodeId, Node>,
    pub grid: Grid<NodeId>,
    pub history: History<Edit>,
    pub outbox: Outbox,
    pub held: HashSet<NodeId>,
    /// Drawn wherever they are, because they go into a picture.
    pub exporting: HashSet<NodeId>,
    pub focused: Option<NodeId>,
    pub focus_wanted: Option<NodeId>,
    pub wanted_view: Option<Viewport>,
    pub glide: Option<super::frame::Glide>,
    pub gesture: super::pointer::Gesture,
    pub pointer: super::pointer::Pointers,
    pub framed: bool,
    pub stale: super::frame::Stale,
    pub culled: Option<Rect>,
    pub space: bool,
    pub inside: bool,
    pub extra_edges: Vec<(NodeId, NodeId)>,
    /// Whether the view goes where something new appears: until a person looks elsewhere.
    pub follows: bool,
    /// Something appeared since the last frame.
    pub appeared: bool,
    pub telling: super::presence::Telling,
}

/// The canvas's handle.
#[derive(Clone, Copy)]
pub(super) struct Scene {
    pub live: Live,
    /// Nothing can be changed: it is seen by a share link.
    pub read_only: bool,
    pub owner: StoredValue<Owner>,
    pub inner: StoredValue<Inner>,
    pub root: NodeRef<html::Section>,
    pub view: RwSignal<Viewport>,
    pub size: RwSignal<Size>,
    /// Whether the page's script has taken over.
    pub ready: RwSignal<bool>,
    pub visible: RwSignal<Vec<NodeId>>,
    pub selection: RwSignal<Vec<NodeId>>,
    pub moving: RwSignal<bool>,
    pub guides: RwSignal<(Vec<Guide>, Vec<Gap>)>,
    pub marquee: RwSignal<Option<Rect>>,
    pub snap: RwSignal<bool>,
    pub news: RwSignal<String>,
    pub menu: RwSignal<Option<MenuAt>>,
    pub finding: RwSignal<bool>,
    /// Whether the dialog for the share link is open.
    pub sharing: RwSignal<bool>,
    /// Whether the dialog for files of the canvas is open.
    pub exporting: RwSignal<bool>,
    /// The block whose former versions are looked at.
    pub versions_of: RwSignal<Option<BlockId>>,
    pub pinned: RwSignal<Option<NodeId>>,
    pub undoable: RwSignal<(bool, bool)>,
    pub paths: RwSignal<super::edges::Paths>,
    /// Counts up when nodes moved, came or went.
    pub layout: RwSignal<u32>,
}

impl Scene {
    pub fn new(live: Live) -> Self {
        let scene = Self {
            live,
            read_only: is_shared(),
            owner: StoredValue::new(Owner::current().unwrap_or_default()),
            inner: StoredValue::new(Inner::default()),
            root: NodeRef::new(),
            view: RwSignal::new(Viewport::default()),
            size: RwSignal::new(Size::default()),
            ready: RwSignal::new(false),
            visible: RwSignal::new(vec![]),
            selection: RwSignal::new(vec![]),
            moving: RwSignal::new(false),
            guides: RwSignal::new((vec![], vec![])),
            marquee: RwSignal::new(None),
            snap: RwSignal::new(false),
            news: RwSignal::new(String::new()),
            menu: RwSignal::new(None),
            finding: RwSignal::new(false),
            sharing: RwSignal::new(false),
            exporting: RwSignal::new(false),
            versions_of: RwSignal::new(None),
            pinned: RwSignal::new(None),
            undoable: RwSignal::new((false, false)),
            paths: RwSignal::new(super::edges::Paths::default()),
            layout: RwSignal::new(0),
        };
        let extra = use_context::<super::bench::ExtraEdges>();
        scene.inner.update_value(|inner| {
            inner.extra_edges = extra.map(|extra| extra.0).unwrap_or_default();
        });
        scene.match_live(&live.sessions().get_untracked(), &live.blocks().get_untracked());
        scene.first_look();
        scene
    }

    /// What a page shows before its script runs: everything, from the top left corner on.
    fn first_look(self) {
        let all = self.inner.with_value(|inner| inner.grid.iter().collect::<Vec<_>>());
        if let Some(bounds) = Rect::around(all.iter().map(|(_, rect)| *rect)) {
            let origin = Point::new(bounds.x - 32.0, bounds.y - 32.0);
            self.view.set(Viewport { origin, zoom: 1.0 });
        }
        let mut order = super::geometry::order::reading(all);
        order.truncate(FIRST);
        for node in order.iter().filter_map(|id| self.node(*id)) {
            node.detailed.set(true);
        }
        self.visible.set(order);
        self.paths.set(super::edges::draw(self));
    }

    pub fn node(self, id: NodeId) -> Option<Node> {
        self.inner.with_value(|inner| inner.nodes.get(&id).copied())
    }

    /// Brings the nodes up to what the project has.
    pub fn match_live(self, sessions: &[alumia_protocol::SessionId], blocks: &[alumia_protocol::BlockId]) {
        let wanted: HashSet<NodeId> = sessions
            .iter()
            .map(|id| NodeId::Session(*id))
            .chain(blocks.iter().map(|id| NodeId::Block(*id)))
            .collect();
        let known: Vec<NodeId> = self.inner.with_value(|inner| inner.nodes.keys().copied().collect());
        for gone in known.iter().filter(|id| !wanted.contains(id)) {
            self.inner.update_value(|inner| {
                inner.nodes.remove(gone);
                inner.grid.remove(*gone);
                inner.held.remove(gone);
            });
        }
        for id in wanted {
            if self.node(id).is_none() {
                self.add(id);
                self.inner.update_value(|inner| inner.appeared = true);
            }
        }
        let present = self.inner.with_value(|inner| inner.nodes.keys().copied().collect::<HashSet<_>>());
        if self.selection.with_untracked(|ids| ids.iter().any(|id| !present.contains(id))) {
            self.select(
                self.selection.get_untracked().into_iter().filter(|id| present.contains(id)).collect(),
            );
        }
    }

    fn add(self, id: NodeId) {
        let source = match id {
            NodeId::Block(block) => self.live.block(block).map(Source::Block),
            NodeId::Session(session) => self.live.session(session).map(Source::Agent),
        };
        let Some(source) = source else { return };
        self.owner.get_value().with(|| {
            let (position, size) = match source {
                Source::Block(block) => (block.with_untracked(|block| block.position.clone()), BLOCK),
                Source::Agent(agent) => (agent.session.with_untracked(agent_position), AGENT),
            };
            let (rect, fits) = placed(&position, size);
            let node = Node {
                id,
                source,
                rect: RwSignal::new(rect),
                fits: RwSignal::new(fits),
                z: RwSignal::new(position.z),
                mark: RwSignal::new(Mark::None),
                detailed: RwSignal::new(false),
            };
            self.inner.update_value(|inner| {
                inner.nodes.insert(id, node);
                inner.grid.put(id, rect);
            });
            // What the project says about the place, unless a hand is on the node.
            let told = match source {
                Source::Block(block) => Memo::new(move |_| block.with(|block| block.position.clone())),
                Source::Agent(agent) => Memo::new(move |_| agent.session.with(agent_position)),
            };
            Effect::new(move |before: Option<()>| {
                let told = told.get();
                if before.is_some() && !self.inner.with_value(|inner| inner.is_held(id)) {
                    self.settle(node, &told);
                }
            });
        });
    }

    /// Puts a node where the project says that it is.
    pub fn settle(self, node: Node, told: &Position) {
        let size = match node.source {
            Source::Block(_) => BLOCK,
            Source::Agent(_) => AGENT,
        };
        let (mut rect, fits) = placed(told, size);
        if fits {
            // The measured height stays until the next measure.
            rect.h = node.rect.with_untracked(|now| now.h);
        }
        if node.fits.get_untracked() != fits {
            node.fits.set(fits);
        }
        if node.z.get_untracked() != told.z {
            node.z.set(told.z);
        }
        // It may have come to a workboard, or left one, where it stands.
        self.mark_stale(|stale| stale.layout = true);
        self.put(node, rect);
    }

    /// Moves a node on the screen, and nothing else.
    pub fn put(self, node: Node, rect: Rect) {
        if self.inner.try_update_value(|inner| inner.grid.put(node.id, rect)) == Some(true) {
            node.rect.set(rect);
            self.inner.update_value(|inner| inner.stale.layout = true);
            self.request_frame();
        }
    }

    /// Selects exactly these.
    pub fn select(self, ids: Vec<NodeId>) {
        let before = self.selection.get_untracked();
        if before == ids {
            return;
        }
        let mark = if ids.len() == 1 { Mark::Solo } else { Mark::Selected };
        let kept: HashSet<NodeId> = ids.iter().copied().collect();
        for node in before.iter().filter(|id| !kept.contains(id)).filter_map(|id| self.node(*id)) {
            node.mark.set(Mark::None);
        }
        for node in ids.iter().filter_map(|id| self.node(*id)) {
            if node.mark.get_untracked() != mark {
                node.mark.set(mark);
            }
        }
        self.inner.update_value(|inner| inner.stale.edges = true);
        self.selection.set(ids);
        self.request_frame();
    }

    /// Everything in reading order.
    pub fn reading_order(self) -> Vec<NodeId> {
        super::geometry::order::reading(self.inner.with_value(|inner| inner.grid.iter().collect::<Vec<_>>()))
    }

    /// Around everything, or around some.
    pub fn bounds(self, of: Option<&[NodeId]>) -> Option<Rect> {
        self.inner.with_value(|inner| match of {
            None => inner.grid.bounds(),
            Some(ids) => Rect::around(ids.iter().filter_map(|id| inner.grid.get(*id))),
        })
    }

    /// Says something to those who listen instead of look.
    pub fn announce(self, text: impl Into<String>) {
        self.news.set(text.into());
    }
}

fn agent_position(session: &Session) -> Position {
    // An agent's node has one width; its height fits.
    Position { width: AGENT.w, height: 0.0, ..session.position.clone() }
}

impl Inner {
    /// Whether a hand is on the node or its move is on its way to the server.
    pub fn is_held(&self, id: NodeId) -> bool {
        self.held.contains(&id) || self.outbox.is_moving(id)
    }
}
