//! Makes an analyzer ready to read messages.

use linecard_model::site::AnalyzerConfig;
use linecard_sandbox::PrepareError;
use linecard_schema::check_config;
use linecard_traffic::prepare::AnalyzerRuntime;
use linecard_traffic::resting::Resting;
use serde_json::{Value, json};

use super::Equipment;
use super::check::unknown;
use super::models::with_models;
use super::problem::Problem;

/// Makes an analyzer ready, or says everything that is in the way.
pub(super) async fn analyzer(
    name: &str,
    config: &AnalyzerConfig,
    equipment: &Equipment,
) -> Result<AnalyzerRuntime, Vec<Problem>> {
    let within = |key: &'static str| ["analyzers", name, key];
    let plugins = equipment.plugins.now();
    let Some(installed) = plugins.get(&config.plugin) else {
        let known: Vec<&str> = plugins.all().map(|p| p.plugin.id().as_str()).collect();
        let text = unknown("plug-in", config.plugin.as_str(), known.into_iter());
        return Err(vec![Problem::new(&within("plugin"), text)]);
    };
    if installed.plugin.manifest().analyzer.is_none() {
        let text = format!("plug-in {} is a connector, not an analyzer", config.plugin);
        return Err(vec![Problem::new(&within("plugin"), text)]);
    }
    let below = |problems: Vec<linecard_model::platform::ConfigProblem>| {
        let problems = problems.into_iter();
        problems
            .map(|p| Problem::below(&within("config"), &p.pointer, p.text))
            .collect::<Vec<_>>()
    };
    let given = match &config.config {
        Value::Null => json!({}),
        given => given.clone(),
    };
    let settings =
        check_config(&installed.plugin.manifest().config_schema, &given).map_err(below)?;
    let schema = &installed.plugin.manifest().config_schema;
    let with = with_models(schema, settings, &equipment.data).map_err(|problems| {
        let problems = problems.into_iter();
        problems
            .map(|(key, text)| Problem::new(&["analyzers", name, "config", &key], text))
            .collect::<Vec<_>>()
    })?;
    match installed.plugin.analyzer(&with.config.to_string()).await {
        Ok(analyzer) => Ok(AnalyzerRuntime {
            name: name.to_owned(),
            config: config.clone(),
            analyzer,
            models: with.models,
            resting: Resting::default(),
        }),
        Err(PrepareError::Config(problems)) => Err(below(problems)),
        Err(error) => Err(vec![Problem::new(&within("config"), error.to_string())]),
    }
}
