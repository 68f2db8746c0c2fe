use super::{Tool, Tools, schema};
use alumia_protocol::{
    dataspec::DataSpec,
    tools::{Effect, Title, ToolError},
};
use serde_json::{Value, json};
use std::{sync::LazyLock, time::Duration};

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Arguments {
    /// A title.
    #[schemars(length(min = 1, max = 255))]
    #[expect(dead_code, reason = "read through the schema alone")]
    title: String,
    /// A spec.
    spec: DataSpec,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::of::<Arguments>);

struct Probe;

#[async_trait::async_trait]
impl Tool for Probe {
    fn name(&self) -> &'static str {
        "probe"
    }
    fn group(&self) -> &'static str {
        "canvas"
    }
    fn title(&self) -> Title {
        Title { plain: "Probe", doing: "Probing", done: "Probed" }
    }
    fn description(&self) -> &'static str {
        "Probes."
    }
    fn schema(&self) -> &Value {
        &SCHEMA
    }
    fn effect(&self) -> Effect {
        Effect::Read
    }
    fn idempotent(&self) -> bool {
        true
    }
    fn timeout(&self) -> Duration {
        Duration::from_secs(1)
    }
    fn check(&self, arguments: &Value) -> Result<(), ToolError> {
        let arguments: Arguments = schema::read(arguments)?;
        arguments.spec.check().map_err(|error| super::errors::spec("/spec", error))
    }
    async fn call(&self, _: super::ToolContext, _: Value) -> Result<Value, ToolError> {
        Ok(Value::Null)
    }
}

fn fault(arguments: &str) -> ToolError {
    Tools::new(vec![std::sync::Arc::new(Probe)]).check(&Probe, arguments).expect_err("must be refused")
}

#[test]
fn every_example_fits_the_schema() {
    for example in DataSpec::examples() {
        let text = json!({ "title": "x", "spec": example }).to_string();
        let tools = Tools::new(vec![std::sync::Arc::new(Probe)]);
        let value = tools.check(&Probe, &text).expect("an example fits");
        assert_eq!(schema::read::<Arguments>(&value).expect("and is read").spec, example);
    }
}

#[test]
fn text_that_is_no_json_is_named_with_its_place() {
    let fault = fault("{\"title\": \"a\",\n }");
    assert_eq!(fault.code, "invalid_arguments");
    assert!(fault.message.contains("line 2 column 2"), "{}", fault.message);
}

#[test]
fn the_fault_names_the_field() {
    let with = |spec: &str| format!("{{\"title\": \"x\", \"spec\": {spec}}}");
    let metric = with(r#"{"type":"dashboard","tiles":[{"spec":{"type":"metric","label":"a","vlaue":"1"}}]}"#);
    let numbers = r#"{"type":"chart","kind":"line","series":[{"name":"a","values":[1,"2"]}]}"#;
    let lengths = r#"{"type":"chart","kind":"line","labels":["a"],"series":[{"name":"a","values":[1,2]}]}"#;
    for (arguments, path, says) in [
        (String::new(), "/title", "/title is missing; /spec is missing"),
        ("[]".into(), "", "must be of type object, not array"),
        (r#"{"title":3,"spec":{"type":"chart"}}"#.into(), "/title", "must be of type string, not number"),
        (r#"{"title":"","spec":{"type":"markdown","text":"a"}}"#.into(), "/title", "is shorter than 1"),
        (with("{}"), "/spec/type", "is missing; it must be one of markdown, callout"),
        (with(r#"{"type":"chrat"}"#), "/spec/type", "\"chrat\"; it must be one of"),
        (with(r#"{"type":["chart"]}"#), "/spec/type", "it must be one of"),
        (with("\"{}\""), "/spec", "must be an object, not string"),
        (with(numbers), "/spec/series/0/values/1", "must be of type null or number, not string"),
        (with(lengths), "/spec/series/0/values", "2 values for 1 labels"),
        (
            with(r#"{"type":"chart","kind":"donut","series":[]}"#),
            "/spec/kind",
            "\"donut\"; it must be one of",
        ),
        (
            with(r#"{"type":"dashboard","tiles":[{"spec":{"type":"form"}}]}"#),
            "/spec/tiles/0/spec/type",
            "form",
        ),
        (metric, "/spec/tiles/0/spec/value", "/spec/tiles/0/spec/vlaue is not a known field"),
        (with(r#"{"type":"card","title":"a","facts":[["a"]]}"#), "/spec/facts/0", "has less than 2 items"),
        (with(r#"{"type":"card","title":"a","x/y":1}"#), "/spec/x~1y", "is not a known field"),
        (with(r#"{"type":"callout","title":" "}"#), "/spec/title", "is empty"),
    ] {
        let fault = fault(&arguments);
        assert_eq!(fault.path.as_deref(), Some(path), "{arguments}");
        assert!(fault.message.contains(says), "{arguments}: {}", fault.message);
        assert!(fault.message.len() < 600, "{}", fault.message);
    }
}

#[test]
fn a_value_too_long_to_repeat_is_cut() {
    let long = "x".repeat(100_000);
    let fault = fault(&json!({ "title": "x", "spec": { "type": long } }).to_string());
    assert!(fault.message.len() < 400, "{}", fault.message.len());
}
