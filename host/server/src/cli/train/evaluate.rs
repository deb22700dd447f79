//! Tells how good a model or an analyzer is, by reading labelled or rated texts in the sandbox.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use linecard_hub::plugins::{Plugins, Progress};
use linecard_model::PluginId;
use linecard_model::manifest::Visibility;
use linecard_model::platform::{Analysis, Subject};
use linecard_sandbox::{Analyzer, PrepareError, Sandbox, SandboxConfig};
use linecard_schema::check_config;
use linecard_text_model::Model;
use linecard_text_model::measure::{Judged, figures, rating_figures};
use serde_json::{Value, json};

use super::super::compile::compiler;
use super::super::options::ConfigOptions;
use super::super::{say, setup};
use super::shown;
use super::table::Table;
use crate::bundled::BUNDLED;
use crate::config::ServerConfig;

/// The plug-in that reads with a model.
const CLASSIFIER: &str = "classifier";
/// So many texts may fail before it is told that something is wrong with the analyzer.
const MOST_TOLD: usize = 3;
/// How long an analyzer may take here.
const PATIENCE: Duration = Duration::from_secs(30);

/// What to read, and with what.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("truth").required(true).args(["label", "rating"]))]
#[command(group = clap::ArgGroup::new("reader").required(true).args(["model", "analyzer"]))]
pub(in crate::cli) struct Evaluate {
    /// A file with tabs between its columns, whose first line names them
    file: PathBuf,
    /// The column of the texts
    #[arg(long, value_name = "COLUMN")]
    text: String,
    /// The column of the labels that people gave
    #[arg(long, value_name = "COLUMN")]
    label: Option<String>,
    /// The column of the numbers that people gave
    #[arg(long, value_name = "COLUMN")]
    rating: Option<String>,
    /// A model that `linecard train` wrote
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// The id of an analyzer's plug-in
    #[arg(long, value_name = "ID")]
    analyzer: Option<String>,
    /// A JSON file with the analyzer's configuration
    #[arg(long, value_name = "FILE", requires = "analyzer")]
    config_file: Option<PathBuf>,
    /// Which of the analyzer's scores is compared with the ratings
    #[arg(long, value_name = "NAME", default_value = "sentiment")]
    score: String,
    /// The label that a text has to which the analyzer gives none
    #[arg(long, value_name = "LABEL")]
    otherwise: Option<String>,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
}

impl Evaluate {
    pub(in crate::cli) async fn run(&self, options: &ConfigOptions) -> anyhow::Result<()> {
        let table = Table::read(&self.file)?;
        let text = table.column(&self.text)?;
        let truth = self.label.as_ref().or(self.rating.as_ref());
        let truth = table.column(truth.context("give --label or --rating")?)?;
        let analyzer = self.analyzer(&options.load()?).await?;
        let mut answers = Vec::new();
        let mut times = Vec::new();
        for row in table
            .rows
            .iter()
            .filter(|row| !row.cell(truth).trim().is_empty())
        {
            let subject = subject(row.cell(text));
            let begun = Instant::now();
            let answer = analyzer.analyze(subject).await;
            times.push(begun.elapsed());
            answers.push((row.cell(truth).trim(), answer));
        }
        ensure!(
            !answers.is_empty(),
            "{}: nothing stands in the column of what people said",
            table.file().display()
        );
        times.sort_unstable();
        if let Some(median) = times.get(times.len() / 2) {
            // To standard error: the figures are the same on every machine, and this is not.
            eprintln!(
                "linecard: a text took {} µs in the sandbox (median)",
                median.as_micros()
            );
        }
        let failed: Vec<String> = answers
            .iter()
            .filter_map(|(_, answer)| answer.as_ref().err().map(ToString::to_string))
            .collect();
        for failure in failed.iter().take(MOST_TOLD) {
            eprintln!("linecard: {failure}");
        }
        if failed.len() > MOST_TOLD {
            eprintln!("linecard: {} texts were not read", failed.len());
        }
        let answers = answers
            .iter()
            .map(|(truth, answer)| (*truth, answer.as_ref().ok()));
        if self.rating.is_some() {
            self.tell_ratings(answers)
        } else {
            self.tell_labels(answers)
        }
    }

