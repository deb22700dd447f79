//! What rules cost with one message, and how that grows with their number. 500 are to stay below a millisecond.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

use linecard_model::ChannelId;
use linecard_model::rule::{RuleActions, RuleConfig, RuleOccasion};
use linecard_rules::{Fact, Facts, Occasion, RuleSet};

fn main() {
    let conditions = [
        "message.text.mentions('refund number N') && network == 'x'",
        "scores.sentiment < -0.5 && author.followers > N",
        "'label-N' in labels || contact.attributes.tier == 'tier-N'",
        "message.text.matches('(?i)\\\\border N\\\\b')",
        "has(message.language) && message.language == 'lN'",
    ];
    let mut facts = Facts::default();
    let text =
        "My order came with a broken lid, and nobody answers the telephone. Please help me! ";
    facts.set("message.text", text.repeat(3));
    facts.set("message.language", "en");
    facts.set("network", "x");
    facts.set("author.followers", 12);
    facts.set("labels", vec!["defect".to_owned(), "delivery".to_owned()]);
    facts.set(
        "scores",
        Fact::Map(BTreeMap::from([(
            "sentiment".to_owned(),
            Fact::Double(-0.2),
        )])),
    );
    let channel = ChannelId::new("shop").expect("a name");
    let mut each = None;
    for count in [50, 100, 250, 500, 1_000] {
        let rules: Vec<RuleConfig> = (0..count)
            .map(|n| RuleConfig {
                name: format!("rule {n}"),
                when: Some(conditions[n % conditions.len()].replace('N', &n.to_string())),
                then: RuleActions {
                    priority: Some(1),
                    ..RuleActions::default()
                },
                ..RuleConfig::default()
            })
            .collect();
        let rules = RuleSet::compile(&rules).expect("the rules are good");
        let decide = || {
            rules.decide(Occasion {
                on: RuleOccasion::Message,
                after_seconds: None,
                facts: black_box(&facts),
                channel: &channel,
                public: true,
                begins: true,
                moves: true,
                ends: true,
            })
        };
        for _ in 0..50 {
            black_box(decide());
        }
        let mut taken: Vec<u128> = (0..1_000)
            .map(|_| {
                let begun = Instant::now();
                black_box(decide());
                begun.elapsed().as_nanos()
            })
            .collect();
        taken.sort_unstable();
        #[allow(clippy::cast_precision_loss)]
        let micros = |at: usize| taken[at] as f64 / 1e3;
        #[allow(clippy::cast_precision_loss)]
        let own = micros(500) / count as f64;
        let first = *each.get_or_insert(own);
        println!(
            "{count} rules with one message: median {:.0} µs, 99 of 100 within {:.0} µs; each rule {:.2} times what it takes among 50",
            micros(500),
            micros(990),
            own / first
        );
    }
}
