//! Tells how good a model or an analyzer is, by reading labelled or rated texts in the sandbox.

use std::path::{Path, PathBuf};
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
use linecard_text_model::compare::{Comparison, Difference, compare, compare_ratings};
use linecard_text_model::measure::{Figures, Judged, RatingFigures, figures, rating_figures};
use serde::Serialize;
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
    /// Another model, to be compared with: whether it is better, and whether that may be chance
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
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
        let rows = table.rows.iter();
        let rows: Vec<(&str, &str)> = rows
            .map(|row| (row.cell(truth).trim(), row.cell(text)))
            .filter(|(truth, _)| !truth.is_empty())
            .collect();
        ensure!(
            !rows.is_empty(),
            "{}: nothing stands in the column of what people said",
            table.file().display()
        );
        let server = options.load()?;
        let mut readers = vec![read(&self.analyzer(&server).await?, &rows).await];
        if let Some(file) = &self.against {
            let other = analyzer(&server, CLASSIFIER, &of_model(file)?).await?;
            readers.push(read(&other, &rows).await);
        }
        let truths: Vec<&str> = rows.iter().map(|(truth, _)| *truth).collect();
        if self.rating.is_some() {
            self.tell_ratings(&truths, &readers)
        } else {
            self.tell_labels(&truths, &readers)
        }
    }

    fn tell_ratings(&self, truths: &[&str], readers: &[Answers]) -> anyhow::Result<()> {
        let mut ratings = Vec::new();
        for rating in truths {
            let number = rating.parse().ok().filter(|r: &f64| r.is_finite());
            ratings.push(
                number.with_context(|| {
                    format!("{}: \"{rating}\" is no number", self.file.display())
                })?,
            );
        }
        let number = |answer: &Option<Analysis>| {
            let scores = answer.iter().flat_map(|analysis| &analysis.scores);
            let own = scores.filter(|score| score.name == self.score);
            own.map(|score| score.value).next_back()
        };
        let numbers: Vec<Vec<Option<f64>>> = readers
            .iter()
            .map(|answers| answers.iter().map(number).collect())
            .collect();
        let figures = numbers.iter().map(|numbers| {
            let pairs: Vec<_> = ratings
                .iter()
                .copied()
                .zip(numbers.iter().copied())
                .collect();
            rating_figures(&pairs)
        });
        let figures: Vec<RatingFigures> = figures.collect();
        let compared = match numbers.as_slice() {
            [first, second] => {
                let both = first.iter().zip(second).zip(&ratings);
                let both: Vec<_> = both
                    .map(|((a, b), rating)| (*rating, a.unwrap_or(0.0), b.unwrap_or(0.0)))
                    .collect();
                Some(compare_ratings(&both))
            }
            _ => None,
        };
        let shown = |figures: &RatingFigures| {
            let correlation = figures.correlation.map_or_else(
                || "none: all are the same".to_owned(),
                |correlation| format!("{correlation:.4}"),
            );
            format!(
                "correlation with the rating {correlation}, on the rating's side of 0 in {:.3} of the rated, {} texts, {} of them without an answer (taken for 0)",
                figures.same_side, figures.texts, figures.unknown
            )
        };
        let difference = compared.map(|compared| told("correlation", &compared));
        self.tell(
            &figures,
            compared.map(|c| json!({ "correlation": c })),
            shown,
            difference,
        )
    }

    /// Prints the figures of one or two, and their difference.
    fn tell<F: Serialize>(
        &self,
        figures: &[F],
        compared: Option<Value>,
        shown: impl Fn(&F) -> String,
        difference: Option<String>,
    ) -> anyhow::Result<()> {
        match (figures, compared) {
            ([first, second], Some(compared)) if self.json => {
                let both = json!({ "first": first, "second": second, "difference": compared });
                say(&serde_json::to_string_pretty(&both)?);
            }
            ([first, ..], _) if self.json => say(&serde_json::to_string_pretty(first)?),
            ([first, second], _) => {
                let names = self.names();
                say(&format!("first: {}\n{}\n", names.0, shown(first)));
                say(&format!("second: {}\n{}\n", names.1, shown(second)));
                say(&difference.unwrap_or_default());
            }
            _ => figures.iter().for_each(|figures| say(&shown(figures))),
        }
        Ok(())
    }

    /// What the two are called.
    fn names(&self) -> (String, String) {
        let file = |file: &Option<PathBuf>| file.as_ref().map(|file| file.display().to_string());
        let first = file(&self.model).or_else(|| self.analyzer.clone());
        (
            first.unwrap_or_default(),
            file(&self.against).unwrap_or_default(),
        )
    }

    fn tell_labels(&self, truths: &[&str], readers: &[Answers]) -> anyhow::Result<()> {
        let mut labels: Vec<String> = truths.iter().map(|label| (*label).to_owned()).collect();
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
        let judge = |(truth, analysis): (&&str, &Option<Analysis>)| {
            let given = analysis.iter().flat_map(|analysis| &analysis.labels);
            let surest = given
                .filter_map(|label| Some((index(&label.name)?, label.confidence)))
                .max_by(|a, b| a.1.total_cmp(&b.1));
            // An analyzer that failed gives no label, and no other is meant by that.
            let otherwise = self.otherwise.as_deref().filter(|_| analysis.is_some());
            Judged {
                truth: index(truth).unwrap_or_default(),
                said: surest.map(|(label, _)| label).or(otherwise.and_then(index)),
                confidence: surest.map_or(0.0, |(_, confidence)| confidence),
            }
        };
        let judged: Vec<Vec<Judged>> = readers
            .iter()
            .map(|answers| truths.iter().zip(answers).map(judge).collect())
            .collect();
        let figures: Vec<Figures> = judged.iter().map(|one| figures(&labels, one)).collect();
        let compared = match judged.as_slice() {
            [first, second] => Some(compare(&labels, first, second)),
            _ => None,
        };
        let difference = compared.as_ref().map(shown_comparison);
        let compared = compared.map(serde_json::to_value).transpose()?;
        self.tell(&figures, compared, shown, difference)
    }

    /// The analyzer that was asked for, in the sandbox.
    async fn analyzer(&self, server: &ServerConfig) -> anyhow::Result<Analyzer> {
        match (&self.model, &self.analyzer) {
            (Some(file), _) => analyzer(server, CLASSIFIER, &of_model(file)?).await,
            (None, Some(id)) => analyzer(server, id, &self.given_config()?).await,
            (None, None) => bail!("give --model or --analyzer"),
        }
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

/// What each text's answer was; none where it was not read.
type Answers = Vec<Option<Analysis>>;

/// Reads all texts, and tells how long one takes and what was not read.
async fn read(analyzer: &Analyzer, rows: &[(&str, &str)]) -> Answers {
    let mut answers = Vec::new();
    let mut times = Vec::new();
    let mut failed = 0;
    for (_, text) in rows {
        let begun = Instant::now();
        let answer = analyzer.analyze(subject(text)).await;
        times.push(begun.elapsed());
        if let Err(error) = &answer {
            failed += 1;
            if failed <= MOST_TOLD {
                eprintln!("linecard: {error}");
            }
        }
        answers.push(answer.ok());
    }
    times.sort_unstable();
    if let Some(median) = times.get(times.len() / 2) {
        // To standard error: the figures are the same on every machine, and this is not.
        eprintln!(
            "linecard: a text took {} µs in the sandbox (median)",
            median.as_micros()
        );
    }
    if failed > MOST_TOLD {
        eprintln!("linecard: {failed} texts were not read");
    }
    answers
}

/// The configuration with which the classifier reads with a model.
fn of_model(file: &Path) -> anyhow::Result<Value> {
    let bytes =
        std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    Model::from_bytes(&bytes).map_err(|error| anyhow!("{}: {error}", file.display()))?;
    Ok(json!({ "model": STANDARD.encode(bytes) }))
}

/// A difference as a person reads it.
fn told(what: &str, difference: &Difference) -> String {
    let sure = if difference.is_sure() {
        ""
    } else {
        ": it may be chance"
    };
    format!(
        "{what} from the first to the second: {:+.4} (95 of 100 times between {:+.4} and {:+.4}){sure}",
        difference.value, difference.low, difference.high
    )
}

fn shown_comparison(compared: &Comparison) -> String {
    format!(
        "{}\n{}\nonly the first is right in {} texts, only the second in {}; if neither were better, a difference as large would come with probability {:.4} (McNemar's exact test)",
        told("accuracy", &compared.accuracy),
        told("macro F1", &compared.macro_f1),
        compared.only_first,
        compared.only_second,
        compared.p_value
    )
}

/// An analyzer with a configuration, in the sandbox.
async fn analyzer(server: &ServerConfig, id: &str, config: &Value) -> anyhow::Result<Analyzer> {
    let plugins = plugins(server, id).await?;
    let known = || {
        let analyzers = BUNDLED.iter().map(|(name, _)| *name);
        analyzers.collect::<Vec<_>>().join(", ")
    };
    let plugin = id.parse::<PluginId>().ok();
    let plugin = plugin.and_then(|id| plugins.get(&id).map(|installed| installed.plugin.clone()));
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
    let config = check_config(&plugin.manifest().config_schema, config).map_err(told)?;
    plugin
        .analyzer(&config.to_string())
        .await
        .map_err(|error| match error {
            PrepareError::Config(problems) => told(problems),
            other => other.into(),
        })
}

/// The plug-in of this id, from the plug-in folder or of those that come along; nothing else is compiled.
async fn plugins(server: &ServerConfig, id: &str) -> anyhow::Result<Plugins> {
    // Figures are to be those of the analyzer, and not those of a machine that does other things besides.
    let mut server = server.clone();
    let limits = &mut server.sandbox;
    for limit in [
        &mut limits.analyze_time,
        &mut limits.receive_time,
        &mut limits.prepare_time,
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
