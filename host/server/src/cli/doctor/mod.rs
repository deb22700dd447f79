//! Looks at a hub from outside in, and says what a person should see to.

mod machine;
mod running;

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use url::Url;

use super::options::ConfigOptions;
use super::say;

/// How the command ends when something should be seen to.
const WARNED: u8 = 3;
/// How the command ends when something does not work.
const BROKEN: u8 = 4;

/// What to look at, and how to tell it.
#[derive(Debug, Args)]
#[command(
    after_help = "Nothing is changed. Ends with 0 when there is nothing to do, 1 when the doctor itself failed, \
2 when the configuration is wrong, 3 when something should be seen to, 4 when something does not work."
)]
pub(super) struct Doctor {
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
    /// The hub's address, if it is not the configured one
    #[arg(long, value_name = "URL")]
    url: Option<Url>,
    /// The file with a token or key of an administrator; `admin.key` in the data folder if absent
    #[arg(long, env = "LINECARD_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// After how many days without a backup to warn; 0 for never
    #[arg(long, default_value_t = 7, value_name = "DAYS")]
    backup_days: u32,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Severity {
    /// As it should be.
    Fine,
    /// It could not be looked at.
    Unseen,
    /// It works, and should be seen to.
    Warning,
    /// It does not work.
    Error,
}

/// Something that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    /// What was looked at, such as `data-folder` or `channel page`.
    subject: String,
    severity: Severity,
    /// What was seen. Never a secret.
    detail: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

/// Everything that was looked at.
#[derive(Debug, Default, Serialize)]
struct Findings {
    findings: Vec<Finding>,
}

impl Findings {
    fn fine(&mut self, subject: &str, detail: impl Into<String>) {
        self.add(subject, Severity::Fine, detail, None);
    }

    fn unseen(&mut self, subject: &str, detail: impl Into<String>, remedy: impl Into<String>) {
        self.add(subject, Severity::Unseen, detail, Some(remedy.into()));
    }

    fn warning(&mut self, subject: &str, detail: impl Into<String>, remedy: impl Into<String>) {
        self.add(subject, Severity::Warning, detail, Some(remedy.into()));
    }

    fn error(&mut self, subject: &str, detail: impl Into<String>, remedy: impl Into<String>) {
        self.add(subject, Severity::Error, detail, Some(remedy.into()));
    }

    fn add(
        &mut self,
        subject: &str,
        severity: Severity,
        detail: impl Into<String>,
        remedy: Option<String>,
    ) {
        self.findings.push(Finding {
            subject: subject.to_owned(),
            severity,
            detail: detail.into(),
            remedy: remedy.filter(|text| !text.is_empty()),
        });
    }

    fn code(&self) -> u8 {
        let worst = self.findings.iter().map(|finding| finding.severity).max();
        match worst {
            Some(Severity::Error) => BROKEN,
            Some(Severity::Warning) => WARNED,
            Some(Severity::Fine | Severity::Unseen) | None => 0,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Fine => "fine   ",
            Severity::Unseen => "unseen ",
            Severity::Warning => "warning",
            Severity::Error => "error  ",
        };
        write!(f, "{word} {}: {}", self.subject, self.detail)?;
        match &self.remedy {
            Some(remedy) => write!(f, "\n        {remedy}"),
            None => Ok(()),
        }
    }
}

impl Doctor {
    pub(super) async fn run(&self, options: &ConfigOptions) -> anyhow::Result<u8> {
        let server = options.load()?;
        let mut findings = Findings::default();
        machine::look(&server, self.backup_days, &mut findings);
        running::look(self, &server, &mut findings).await?;
        if self.json {
            say(&serde_json::to_string_pretty(&findings)?);
        } else {
            let lines: Vec<String> = findings.findings.iter().map(ToString::to_string).collect();
            say(&lines.join("\n"));
        }
        Ok(findings.code())
    }
}
