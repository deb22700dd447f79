//! What an analyzer reads and finds.

use linecard_model::manifest as kinds;
use linecard_model::platform as model;

use super::event::to_profile;
use super::{Checked, all, bad, each};
use crate::bindings::analyzer::exports::linecard::plugin::analyzer_api as wit;
use crate::bindings::connector::linecard::plugin::manifest::Visibility;
use crate::error::Fault;
use crate::limits::Limits;

pub(crate) fn subject(subject: model::Subject) -> wit::Subject {
    wit::Subject {
        text: subject.text,
        language: subject.language,
        network: subject.network,
        channel: subject.channel,
        visibility: match subject.visibility {
            kinds::Visibility::Public => Visibility::Public,
            kinds::Visibility::Private => Visibility::Private,
        },
        addressed: subject.addressed,
        author: subject.author.map(to_profile),
        attachments: subject.attachments,
    }
}

impl Checked<model::Analysis> for wit::Analysis {
    fn checked(self, _limits: &Limits) -> Result<model::Analysis, Fault> {
        Ok(model::Analysis {
            labels: each(self.labels, |label| {
                if !(0.0..=1.0).contains(&label.confidence) {
                    return bad(format!(
                        "the confidence of the label \"{}\" is not from 0 to 1",
                        label.name
                    ));
                }
                Ok(model::Label {
                    name: label.name,
                    confidence: label.confidence,
                    evidence: label.evidence,
                })
            })?,
            scores: each(self.scores, |score| {
                let allowed = match score.name.as_str() {
                    "sentiment" => -1.0..=1.0,
                    "influence" | "actionability" => 0.0..=1.0,
                    _ => f64::MIN..=f64::MAX,
                };
                if !allowed.contains(&score.value) {
                    return bad(format!(
                        "the score \"{}\" is not from {} to {}",
                        score.name,
                        allowed.start(),
                        allowed.end()
                    ));
                }
                Ok(model::Score {
                    name: score.name,
                    value: score.value,
                })
            })?,
            language: self.language,
        })
    }
}

/// Whether every place of evidence lies in the text, on the boundaries of its characters.
pub(crate) fn check_evidence(analysis: &model::Analysis, text: &str) -> Result<(), Fault> {
    for label in &analysis.labels {
        for &(start, end) in &label.evidence {
            if text.get(start as usize..end as usize).is_none() {
                return bad(format!(
                    "the label \"{}\" names {start} to {end}, which is no part of the text",
                    label.name
                ));
            }
        }
    }
    Ok(())
}

pub(crate) fn problems(problems: Vec<wit::ConfigProblem>) -> Vec<model::ConfigProblem> {
    all(problems, |problem| model::ConfigProblem {
        pointer: problem.pointer,
        text: problem.text,
    })
}
