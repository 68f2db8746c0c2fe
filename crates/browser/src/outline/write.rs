use super::{
    numbers::{Element, Numbers},
    roles::{ACTED_ON, HOLDING, NAMED, PARTS, RUNNING, shown},
    tree::{Node, Tree, Trees},
    words::{NAME, named, quoted, states, worth},
};
use std::{collections::HashSet, fmt::Write as _};

/// Below this many levels nothing is read: scripts can nest without end.
const DEEPEST: usize = 200;

/// Entries of a list to choose from.
const ENTRIES: usize = 40;

/// The outline, at most so many characters long, and the numbers in it.
pub(crate) fn write(trees: &Trees, clickable: &HashSet<i64>, numbers: &mut Numbers, most: usize) -> String {
    let mut writer = Writer {
        trees,
        clickable,
        numbers,
        most,
        out: String::new(),
        length: 0,
        line: String::new(),
        prefix: None,
        indent: 0,
        running: 0,
        in_cell: 0,
        after_piece: false,
    };
    writer.tree(&trees.page, 0);
    writer.end()
}

struct Writer<'a> {
    trees: &'a Trees,
    clickable: &'a HashSet<i64>,
    numbers: &'a mut Numbers,
    most: usize,
    out: String,
    /// Characters in `out`.
    length: usize,
    /// The line that is being written.
    line: String,
    /// What it begins with, one level further out.
    prefix: Option<String>,
    indent: usize,
    /// In how much running text this is; outside of it each piece has a line of its own.
    running: usize,
    /// In how many cells of tables, whose rows stay one line.
    in_cell: usize,
    /// Whether the line ends in something that is no text.
    after_piece: bool,
}