    fn tell_ratings<'a>(
        &self,
        answers: impl Iterator<Item = (&'a str, Option<&'a Analysis>)>,
    ) -> anyhow::Result<()> {
        let mut pairs = Vec::new();
        for (rating, analysis) in answers {
            let rating: f64 = rating
                .parse()
                .ok()
                .filter(|r: &f64| r.is_finite())
                .with_context(|| format!("{}: \"{rating}\" is no number", self.file.display()))?;
            let scores = analysis.into_iter().flat_map(|analysis| &analysis.scores);
            let mut score = scores
                .filter(|score| score.name == self.score)
                .map(|score| score.value);
            pairs.push((rating, score.next_back()));
        }
        let figures = rating_figures(&pairs);
        if self.json {
            say(&serde_json::to_string_pretty(&figures)?);
            return Ok(());
        }
        let correlation = figures.correlation.map_or_else(
            || "none: all are the same".to_owned(),
            |correlation| format!("{correlation:.4}"),
        );
        say(&format!(
            "correlation with the rating {correlation}, on the rating's side of 0 in {:.3} of the rated, {} texts, {} of them without an answer (taken for 0)",
            figures.same_side, figures.texts, figures.unknown
        ));
        Ok(())
    }

    fn tell_labels<'a>(
        &self,
        answers: impl Iterator<Item = (&'a str, Option<&'a Analysis>)>,
    ) -> anyhow::Result<()> {
        let answers: Vec<_> = answers.collect();
        let mut labels: Vec<String> = answers
            .iter()
            .map(|(label, _)| (*label).to_owned())
            .collect();
        labels.sort();
        labels.dedup();
        let most = linecard_text_model::train::MOST_LABELS;
        if labels.len() > most {
            bail!(
                "{}: there are {} labels, and at most {most} can be compared: it seems to be no column of labels",
                self.file.display(),
                labels.len()
            );
        }
        let index = |label: &str| labels.iter().position(|known| known == label);
        if let Some(otherwise) = &self.otherwise {
            ensure!(
                index(otherwise).is_some(),
                "{}: no text has the label \"{otherwise}\"; there are: {}",
                self.file.display(),
                labels.join(", ")
            );
        }
        let judged: Vec<Judged> = answers
            .iter()
            .map(|(truth, analysis)| {
                let given = analysis.iter().flat_map(|analysis| &analysis.labels);
                let surest = given
                    .filter_map(|label| Some((index(&label.name)?, label.confidence)))
                    .max_by(|a, b| a.1.total_cmp(&b.1));
                // An analyzer that failed gives no label, and no other is meant by that.
                let otherwise = analysis.and(self.otherwise.as_deref()).and_then(index);
                Judged {
                    truth: index(truth).unwrap_or_default(),
                    said: surest.map(|(label, _)| label).or(otherwise),
                    confidence: surest.map_or(0.0, |(_, confidence)| confidence),
                }
            })
            .collect();
        let figures = figures(&labels, &judged);
        if self.json {
            say(&serde_json::to_string_pretty(&figures)?);
        } else {
            say(&shown(&figures));
        }
        Ok(())
    }

    /// The analyzer, in the sandbox.
    async fn analyzer(&self, server: &ServerConfig) -> anyhow::Result<Analyzer> {
        let (id, config) = match (&self.model, &self.analyzer) {
            (Some(file), _) => {
                let bytes = std::fs::read(file)
                    .with_context(|| format!("{} cannot be read", file.display()))?;
                Model::from_bytes(&bytes)
                    .map_err(|error| anyhow!("{}: {error}", file.display()))?;
                (CLASSIFIER, json!({ "model": STANDARD.encode(bytes) }))
            }
            (None, Some(id)) => (id.as_str(), self.given_config()?),
            (None, None) => bail!("give --model or --analyzer"),
        };
        let plugins = plugins(server, id).await?;
        let known = || {
            let analyzers = BUNDLED.iter().map(|(name, _)| *name);
            analyzers.collect::<Vec<_>>().join(", ")
        };
        let plugin = id.parse::<PluginId>().ok();
        let plugin =
            plugin.and_then(|id| plugins.get(&id).map(|installed| installed.plugin.clone()));
        let Some(plugin) = plugin else {
            bail!("there is no plug-in \"{id}\"; bundled are: {}", known());
        };
        let told = |problems: Vec<linecard_model::platform::ConfigProblem>| {
            let problems = problems
                .iter()
                .map(|p| format!("{}: {}", p.pointer, p.text));
            anyhow!(
                "the configuration of \"{id}\" is wrong:\n{}",
                problems.collect::<Vec<_>>().join("\n")
            )
        };
        let config = check_config(&plugin.manifest().config_schema, &config).map_err(told)?;
        plugin
            .analyzer(&config.to_string())
            .await
            .map_err(|error| match error {
                PrepareError::Config(problems) => told(problems),
                other => other.into(),
            })
    }

    fn given_config(&self) -> anyhow::Result<Value> {
        let Some(file) = &self.config_file else {
            return Ok(json!({}));
        };
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("{} cannot be read", file.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is no JSON", file.display()))
    }
}

/// The plug-in of this id, from the plug-in folder or of those that come along; nothing else is compiled.
async fn plugins(server: &ServerConfig, id: &str) -> anyhow::Result<Plugins> {
    // Figures are to be those of the analyzer, and not those of a machine that does other things besides.
    let mut server = server.clone();
    let limits = &mut server.sandbox;
    for limit in [
        &mut limits.analyze_time,
        &mut limits.receive_time,
        &mut limits.cpu_time,
    ] {
        *limit = (*limit).max(PATIENCE);
    }
    // Without a data folder nothing is kept: evaluating makes none.
    let sandbox = if server.data.is_dir() {
        setup::sandbox(&server)?
    } else {
        Sandbox::new(SandboxConfig {
            limits: server.sandbox.clone(),
            cache_dir: None,
            cache_key: None,
            compiler: compiler(),
            suspension: None,
        })?
    };
    let bundled: Vec<_> = BUNDLED
        .iter()
        .filter(|(name, _)| *name == id)
        .copied()
        .collect();
    let folder = server.plugin_folder();
    let folder = folder.is_dir().then_some(folder);
    Ok(Plugins::load(&sandbox, &bundled, folder.as_deref(), &Progress::default()).await)
}

/// A private message with this text.
fn subject(text: &str) -> Subject {
    Subject {
        text: text.to_owned(),
        language: None,
        network: "evaluation".to_owned(),
        channel: "evaluation".to_owned(),
        visibility: Visibility::Private,
        addressed: None,
        author: None,
        attachments: 0,
    }
}
