//! All recorded cases of a finished component, as a report: what differs, which hostile variants it does not
//! survive, and what the cases come by.

use std::path::Path;
use std::time::{Duration, Instant};

use linecard_model::manifest::Manifest;
use linecard_sandbox::SandboxConfig;
use serde_json::Value;

use crate::coverage::{Covered, Seen};
use crate::fixture::Case;
use crate::{SandboxedPlugin, TestkitError, fixture, hostile, report};

/// A component with its cases.
pub struct Suite {
    plugin: SandboxedPlugin,
    cases: Vec<Case>,
}

/// How a suite is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whether hostile variants are made of each case.
    pub hostile: bool,
    /// Whether what comes out becomes what is expected.
    pub update: bool,
}

/// What came out.
#[derive(Debug)]
pub struct Report {
    /// The cases, by name.
    pub cases: Vec<CaseReport>,
    /// What they come by.
    pub coverage: Vec<Covered>,
}

/// What came out of one case.
#[derive(Debug)]
pub struct CaseReport {
    /// The folder's name.
    pub name: String,
    /// How long it took, with its variants.
    pub time: Duration,
    /// Why it failed: as a person reads it, with the difference line by line.
    pub failure: Option<String>,
    /// Whether its result depends on the clock or on random bytes, so that it only must not stop.
    pub varies: bool,
    /// How many hostile variants were made of it.
    pub variants: usize,
    /// Those on which the plug-in stopped or broke the contract.
    pub broken: Vec<Broken>,
}

/// A hostile variant on which the plug-in stopped or broke the contract or a limit.
#[derive(Debug)]
pub struct Broken {
    /// What was done to the case.
    pub variant: String,
    /// How the call ended.
    pub how: String,
}

impl CaseReport {
    /// Whether everything is as it should be.
    pub fn passed(&self) -> bool {
        self.failure.is_none() && self.broken.is_empty()
    }
}

impl Report {
    /// How many cases are not as they should be.
    pub fn failed(&self) -> usize {
        self.cases.iter().filter(|case| !case.passed()).count()
    }
}

impl Suite {
    /// Loads a component into a sandbox of its own, and reads the cases of a folder.
    pub fn load(
        component: &Path,
        golden: &Path,
        sandbox: SandboxConfig,
    ) -> Result<Self, TestkitError> {
        Ok(Self {
            cases: fixture::read_all(golden)?,
            plugin: SandboxedPlugin::load_with(component, sandbox)?,
        })
    }

    /// Leaves all cases but one out.
    pub fn only(&mut self, name: &str) -> Result<(), TestkitError> {
        self.cases.retain(|case| case.name == name);
        if self.cases.is_empty() {
            return Err(TestkitError::NoSuchCase(name.to_owned()));
        }
        Ok(())
    }

    /// What the component says about itself.
    pub fn manifest(&self) -> &Manifest {
        self.plugin.described()
    }

    /// How many cases there are.
    pub fn len(&self) -> usize {
        self.cases.len()
    }

    /// Whether there are none, which [`Self::load`] refuses.
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    /// Runs all cases; `done` is told of each.
    pub fn run(
        &self,
        options: Options,
        mut done: impl FnMut(&CaseReport),
    ) -> Result<Report, TestkitError> {
        let mut seen = Seen::default();
        let mut cases = Vec::new();
        for case in &self.cases {
            let began = Instant::now();
            let found = self.found(case)?;
            seen.add(case, &found);
            let mut report = CaseReport {
                name: case.name.clone(),
                time: Duration::ZERO,
                failure: failure(case, &found, options)?,
                varies: case.varies,
                variants: 0,
                broken: Vec::new(),
            };
            if options.hostile {
                for variant in hostile::variants(case)? {
                    report.variants += 1;
                    if let Some(how) = stopped(&self.found(&variant.case)?) {
                        report.broken.push(Broken {
                            variant: variant.name,
                            how,
                        });
                    }
                }
            }
            report.time = began.elapsed();
            done(&report);
            cases.push(report);
        }
        let coverage = seen.table(self.manifest());
        Ok(Report { cases, coverage })
    }

    fn found(&self, case: &Case) -> Result<Value, TestkitError> {
        Ok(match self.plugin.check_config(&case.config) {
            Ok(config) => report::tidy(self.plugin.run(case, &config)?),
            // The host refuses it before the plug-in sees it: that is the case's result.
            Err(problems) => report::config_refused(&problems),
        })
    }
}

/// How the sandbox ended a call, if it did.
fn stopped(found: &Value) -> Option<String> {
    found.get("sandbox")?.as_str().map(str::to_owned)
}

/// Why a case is not as it should be.
fn failure(case: &Case, found: &Value, options: Options) -> Result<Option<String>, TestkitError> {
    // No recorded case expects that the plug-in stops: what expects it tests nothing.
    if let Some(how) = stopped(found) {
        return Ok(Some(how));
    }
    if case.varies {
        return Ok(None);
    }
    if options.update {
        report::write_expected(case, found)?;
        return Ok(None);
    }
    let path = case.folder.join("expected.json");
    Ok(match fixture::json::<Value>(&path)? {
        Some(expected) => report::difference(&expected, found)
            .map(|difference| format!("expected.json (-) and what came out (+)\n{difference}")),
        None => Some(format!(
            "there is no expected.json; what came out\n{}",
            report::lines(found)
        )),
    })
}