impl Writer<'_> {
    fn end(mut self) -> String {
        self.flush();
        if self.is_full() {
            let end = self.out.char_indices().nth(self.most).map_or(self.out.len(), |(at, _)| at);
            self.out.truncate(end);
            let _ = write!(self.out, "\n[Only the first {} characters of the page are shown.]", self.most);
        } else if self.trees.partial {
            self.out.push_str("\n[Only the beginning of the page is shown; it is too large.]");
        }
        self.out.trim_start_matches('\n').trim_end().to_owned()
    }

    const fn is_full(&self) -> bool {
        self.length > self.most
    }

    /// Ends the line.
    fn flush(&mut self) {
        let line = std::mem::take(&mut self.line);
        let line = line.trim();
        self.after_piece = false;
        if line.is_empty() {
            return;
        }
        let prefix = self.prefix.take();
        let indent = if prefix.is_some() { self.indent.saturating_sub(1) } else { self.indent };
        let before = self.out.len();
        let _ = writeln!(self.out, "{:1$}{2}{line}", "", indent * 2, prefix.unwrap_or_default());
        self.length += self.out[before..].chars().count();
    }

    /// Ends the line where lines may end.
    fn part(&mut self) {
        if self.in_cell == 0 {
            self.flush();
        } else if !self.line.ends_with(' ') {
            self.line.push(' ');
        }
    }

    /// Adds something that is no text.
    fn piece(&mut self, piece: &str) {
        if !self.line.is_empty() && !self.line.ends_with(' ') {
            self.line.push(' ');
        }
        self.line.push_str(piece);
        self.after_piece = true;
        if self.running == 0 {
            self.flush();
        }
    }

    fn text(&mut self, text: &str) {
        if self.after_piece && text.starts_with(char::is_alphanumeric) {
            self.line.push(' ');
        }
        self.after_piece = false;
        for character in text.chars() {
            let character = if character.is_whitespace() { ' ' } else { character };
            if character != ' ' || !self.line.ends_with(' ') {
                self.line.push(character);
            }
        }
        if self.running == 0 {
            self.flush();
        }
    }

    fn tree(&mut self, tree: &Tree, depth: usize) {
        if let Some(root) = tree.root() {
            self.children(tree, root, depth);
        }
    }

    fn children(&mut self, tree: &Tree, node: &Node, depth: usize) {
        let is_text = |child: &Node| child.role() == "StaticText" && !child.name().trim().is_empty();
        // Text beside other things reads as one line.
        let runs = self.running == 0 && tree.children(node).any(is_text);
        if runs {
            self.part();
            self.running += 1;
        }
        for child in tree.children(node) {
            self.node(tree, child, depth + 1);
        }
        if runs {
            self.running -= 1;
            self.part();
        }
    }

    /// What holds running text, from one line's end to another's.
    fn run(&mut self, tree: &Tree, node: &Node, depth: usize) {
        self.part();
        self.running += 1;
        self.children(tree, node, depth);
        self.running -= 1;
        self.part();
    }

    /// A line that names a part of the page, and the part.
    fn under(&mut self, heading: &str, inside: impl FnOnce(&mut Self)) {
        self.flush();
        self.line.push_str(heading);
        self.flush();
        self.indent += 1;
        inside(self);
        self.flush();
        self.indent -= 1;
    }

    fn node(&mut self, tree: &Tree, node: &Node, depth: usize) {
        if self.is_full() || depth > DEEPEST {
            return;
        }
        let role = node.role();
        if node.ignored {
            return self.other(tree, node, depth);
        }
        match role {
            "StaticText" => self.text(node.name()),
            "LineBreak" => self.part(),
            "InlineTextBox" | "ListMarker" | "MenuListPopup" | "scrollbar" => {}
            "RootWebArea" => self.children(tree, node, depth),
            "heading" => {
                self.part();
                let level = node.property("level").parse().unwrap_or(1);
                self.line.push_str(&"#".repeat(level));
                self.line.push(' ');
                self.run_on(tree, node, depth);
            }
            "list" | "DescriptionList" => {
                self.part();
                self.children(tree, node, depth);
                self.part();
            }
            "listitem" => self.item(tree, node, depth),
            "row" if self.in_cell == 0 => {
                self.flush();
                self.line.push('|');
                if self.acts(node) {
                    let piece = self.numbered(tree, node, "");
                    let _ = write!(self.line, " {piece}");
                }
                self.run_on(tree, node, depth);
            }
            "cell" | "gridcell" | "columnheader" | "rowheader" => self.cell(tree, node, depth),
            "separator" => {
                self.part();
                self.piece("---");
                self.part();
            }
            "image" | "img" | "SvgRoot" => self.picture(tree, node),
            "Canvas" => self.piece("canvas"),
            "progressbar" | "meter" => {
                let piece = format!("{}{}", named(role, node.name()), worth(node));
                self.piece(&piece);
            }
            _ if role.starts_with("Iframe") => self.frame(node, depth),
            _ if ACTED_ON.contains(&role) => self.control(tree, node, depth),
            _ if HOLDING.contains(&role) && self.acts(node) => {
                let piece = self.numbered(tree, node, role);
                self.piece(&piece);
                if role == "listbox" {
                    self.indent += 1;
                    self.children(tree, node, depth);
                    self.indent -= 1;
                }
            }
            _ if PARTS.contains(&role) || NAMED.contains(&role) && !node.name().is_empty() => {
                let heading = format!("{}:", named(role, node.name()));
                self.under(&heading, |writer| writer.children(tree, node, depth));
            }
            "table" | "grid" | "treegrid" if !node.name().is_empty() => {
                let heading = format!("{}:", named("table", node.name()));
                self.under(&heading, |writer| writer.children(tree, node, depth));
            }
            _ if RUNNING.contains(&role) => self.run(tree, node, depth),
            _ => self.other(tree, node, depth),
        }
    }

    /// Running text on the line that has begun.
    fn run_on(&mut self, tree: &Tree, node: &Node, depth: usize) {
        self.running += 1;
        self.children(tree, node, depth);
        self.running -= 1;
        if self.line.trim_matches(['#', ' ']).is_empty() {
            self.line.clear();
        }
        self.part();
    }

    fn item(&mut self, tree: &Tree, node: &Node, depth: usize) {
        let marker =
            tree.children(node).find(|child| child.role() == "ListMarker").map(|marker| marker.name().trim());
        // Bullets come in many shapes that say nothing.
        let marker = marker.filter(|marker| marker.starts_with(char::is_alphanumeric)).unwrap_or("-");
        self.part();
        self.indent += 1;
        if self.in_cell == 0 {
            self.prefix = Some(format!("{marker} "));
        }
        self.run(tree, node, depth);
        self.prefix = None;
        self.indent -= 1;
    }

    fn cell(&mut self, tree: &Tree, node: &Node, depth: usize) {
        if self.running == 0 {
            return self.run(tree, node, depth);
        }
        self.line.push(' ');
        self.in_cell += 1;
        if node.role() == "gridcell" && self.acts(node) {
            let piece = self.numbered(tree, node, "cell");
            self.piece(&piece);
        } else {
            self.children(tree, node, depth);
        }
        self.in_cell -= 1;
        self.line.truncate(self.line.trim_end().len());
        self.line.push_str(" |");
        self.after_piece = false;
    }

    fn picture(&mut self, tree: &Tree, node: &Node) {
        if self.acts(node) {
            let piece = self.numbered(tree, node, "image");
            self.piece(&piece);
        } else if !node.name().trim().is_empty() {
            self.piece(&named("image", node.name()));
        }
    }

    fn frame(&mut self, node: &Node, depth: usize) {
        let trees = self.trees;
        let heading = named("frame", node.name());
        match node.dom.and_then(|dom| trees.frames.get(&dom)) {
            Some(tree) => {
                let (running, in_cell) =
                    (std::mem::take(&mut self.running), std::mem::take(&mut self.in_cell));
                self.under(&format!("{heading}:"), |writer| writer.tree(tree, depth));
                (self.running, self.in_cell) = (running, in_cell);
            }
            None => self.piece(&format!("{heading} (not readable)")),
        }
    }

    fn control(&mut self, tree: &Tree, node: &Node, depth: usize) {
        let role = node.role();
        // A box around a field of its own is what people see; the field is what is written in.
        let holds_field = role == "combobox"
            && tree.children(node).any(|child| matches!(child.role(), "textbox" | "searchbox"));
        if holds_field || node.dom.is_none() {
            return self.children(tree, node, depth);
        }
        let mut piece = self.numbered(tree, node, shown(role));
        if role == "combobox" {
            let popup = tree.children(node).find(|child| child.role() == "MenuListPopup");
            let entries: Vec<String> = popup.map(|popup| entries(tree, popup)).unwrap_or_default();
            if !entries.is_empty() {
                let _ = write!(piece, ", one of: {}", entries.join(", "));
            }
        }
        self.piece(&piece);
    }

    /// Whatever has no role that says more: its children, or one thing that can be clicked.
    fn other(&mut self, tree: &Tree, node: &Node, depth: usize) {
        if self.acts(node)
            && let Some(text) = summary(tree, node)
        {
            let piece = self.number(tree, node, &named("clickable", &text));
            return self.piece(&piece);
        }
        self.children(tree, node, depth);
    }

    /// Whether something that needn't can be acted on.
    fn acts(&self, node: &Node) -> bool {
        let hears = node.dom.is_some_and(|dom| self.clickable.contains(&dom));
        hears || !node.ignored && node.is("focusable") && node.role() != "RootWebArea"
    }

    fn numbered(&mut self, tree: &Tree, node: &Node, role: &str) -> String {
        let mut name = node.name().trim().to_owned();
        if name.is_empty() {
            name = summary(tree, node).unwrap_or_default();
        }
        if name.is_empty() && role == "link" {
            name = node.property("url");
        }
        let what = if role.is_empty() { String::new() } else { named(role, &name) };
        let what = format!("{what}{}{}", worth(node), states(node));
        self.number(tree, node, &what)
    }

    fn number(&mut self, tree: &Tree, node: &Node, what: &str) -> String {
        let Some(dom) = node.dom else { return what.to_owned() };
        let editable = !node.property("editable").is_empty();
        let number = self.numbers.give(Element { node: dom, frame: tree.frame.clone(), editable });
        if what.is_empty() { format!("[{number}]") } else { format!("[{number}] {what}") }
    }
}

