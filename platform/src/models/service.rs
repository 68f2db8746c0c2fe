use super::Own;
use crate::{Error, Result};
use alumia_models::{Provider, builtin};
use alumia_protocol::models::CatalogModel;
use std::{collections::HashMap, sync::Arc};

/// A model and the provider that serves it for a caller.
#[derive(Clone)]
pub struct Route {
    pub provider: Arc<dyn Provider>,
    /// The provider's own id for it.
    pub model_id: String,
    pub model: CatalogModel,
    /// The organisation's own key pays; the provider has yet to be given it.
    pub byok: bool,
}

impl Route {
    /// Why it can't be used by whoever has no key of their own; `None` when it can.
    fn unavailable(&self) -> Option<String> {
        if self.model.available {
            return self.provider.unavailable(&self.model_id);
        }
        let reason = self.model.unavailable_reason.clone();
        Some(reason.unwrap_or_else(|| "It is switched off.".into()))
    }

    /// Whether its provider can be given a key of the organisation's own.
    pub fn takes_keys(&self) -> bool {
        self.provider.with_key(String::new().into()).is_some()
    }
}

/// The catalog.
#[derive(Clone)]
pub struct Models {
    routes: Arc<[Route]>,
}

impl Models {
    /// `providers` with what each serves, under the providers' own ids, in the order that people see. The
    /// default model is the first available one, the built-in one only when there is no other.
    pub fn new(providers: Vec<(Arc<dyn Provider>, Vec<CatalogModel>)>) -> Self {
        let mut routes: Vec<Route> = vec![];
        for (provider, models) in providers {
            for mut model in models {
                provider.id().clone_into(&mut model.provider);
                let (provider, model_id) = (provider.clone(), model.id.clone());
                routes.push(Route { provider, model_id, model, byok: false });
            }
        }
        let names = public_ids(&routes);
        for (route, name) in routes.iter_mut().zip(&names) {
            route.model.id.clone_from(name);
        }
        let sibling = |route: &Route| {
            let wanted = route.model.fast_sibling.as_deref()?;
            let found = routes
                .iter()
                .zip(&names)
                .find(|(other, _)| other.model_id == wanted && other.model.provider == route.model.provider);
            Some(found?.1.clone())
        };
        let siblings: Vec<_> = routes.iter().map(sibling).collect();
        for (route, sibling) in routes.iter_mut().zip(siblings) {
            route.model.fast_sibling = sibling;
        }
        Self { routes: routes.into() }
    }

    /// Every model, usable or not, for an organisation with these keys.
    pub fn catalog(&self, own: &Own) -> Vec<CatalogModel> {
        let seen = |route: &Route| {
            let mut model = route.model.clone();
            if own.pays_for(&model.provider) {
                (model.available, model.unavailable_reason, model.own_key) = (true, None, true);
            } else {
                model.unavailable_reason = route.unavailable();
                model.available = model.unavailable_reason.is_none();
            }
            model
        };
        self.routes.iter().map(seen).collect()
    }

    /// The catalog's id of what this names, usable or not.
    pub fn id_of(&self, model: &str) -> Option<&str> {
        Some(&self.find(model, &Own::default())?.model.id)
    }

    /// One route of each provider, in the order of the catalog.
    pub fn providers(&self) -> Vec<Route> {
        let mut routes: Vec<Route> = Vec::new();
        for route in &*self.routes {
            if !routes.iter().any(|known| known.model.provider == route.model.provider) {
                routes.push(route.clone());
            }
        }
        routes
    }

    /// A provider, and the cheapest of its models, by the provider's own id.
    pub fn cheapest(&self, provider: &str) -> Option<Route> {
        let dear = |route: &&Route| route.model.price.map_or(i64::MAX, |price| price.output);
        self.routes.iter().filter(|route| route.model.provider == provider).min_by_key(dear).cloned()
    }

    /// The route for a model id (`<provider>/<id>` always works, `""` is the default model) of an organisation
    /// with these keys, which win over the operator's; fast mode takes its fast sibling. `Unavailable` with the
    /// reason when it can't run.
    pub fn route(&self, own: &Own, model: &str, fast: bool) -> Result<Route> {
        let runs = |route: &Route| own.pays_for(&route.model.provider) || route.unavailable().is_none();
        let route = if model.is_empty() { self.default_route(runs) } else { self.find(model, own) };
        let mut route = route.ok_or_else(|| no_such_model(model))?;
        if fast && let Some(sibling) = &route.model.fast_sibling {
            // A sibling that can't run must not stop a model that can.
            route = self.find(sibling, own).filter(|sibling| runs(sibling)).unwrap_or(route);
        }
        if runs(route) {
            Ok(Route { byok: own.pays_for(&route.model.provider), ..route.clone() })
        } else {
            let reason = route.unavailable().unwrap_or_default();
            Err(unavailable(format!("The model {} can't be used now. {reason}", route.model.name)))
        }
    }

