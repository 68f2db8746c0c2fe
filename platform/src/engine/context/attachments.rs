//! What goes with a person's messages.

use crate::{Error, OrgScope, engine::prompt, files::Files};
use alumia_models::Part;
use alumia_protocol::{ProjectId, sessions::Attachment};
use base64::Engine as _;

/// Bytes of one text attachment that a model reads.
const TEXT: usize = 32 * 1024;
/// Bytes of one image.
const IMAGE: usize = 5 * 1024 * 1024;

/// An attachment's content, made ready for a model.
#[derive(Clone, Debug)]
pub enum Loaded {
    Text(String),
    Image {
        media_type: String,
        data: String,
    },
    /// Why the model gets only its name.
    Note(String),
}

impl Loaded {
    pub(super) fn tokens(&self) -> usize {
        match self {
            Self::Text(text) | Self::Note(text) => text.len() / 3 + 40,
            Self::Image { .. } => 1_500,
        }
    }
}

/// Reads an attachment; trouble becomes a note that the model and the person can act on.
pub async fn load(
    files: &Files,
    scope: &OrgScope,
    project: ProjectId,
    attachment: &Attachment,
    vision: bool,
) -> Loaded {
    let image = attachment.media_type.starts_with("image/");
    if image && !vision {
        return Loaded::Note("this model does not see images".into());
    }
    let text = attachment.media_type.starts_with("text/")
        || matches!(
            attachment.media_type.as_str(),
            "application/json" | "application/csv" | "application/xml"
        );
    if !image && !text {
        return Loaded::Note("read it with a tool".into());
    }
    // One byte more than is shown says that there is more; a bigger file is left to the file tools.
    let max = if image { IMAGE } else { 1024 * 1024 };
    match files.read(scope, project, &attachment.path, max).await {
        Ok(bytes) if image => Loaded::Image {
            media_type: attachment.media_type.clone(),
            data: base64::engine::general_purpose::STANDARD.encode(bytes),
        },
        Ok(bytes) => Loaded::Text(prompt::cap(&String::from_utf8_lossy(&bytes), TEXT)),
        Err(Error::TooLarge(_)) => {
            Loaded::Note("too large to show here; read it in parts with a tool".into())
        }
        Err(Error::NotFound(_)) => Loaded::Note("the file is not in the project any more".into()),
        Err(_) => Loaded::Note("the file can't be read just now".into()),
    }
}

/// The attachment as a part of the person's message.
pub(super) fn part(attachment: &Attachment, loaded: Option<&Loaded>) -> Part {
    let note = |why: &str| {
        let size = attachment.size;
        let text = format!(
            "{} ({}, {size} bytes) at {}: {why}",
            attachment.name, attachment.media_type, attachment.path
        );
        Part::Text(prompt::data("attachment", ("name", &attachment.name), &text))
    };
    match loaded {
        Some(Loaded::Text(text)) => {
            let text = format!("File in the project: {}\n\n{text}", attachment.path);
            Part::Text(prompt::data("attachment", ("name", &attachment.name), &text))
        }
        Some(Loaded::Image { media_type, data }) => {
            Part::Image { media_type: media_type.clone(), data: data.clone() }
        }
        Some(Loaded::Note(why)) => note(why),
        None => note("read it with a tool"),
    }
}
