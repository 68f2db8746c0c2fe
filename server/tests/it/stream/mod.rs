//! Event streams over real HTTP: cut anywhere, resumed, slow, silent, and in another protocol's words.

mod ai_sdk;
mod cut;
mod fold;
mod life;
mod moved_on;
mod presence;
mod scripts;
mod share;