/// The texts below a node, where that is little and there is nothing in it that can be acted on by itself.
fn summary(tree: &Tree, node: &Node) -> Option<String> {
    let mut text = String::new();
    let mut left = 60;
    let mut waiting: Vec<&Node> = vec![node];
    while let Some(next) = waiting.pop() {
        left -= 1;
        let acts = !std::ptr::eq(next, node) && !next.ignored && ACTED_ON.contains(&next.role());
        if left == 0 || acts || text.len() > NAME || next.role().starts_with("Iframe") {
            return None;
        }
        if matches!(next.role(), "StaticText" | "image" | "img") {
            text.push_str(next.name());
            text.push(' ');
            continue;
        }
        let children: Vec<&Node> = tree.children(next).collect();
        waiting.extend(children.into_iter().rev());
    }
    Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The entries of a closed list.
fn entries(tree: &Tree, popup: &Node) -> Vec<String> {
    let mut entries = Vec::new();
    let mut waiting: Vec<&Node> = tree.children(popup).collect();
    waiting.reverse();
    while let Some(next) = waiting.pop() {
        if !next.name().is_empty() && matches!(next.role(), "option" | "MenuListOption") {
            entries.push(quoted(next.name()));
            if entries.len() == ENTRIES {
                entries.push("…".into());
                break;
            }
            continue;
        }
        let children: Vec<&Node> = tree.children(next).collect();
        waiting.extend(children.into_iter().rev());
    }
    entries
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
