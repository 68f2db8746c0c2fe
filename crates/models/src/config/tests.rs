use super::*;

fn parse(text: &str) -> Result<Vec<Served>, String> {
    #[derive(Deserialize)]
    struct File {
        #[serde(default)]
        providers: Vec<ProviderConfig>,
    }
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    providers(file.providers).map_err(|error| error.to_string())
}

fn refused(text: &str) -> String {
    match parse(text) {
        Err(message) => message,
        Ok(_) => panic!("accepted: {text}"),
    }
}

const LOCAL: &str = r#"
[[providers]]
id = "local"
dialect = "openai"
base_url = "http://127.0.0.1:11434/v1"
api_key = ""
models = [{ id = "qwen2.5:7b", context = 32768, tools = true, input_price = 0, output_price = 0 }]
"#;

#[test]
fn every_provider_of_the_table_is_there_and_says_why_it_can_not_run() {
    let served = parse("").unwrap();
    let ids: Vec<_> = served.iter().map(|(provider, _)| provider.id().to_owned()).collect();
    assert_eq!(
        ids.join(" "),
        "anthropic openai gemini deepseek xai mistral minimax moonshot zhipu xiaomi nvidia qwen cerebras groq \
         builtin"
    );
    let (builtin, others) = served.split_last().unwrap();
    assert!(builtin.1[0].available);
    for (_, models) in others {
        assert!(!models.is_empty());
        for model in models {
            assert!(!model.available);
            assert!(model.unavailable_reason.as_ref().unwrap().contains("api_key"));
            let price = model.price.unwrap();
            assert!(price.cached <= price.input && price.input <= price.output, "{}", model.id);
        }
    }
}

#[test]
fn a_key_is_enough_for_a_known_provider_and_none_is_needed_for_an_own_server() {
    let served = parse(&format!("{LOCAL}\n[[providers]]\nid = \"anthropic\"\napi_key = \"sk-1\"\n")).unwrap();
    assert_eq!(served[0].0.id(), "local");
    assert!(served[0].1[0].available);
    assert_eq!(served[0].1[0].price, Some(Price::default()));
    assert_eq!(served[1].0.id(), "anthropic");
    assert!(served[1].1.iter().all(|model| model.available));
    assert_eq!(served.len(), 16);
    let empty = parse("[[providers]]\nid = \"anthropic\"\n").unwrap();
    assert!(!empty[0].1[0].available);
}

#[test]
fn a_key_never_shows() {
    let text = "id = \"anthropic\"\napi_key = \"sk-very-secret\"\n";
    let config: ProviderConfig = toml::from_str(text).unwrap();
    assert!(!format!("{config:?}").contains("very-secret"));
    let merged = merge(config, known().unwrap().first());
    let provider = WireProvider::new(&merged, crate::wire::client().unwrap()).unwrap();
    assert!(!format!("{provider:?}").contains("very-secret"));
}

#[test]
fn what_is_wrong_is_refused_with_its_place() {
    for (change, to, wanted) in [
        (
            "input_price = 0",
            "input_price = -1",
            "providers[0] \"local\", models[0] \"qwen2.5:7b\": input_price is negative",
        ),
        ("output_price = 0", "output_price = 1000000000001", "more than $10,000"),
        ("output_price = 0", "output_price = 99999999999999999999", "output_price"),
        ("input_price = 0, ", "", "missing field `input_price`"),
        ("input_price = 0", "input_price = 0.5", "input_price"),
        ("input_price = 0", "cached_price = -5, input_price = 0", "cached_price is negative"),
        ("context = 32768", "context = 0", "context must be"),
        ("context = 32768", "context = 32768, colour = 1", "unknown field `colour`"),
        ("id = \"local\"", "id = \"Local\"", "lower-case"),
        ("id = \"local\"", "id = \"builtin\"", "built-in"),
        ("dialect = \"openai\"", "", "dialect is missing"),
        ("dialect = \"openai\"", "dialect = \"cohere\"", "unknown variant `cohere`"),
        ("http://127.0.0.1:11434/v1", "127.0.0.1:11434/v1", "base_url"),
        ("http://127.0.0.1:11434/v1", "file:///etc/passwd", "http:// or https://"),
        ("http://127.0.0.1:11434/v1", "https://user:pw@host/v1", "use api_key"),
        ("http://127.0.0.1:11434/v1", "https://host/v1?key=1", "leave out"),
        ("\"qwen2.5:7b\"", "\"../x\"", "own model id"),
        ("output_price = 0", "output_price = 0, fast = \"other\"", "fast must be"),
        ("models = [", "models = [] # [", "models is empty"),
    ] {
        let text = LOCAL.replace(change, to);
        assert_ne!(text, LOCAL);
        let message = refused(&text);
        assert!(message.contains(wanted), "{to}: {message}");
    }
    assert!(refused(&format!("{LOCAL}{LOCAL}")).contains("providers[1] \"local\": id is used twice"));
    assert!(!refused(&LOCAL.replace("http://127.0.0.1", "https://user:hunter2@h")).contains("hunter2"));
}