    fn default_route(&self, runs: impl Fn(&Route) -> bool) -> Option<&Route> {
        let available = || self.routes.iter().filter(|route| runs(route));
        available().find(|route| route.model.provider != builtin::PROVIDER_ID).or_else(|| available().next())
    }

    /// By `<provider>/<id>`, then by catalog id, then by an id that several providers share: the first that
    /// the organisation has a key for, else the first that is available.
    fn find(&self, model: &str, own: &Own) -> Option<&Route> {
        let qualified = || self.routes.iter().find(|route| qualified(route) == model);
        let public = || self.routes.iter().find(|route| route.model.id == model);
        let shared = || {
            let all = || self.routes.iter().filter(|route| route.model_id == model);
            let owned = all().find(|route| own.pays_for(&route.model.provider));
            owned.or_else(|| all().find(|route| route.unavailable().is_none())).or_else(|| all().next())
        };
        qualified().or_else(public).or_else(shared)
    }
}

fn qualified(route: &Route) -> String {
    format!("{}/{}", route.model.provider, route.model_id)
}

/// The provider's own id where it says enough, else `<provider>/<id>`. An id may itself look like another
/// provider's `<provider>/<id>`; then it doesn't say enough.
fn public_ids(routes: &[Route]) -> Vec<String> {
    let mut uses: HashMap<String, usize> = HashMap::new();
    for route in routes {
        *uses.entry(route.model_id.clone()).or_default() += 1;
        *uses.entry(qualified(route)).or_default() += 1;
    }
    let name = |route: &Route| {
        if uses[&route.model_id] == 1 { route.model_id.clone() } else { qualified(route) }
    };
    routes.iter().map(name).collect()
}

fn no_such_model(model: &str) -> Error {
    unavailable(if model.is_empty() {
        "No model is set up. Give the server a provider in its configuration.".into()
    } else {
        format!("There is no model \"{model}\" here. Pick another one on the agent's page.")
    })
}

