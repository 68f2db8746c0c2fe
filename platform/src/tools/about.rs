/// Those methods of [`Tool`](super::Tool) that are plain facts, written as such. The file's own `SCHEMA`
/// is the schema.
macro_rules! about {
    (
        name: $name:literal, group: $group:literal, effect: $effect:ident, idempotent: $idempotent:literal,
        seconds: $seconds:literal, title: $plain:literal, $doing:literal, $done:literal,
        description: $description:literal
    ) => {
        fn name(&self) -> &'static str {
            $name
        }
        fn group(&self) -> &'static str {
            $group
        }
        fn effect(&self) -> alumia_protocol::tools::Effect {
            alumia_protocol::tools::Effect::$effect
        }
        fn idempotent(&self) -> bool {
            $idempotent
        }
        fn timeout(&self) -> std::time::Duration {
            std::time::Duration::from_secs($seconds)
        }
        fn title(&self) -> alumia_protocol::tools::Title {
            alumia_protocol::tools::Title { plain: $plain, doing: $doing, done: $done }
        }
        fn description(&self) -> &'static str {
            $description
        }
        fn schema(&self) -> &serde_json::Value {
            &SCHEMA
        }
    };
}

pub(super) use about;
