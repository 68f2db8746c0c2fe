use std::collections::HashMap;

/// Something that can be acted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    /// The number by which the browser knows it, good for the process that shows the page.
    pub node: i64,
    /// The frame that it is in.
    pub frame: String,
    /// Whether text can be written into it.
    pub editable: bool,
}

/// What the numbers of the outline that was given last stand for.
///
/// Something keeps its number as long as the page is the same, and no number is ever used for something else: who
/// remembers one of an earlier page gets an error and no wrong click.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    shown: HashMap<u32, Element>,
    known: HashMap<i64, u32>,
    last: u32,
    commits: u64,
}

impl Numbers {
    /// Begins a new outline, of the page that was shown as the so many-th.
    pub(crate) fn renew(&mut self, commits: u64) -> &mut Self {
        if commits != self.commits {
            // The browser's own numbers may begin anew with another page.
            self.known.clear();
        }
        self.commits = commits;
        self.shown.clear();
        self
    }

    /// The number of something that is shown.
    pub(super) fn give(&mut self, element: Element) -> u32 {
        let last = &mut self.last;
        let number = *self.known.entry(element.node).or_insert_with(|| {
            *last += 1;
            *last
        });
        self.shown.insert(number, element);
        number
    }

    /// What has a number, if the page is still the one of the outline.
    pub(crate) fn find(&self, number: u32, commits: u64) -> Option<&Element> {
        if commits == self.commits { self.shown.get(&number) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(node: i64) -> Element {
        Element { node, frame: "f".into(), editable: false }
    }

    #[test]
    fn numbers_stay_while_the_page_does_and_never_come_back() {
        let mut numbers = Numbers::default();
        let outline = numbers.renew(1);
        assert_eq!((outline.give(element(70)), outline.give(element(80))), (1, 2));
        let outline = numbers.renew(1);
        assert_eq!((outline.give(element(80)), outline.give(element(90))), (2, 3));
        // Not shown any more, so it can't be acted on.
        assert_eq!(numbers.find(1, 1), None);
        assert_eq!(numbers.find(2, 1), Some(&element(80)));
        // The page went on without being read.
        assert_eq!(numbers.find(2, 2), None);
        assert_eq!(numbers.renew(2).give(element(80)), 4);
        assert_eq!(numbers.find(2, 2), None);
    }
}