fn unavailable(message: String) -> Error {
    // Only a change of configuration makes it available, so asking again soon is no use.
    Error::Unavailable { message, retry_after_seconds: 60 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alumia_models::{ModelError, ModelRequest, ModelStream, builtin::Builtin};
    use async_trait::async_trait;

    struct Named(&'static str);

    /// Whose model can be had or not while the server runs.
    struct Shelf(std::sync::atomic::AtomicBool);

    #[async_trait]
    impl Provider for Shelf {
        fn id(&self) -> &str {
            "shelf"
        }
        fn unavailable(&self, model: &str) -> Option<String> {
            let there = self.0.load(std::sync::atomic::Ordering::Relaxed);
            (!there).then(|| format!("{model} isn't installed."))
        }
        async fn stream(&self, _request: ModelRequest) -> Result<ModelStream, ModelError> {
            Err(ModelError::Refused { detail: "only a shelf".into() })
        }
    }

    #[async_trait]
    impl Provider for Named {
        fn id(&self) -> &str {
            self.0
        }
        async fn stream(&self, _request: ModelRequest) -> Result<ModelStream, ModelError> {
            Err(ModelError::Refused { detail: "only a name".into() })
        }
    }

    fn model(id: &str, available: bool, fast: Option<&str>) -> CatalogModel {
        CatalogModel {
            id: id.into(),
            name: id.to_uppercase(),
            fast_sibling: fast.map(Into::into),
            available,
            unavailable_reason: (!available).then(|| "It has no key.".into()),
            ..Builtin::model()
        }
    }

    fn models(providers: Vec<(&'static str, Vec<CatalogModel>)>) -> Models {
        let mut all: Vec<(Arc<dyn Provider>, _)> = vec![(Arc::new(Builtin::new()), vec![Builtin::model()])];
        all.extend(
            providers.into_iter().map(|(id, models)| (Arc::new(Named(id)) as Arc<dyn Provider>, models)),
        );
        Models::new(all)
    }

    fn own(providers: &[&str]) -> Own {
        Own::new(providers.iter().map(ToString::to_string))
    }

    fn routed(models: &Models, model: &str, fast: bool) -> String {
        qualified(&models.route(&own(&[]), model, fast).unwrap())
    }

    #[test]
    fn the_default_is_the_first_available_configured_model_else_the_built_in_one() {
        assert_eq!(routed(&models(vec![]), "", false), "builtin/alumia-tour");
        let keyless = ("a", vec![model("x", false, None)]);
        assert_eq!(routed(&models(vec![keyless.clone()]), "", false), "builtin/alumia-tour");
        assert_eq!(routed(&models(vec![keyless, ("b", vec![model("y", true, None)])]), "", false), "b/y");
    }

    #[test]
    fn what_is_installed_while_the_server_runs_becomes_the_default() {
        let shelf = Arc::new(Shelf(false.into()));
        let models = Models::new(vec![
            (shelf.clone(), vec![model("small", true, None)]),
            (Arc::new(Builtin::new()), vec![Builtin::model()]),
        ]);
        assert_eq!(routed(&models, "", false), "builtin/alumia-tour");
        let reason = models.route(&own(&[]), "small", false).err().unwrap().to_string();
        assert_eq!(reason, "The model SMALL can't be used now. small isn't installed.");
        let seen = &models.catalog(&own(&[]))[0];
        assert_eq!(seen.unavailable_reason.as_deref(), Some("small isn't installed."));
        assert!(!seen.available);
        shelf.0.store(true, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(routed(&models, "", false), "shelf/small");
        assert!(models.catalog(&own(&[]))[0].available);
    }

    #[test]
    fn a_shared_id_is_told_apart_and_still_accepted() {
        let models = models(vec![
            ("a", vec![model("x", false, Some("f")), model("f", true, None)]),
            ("b", vec![model("x", true, None)]),
        ]);
        let ids: Vec<_> = models.catalog(&own(&[])).into_iter().map(|model| model.id).collect();
        assert_eq!(ids, ["alumia-tour", "a/x", "f", "b/x"]);
        assert_eq!(routed(&models, "b/x", false), "b/x");
        assert_eq!(routed(&models, "x", false), "b/x");
        assert_eq!(routed(&models, "builtin/alumia-tour", true), "builtin/alumia-tour");
        assert_eq!(models.route(&own(&[]), "b/x", false).unwrap().model_id, "x");
    }

    #[test]
    fn an_id_that_looks_like_another_providers_is_told_apart() {
        let models = models(vec![
            ("openai", vec![model("m", true, None)]),
            ("groq", vec![model("openai/m", true, None)]),
        ]);
        assert_eq!(routed(&models, "openai/m", false), "openai/m");
        assert_eq!(routed(&models, "groq/openai/m", false), "groq/openai/m");
        let ids: Vec<_> = models.catalog(&own(&[])).into_iter().map(|model| model.id).collect();
        assert_eq!(ids, ["alumia-tour", "m", "groq/openai/m"]);
    }

    #[test]
    fn fast_mode_takes_the_sibling_of_the_same_provider_when_it_runs() {
        let models = models(vec![
            (
                "a",
                vec![
                    model("x", true, Some("f")),
                    model("f", true, None),
                    model("y", true, Some("off")),
                    model("off", false, None),
                ],
            ),
            ("b", vec![model("f", true, None)]),
        ]);
        assert_eq!(routed(&models, "x", true), "a/f");
        assert_eq!(routed(&models, "x", false), "a/x");
        assert_eq!(routed(&models, "f", true), "a/f");
        assert_eq!(routed(&models, "y", true), "a/y");
        assert_eq!(models.catalog(&own(&[]))[1].fast_sibling.as_deref(), Some("a/f"));
    }

    #[test]
    fn an_own_key_wins_and_makes_available() {
        let models = models(vec![
            ("a", vec![model("x", true, None)]),
            ("b", vec![model("x", false, Some("f")), model("f", false, None)]),
        ]);
        let by = |own: &Own, id: &str, fast| {
            let route = models.route(own, id, fast).unwrap();
            (qualified(&route), route.byok)
        };
        assert_eq!(by(&own(&[]), "x", false), ("a/x".into(), false));
        assert_eq!(by(&own(&["b"]), "x", false), ("b/x".into(), true));
        assert_eq!(by(&own(&["b"]), "b/x", true), ("b/f".into(), true));
        assert_eq!(by(&own(&["b"]), "a/x", false), ("a/x".into(), false));
        let seen = models.catalog(&own(&["b"]));
        let flags: Vec<_> = seen.iter().map(|model| (model.available, model.own_key)).collect();
        assert_eq!(flags, [(true, false), (true, false), (true, true), (true, true)]);
    }

    #[test]
    fn what_can_not_run_says_why() {
        let models = models(vec![("a", vec![model("x", false, None)])]);
        let message = |id: &str| models.route(&own(&[]), id, false).err().unwrap().to_string();
        assert_eq!(message("x"), "The model X can't be used now. It has no key.");
        assert!(message("gone").contains("no model \"gone\""));
    }
}
