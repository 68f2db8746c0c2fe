//! What statements may do.

use rusqlite::hooks::{AuthAction as Action, AuthContext, Authorization};

/// Asked by SQLite for each part of each statement while it is compiled. What isn't named is refused: other databases,
/// settings, virtual tables, temporary ones, transactions of its own.
pub(crate) fn allows(context: AuthContext<'_>) -> Authorization {
    let fine = match context.action {
        Action::Select
        | Action::Read { .. }
        | Action::Insert { .. }
        | Action::Update { .. }
        | Action::Delete { .. }
        | Action::CreateTable { .. }
        | Action::CreateIndex { .. }
        | Action::CreateView { .. }
        | Action::CreateTrigger { .. }
        | Action::DropTable { .. }
        | Action::DropIndex { .. }
        | Action::DropView { .. }
        | Action::DropTrigger { .. }
        | Action::AlterTable { .. }
        | Action::Reindex { .. }
        | Action::Recursive => true,
        // Those that reach out of the database, or make something large of nothing. What `printf` makes is bounded as every
        // value is, and ALTER TABLE needs it to add a column.
        Action::Function { function_name } => !matches!(
            function_name.to_ascii_lowercase().as_str(),
            "load_extension" | "fts3_tokenizer" | "randomblob" | "zeroblob"
        ),
        _ => false,
    };
    if fine { Authorization::Allow } else { Authorization::Deny }
}
