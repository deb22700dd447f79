//! How fast an index of many messages is built and asked.
//!
//! `cargo bench -p linecard-search --bench million -- 1000000`: the argument is the number of messages. Words are as
//! rare as in real texts (the tenth is ten times rarer than the first); each contact has ten messages, each
//! interaction four; an agent sees a tenth of the queues.

use std::sync::Arc;
use std::time::{Duration, Instant};

use linecard_model::routing::MediaType;
use linecard_model::{AgentId, ChannelId, ContactId, InteractionId, MessageId, QueueId, Timestamp};
use linecard_search::{
    Asked, Change, Conversation, Document, Filter, Index, Key, Order, Position, Question,
    ScoreRange, Sight,
};

const WORDS: u64 = 50_000;
const QUEUES: u64 = 20;
const BATCH: u64 = 4_000;
const ROUNDS: u64 = 40;

/// Numbers that are the same on every run (xorshift).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below a bound, small ones oftener.
    fn word(&mut self) -> u64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits are enough")]
        let share = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let rank = (WORDS as f64).powf(share);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "in range"
        )]
        let rank = rank as u64;
        rank.min(WORDS - 1)
    }
}

fn word(number: u64) -> String {
    const PARTS: [&str; 16] = [
        "lie", "fer", "ung", "ship", "ment", "rück", "zahl", "or", "der", "late", "haus", "ver",
        "spät", "pack", "et", "ing",
    ];
    let mut text = String::new();
    let mut left = number + 1;
    while left > 0 {
        text.push_str(PARTS[usize::try_from(left % 16).unwrap_or(0)]);
        left /= 16;
    }
    text
}

fn message(number: u64, chance: &mut Chance) -> Change {
    let contact = ContactId::derived(1_700_000_000_000, number / 10);
    let length = 5 + chance.next() % 25;
    let words: Vec<String> = (0..length).map(|_| word(chance.word())).collect();
    #[expect(clippy::cast_precision_loss, reason = "small")]
    let score = (chance.next() % 200) as f64 / 100.0 - 1.0;
    Change::Put(Box::new(Document {
        key: Key::Message(contact, MessageId::derived(1_700_000_000_000, number)),
        person: contact,
        interaction: Some(InteractionId::derived(1_700_000_000_000, number / 4)),
        at: Timestamp::from_millisecond(
            1_700_000_000_000 + i64::try_from(number).unwrap_or(0) * 1_000,
        )
        .unwrap_or_default(),
        texts: vec![words.join(" ")],
        language: Some(["de", "en"][usize::from(number.is_multiple_of(2))].to_owned()),
        numbers: Vec::new(),
        channels: ChannelId::new(format!("channel-{}", number % 5))
            .into_iter()
            .collect(),
        labels: std::collections::BTreeSet::new(),
        scores: [("sentiment".to_owned(), score)].into(),
    }))
}

fn queue(number: u64) -> QueueId {
    QueueId::new(format!("queue-{}", number % QUEUES)).unwrap_or_else(|_| unreachable!())
}

fn conversation(number: u64) -> Change {
    let first = number * 4 / 10;
    Change::PutConversation(Box::new(Conversation {
        id: InteractionId::derived(1_700_000_000_000, number),
        persons: [ContactId::derived(1_700_000_000_000, first)].into(),
        // A contact comes back to the same queue, as a rule.
        queue: queue(first),
        media_type: MediaType::SocialDirectMessage,
        agents: AgentId::new(format!("agent-{}", number % 100))
            .into_iter()
            .collect(),
        followers: std::collections::BTreeSet::new(),
        labels: std::collections::BTreeSet::new(),
        disposition: Some("Processed".to_owned()),
    }))
}

fn main() {
    let number = std::env::args()
        .skip(1)
        .find_map(|text| text.parse::<u64>().ok());
    let messages = number.unwrap_or(1_000_000);
    let folder = tempfile::tempdir().expect("a folder");
    let index = Arc::new(Index::new(folder.path()));
    index.begin_anew().expect("an index");
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    let began = Instant::now();
    let mut writer = Some(index.writer().expect("a writer"));
    let mut slowest = Duration::ZERO;
    for first in (0..messages).step_by(usize::try_from(BATCH).unwrap_or(1)) {
        let until = (first + BATCH).min(messages);
        let mut changes: Vec<Change> = (first..until).map(|n| message(n, &mut chance)).collect();
        changes.extend((first / 4..until.div_ceil(4)).map(conversation));
        let position = Position {
            seq: until,
            at: None,
            built_to: None,
            whole: true,
        };
        let since = Instant::now();
        let with = writer.take().expect("a writer");
        writer = with.write(&changes, position).expect("written");
        slowest = slowest.max(since.elapsed());
    }
    writer.take().map(linecard_search::Writer::end);
    let took = began.elapsed();
    let size = index.size();
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let (rate, megabytes) = (
        messages as f64 / took.as_secs_f64(),
        size.bytes as f64 / 1e6,
    );
    println!(
        "{messages} messages in {:.1} s ({rate:.0}/s, slowest batch of {BATCH} {slowest:.0?}); {} parts, {megabytes:.0} MB",
        took.as_secs_f64(),
        size.segments,
    );
    let agent = Sight::Of {
        queues: [queue(3), queue(7)].into(),
        agent: AgentId::new("agent-7").ok(),
    };
    let filtered = Filter {
        queue: Some(queue(3)),
        score: Some(ScoreRange {
            name: "sentiment".to_owned(),
            at_least: -1.0,
            at_most: 0.0,
        }),
        ..Filter::default()
    };
    for (what, sight, filter, order) in [
        (
            "whoever sees all, by relevance",
            Sight::Everything,
            Filter::default(),
            Order::Relevance,
        ),
        (
            "whoever sees all, by time",
            Sight::Everything,
            Filter::default(),
            Order::Time,
        ),
        (
            "an agent, by relevance",
            agent.clone(),
            Filter::default(),
            Order::Relevance,
        ),
        (
            "an agent, by time, of a queue and a score",
            agent,
            filtered,
            Order::Time,
        ),
    ] {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let (one, two) = (word(chance.word()), word(chance.word()));
            let start: String = one.chars().take(5).collect();
            for question in [
                one.clone(),
                format!("{one} {two}"),
                format!("\"{one} {two}\""),
                format!("{start}*"),
                word(0),
            ] {
                let asked = Asked {
                    question: Question::new(&question).expect("a question"),
                    filter: filter.clone(),
                    sight: sight.clone(),
                    order,
                    after: None,
                    limit: 50,
                };
                let since = Instant::now();
                let found = index.find(&asked).expect("found");
                times.push(since.elapsed());
                assert!(found.hits.len() <= 50, "too many");
            }
        }
        times.sort_unstable();
        let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
        println!(
            "{what}: p50 {:.1?}, p95 {:.1?}, p99 {:.1?}",
            at(50),
            at(95),
            at(99)
        );
    }
}
