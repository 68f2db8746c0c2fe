//! What the roles of the accessibility tree mean for the outline.

/// What can be acted on by its role.
pub(super) const ACTED_ON: [&str; 19] = [
    "button",
    "checkbox",
    "ColorWell",
    "combobox",
    "Date",
    "DateTime",
    "DisclosureTriangle",
    "InputTime",
    "link",
    "menuitem",
    "menuitemcheckbox",
    "menuitemradio",
    "option",
    "radio",
    "searchbox",
    "slider",
    "spinbutton",
    "switch",
    "textbox",
];

/// More of that, which holds others: what is in it is read too.
pub(super) const HOLDING: [&str; 5] = ["gridcell", "listbox", "tab", "treeitem", "row"];

/// Parts of a page that are worth a line of their own, even without a name.
pub(super) const PARTS: [&str; 9] = [
    "alert",
    "alertdialog",
    "complementary",
    "contentinfo",
    "dialog",
    "form",
    "navigation",
    "search",
    "status",
];

/// Parts that are worth one with a name.
pub(super) const NAMED: [&str; 12] = [
    "article",
    "figure",
    "group",
    "listbox",
    "main",
    "menu",
    "menubar",
    "radiogroup",
    "region",
    "tablist",
    "toolbar",
    "tree",
];

/// What holds running text.
pub(super) const RUNNING: [&str; 16] = [
    "paragraph",
    "heading",
    "LabelText",
    "blockquote",
    "caption",
    "code",
    "definition",
    "DescriptionListTerm",
    "DescriptionListDetail",
    "DescriptionListDetails",
    "Figcaption",
    "Legend",
    "term",
    "Pre",
    "note",
    "Abbr",
];

/// What a role is called.
pub(super) fn shown(role: &str) -> &str {
    match role {
        "ColorWell" => "color field",
        "Date" | "DateTime" => "date field",
        "InputTime" => "time field",
        "DisclosureTriangle" => "disclosure",
        role => role,
    }
}
