//! The index finds what a plain list finds, whatever was written, changed, erased and forgotten before, and
//! however often it was closed in between.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use linecard_model::routing::MediaType;
use linecard_model::{AgentId, ChannelId, ContactId, InteractionId, MessageId, QueueId, Timestamp};
use linecard_search::{
    Asked, Change, Conversation, Document, Filter, Index, Key, Kind, Order, Position, Question,
    ScoreRange, Sight,
};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

const WORDS: [&str; 6] = ["late", "refund", "straße", "order", "東京都", "haus"];
const CONTACTS: u64 = 4;
const INTERACTIONS: u64 = 6;
const MESSAGES: u64 = 12;

fn contact(number: u64) -> ContactId {
    ContactId::derived(1_700_000_000_000, number % CONTACTS)
}

fn interaction(number: u64) -> InteractionId {
    InteractionId::derived(1_700_000_000_000, number % INTERACTIONS)
}

fn queue(number: u64) -> QueueId {
    QueueId::new(["care", "sales"][usize::try_from(number % 2).unwrap()]).unwrap()
}

fn agent(number: u64) -> AgentId {
    AgentId::new(["anna", "ben"][usize::try_from(number % 2).unwrap()]).unwrap()
}

fn channel(number: u64) -> ChannelId {
    ChannelId::new(["page", "posts"][usize::try_from(number % 2).unwrap()]).unwrap()
}

/// Something that is done to the index and to the list.
#[derive(Debug, Clone)]
enum Step {
    Say {
        message: u64,
        words: Vec<usize>,
        interaction: u64,
        at: i64,
        score: i8,
        label: bool,
    },
    Route {
        interaction: u64,
        queue: u64,
        agent: Option<u64>,
        label: bool,
    },
    TakeBack(u64),
    Erase(u64),
    /// Written, and opened again.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..MESSAGES, vec(0..WORDS.len(), 1..6), 0..INTERACTIONS, 0..50_i64, -2..3_i8, any::<bool>())
            .prop_map(|(message, words, interaction, at, score, label)| Step::Say {
                message, words, interaction, at, score, label }),
        4 => (0..INTERACTIONS, 0..2_u64, proptest::option::of(0..2_u64), any::<bool>())
            .prop_map(|(interaction, queue, agent, label)| Step::Route { interaction, queue, agent, label }),
        1 => (0..MESSAGES).prop_map(Step::TakeBack),
        1 => (0..CONTACTS).prop_map(Step::Erase),
        1 => Just(Step::Restart),
    ]
}

/// A message always belongs to the same contact.
fn key(message: u64) -> Key {
    Key::Message(
        contact(message),
        MessageId::derived(1_700_000_000_000, message),
    )
}

/// An interaction too.
fn whose(interaction: u64) -> ContactId {
    contact(interaction)
}

#[derive(Default)]
struct List {
    messages: BTreeMap<u64, Document>,
    interactions: BTreeMap<u64, Conversation>,
}

impl List {
    fn apply(&mut self, step: &Step) -> Vec<Change> {
        match step {
            Step::Say {
                message,
                words,
                interaction: of,
                at,
                score,
                label,
            } => {
                let text: Vec<&str> = words.iter().map(|word| WORDS[*word]).collect();
                let said = Document {
                    key: key(*message),
                    person: contact(*message),
                    interaction: Some(interaction(*of)),
                    at: Timestamp::from_millisecond(*at).unwrap(),
                    texts: vec![text.join(" ")],
                    language: None,
                    numbers: Vec::new(),
                    channels: [channel(*message)].into(),
                    labels: label.then(|| "angry".to_owned()).into_iter().collect(),
                    scores: [("sentiment".to_owned(), f64::from(*score))].into(),
                };
                self.messages.insert(*message, said.clone());
                vec![Change::Put(Box::new(said))]
            }
            Step::Route {
                interaction: of,
                queue: to,
                agent: by,
                label,
            } => {
                let routed = Conversation {
                    id: interaction(*of),
                    persons: [whose(*of)].into(),
                    queue: queue(*to),
                    media_type: MediaType::SocialDirectMessage,
                    agents: by.map(agent).into_iter().collect(),
                    followers: BTreeSet::new(),
                    labels: label.then(|| "vip".to_owned()).into_iter().collect(),
                    disposition: None,
                };
                self.interactions.insert(*of, routed.clone());
                vec![Change::PutConversation(Box::new(routed))]
            }
            Step::TakeBack(message) => {
                self.messages.remove(message);
                vec![Change::Remove(key(*message))]
            }
            Step::Erase(number) => {
                let gone = contact(*number);
                self.messages.retain(|_, said| said.key.contact() != gone);
                vec![Change::Erase(gone)]
            }
            Step::Restart => Vec::new(),
        }
    }

    /// What is found, newest first.
    fn find(&self, word: &str, filter: &Filter, sight: &Sight) -> Vec<Key> {
        let of = |said: &Document| {
            self.interactions
                .values()
                .find(|known| Some(known.id) == said.interaction)
        };
        let seen = |said: &Document| match sight {
            Sight::Everything => true,
            Sight::Of { queues, agent } => self.interactions.values().any(|known| {
                known.persons.contains(&said.person)
                    && (queues.contains(&known.queue)
                        || agent
                            .as_ref()
                            .is_some_and(|agent| known.agents.contains(agent)))
            }),
        };
        let wanted = |said: &Document| {
            let at = said.at;
            filter
                .queue
                .as_ref()
                .is_none_or(|q| of(said).is_some_and(|known| known.queue == *q))
                && filter
                    .agent
                    .as_ref()
                    .is_none_or(|a| of(said).is_some_and(|known| known.agents.contains(a)))
                && filter.label.as_ref().is_none_or(|l| {
                    said.labels.contains(l)
                        || of(said).is_some_and(|known| known.labels.contains(l))
                })
                && filter
                    .channels
                    .as_ref()
                    .is_none_or(|c| !c.is_disjoint(&said.channels))
                && filter.score.as_ref().is_none_or(|range| {
                    said.scores
                        .get(&range.name)
                        .is_some_and(|s| *s >= range.at_least && *s <= range.at_most)
                })
                && filter.from.is_none_or(|from| at >= from)
                && filter.to.is_none_or(|to| at < to)
        };
        let has = |said: &Document| said.texts[0].split(' ').any(|one| one == word);
        let mut found: Vec<&Document> = self
            .messages
            .values()
            .filter(|said| has(said) && seen(said) && wanted(said))
            .collect();
        found.sort_by_key(|said| std::cmp::Reverse(said.at));
        found.into_iter().map(|said| said.key).collect()
    }
}

fn filter() -> impl Strategy<Value = Filter> {
    (
        proptest::option::of(0..2_u64),
        proptest::option::of(0..2_u64),
        proptest::option::of(prop_oneof![Just("vip"), Just("angry"), Just("none")]),
        proptest::option::of(0..2_u64),
        proptest::option::of((-2..2_i8, 0..3_i8)),
        proptest::option::of(0..50_i64),
        proptest::option::of(0..50_i64),
    )
        .prop_map(|(to, by, label, on, score, from, until)| Filter {
            kinds: BTreeSet::new(),
            channels: on.map(|on| [channel(on)].into()),
            media_type: None,
            queue: to.map(queue),
            agent: by.map(agent),
            label: label.map(str::to_owned),
            disposition: None,
            score: score.map(|(least, more)| ScoreRange {
                name: "sentiment".to_owned(),
                at_least: f64::from(least),
                at_most: f64::from(least + more),
            }),
            from: from.map(|at| Timestamp::from_millisecond(at).unwrap()),
            to: until.map(|at| Timestamp::from_millisecond(at).unwrap()),
        })
}

fn sight() -> impl Strategy<Value = Sight> {
    prop_oneof![
        Just(Sight::Everything),
        (btree_set(0..2_u64, 0..3), proptest::option::of(0..2_u64)).prop_map(|(queues, own)| {
            Sight::Of {
                queues: queues.into_iter().map(queue).collect(),
                agent: own.map(agent),
            }
        }),
    ]
}

/// Everything that is found, page by page.
fn pages(index: &Index, asked: Asked) -> Vec<Key> {
    let mut found = Vec::new();
    let mut asked = asked;
    loop {
        let page = index.find(&asked).unwrap();
        asked.after = page
            .hits
            .last()
            .map(|(_, cursor)| cursor.text().parse().unwrap());
        found.extend(page.hits.into_iter().map(|(key, _)| key));
        if page.is_last {
            return found;
        }
    }
}

fn opened(folder: &std::path::Path) -> Arc<Index> {
    let index = Arc::new(Index::new(folder));
    if index.open().is_none() {
        index.begin_anew().unwrap();
    }
    index
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]
    #[test]
    fn the_index_finds_what_a_list_finds(
        steps in vec(vec(step(), 1..8), 1..6),
        questions in vec((0..WORDS.len(), filter(), sight(), 1..4_usize), 1..6),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut index = opened(folder.path());
        let mut list = List::default();
        let mut writer = None;
        let mut seq = 0;
        for batch in steps {
            let mut changes = Vec::new();
            for step in &batch {
                changes.extend(list.apply(step));
                seq += 1;
            }
            let position = Position { seq, at: None, built_to: None, whole: true };
            let with = writer.take().unwrap_or_else(|| index.writer().unwrap());
            writer = with.write(&changes, position).unwrap();
            if batch.iter().any(|step| matches!(step, Step::Restart)) {
                drop(writer.take());
                index = Arc::new(Index::new(folder.path()));
                prop_assert_eq!(index.open(), Some(position));
            }
            for (word, filter, sight, limit) in &questions {
                let expected = list.find(WORDS[*word], filter, sight);
                let mut asked = Asked {
                    question: Question::new(WORDS[*word]).unwrap(),
                    filter: filter.clone(),
                    sight: sight.clone(),
                    order: Order::Time,
                    after: None,
                    limit: *limit,
                };
                let by_time = pages(&index, asked.clone());
                let times = |keys: &[Key]| -> Vec<Timestamp> {
                    let of = |key: &Key| list.messages.values().find(|said| said.key == *key).unwrap().at;
                    keys.iter().map(of).collect()
                };
                prop_assert_eq!(times(&by_time), times(&expected));
                let expected: BTreeSet<Key> = expected.into_iter().collect();
                prop_assert_eq!(by_time.len(), expected.len());
                prop_assert_eq!(by_time.into_iter().collect::<BTreeSet<_>>(), expected.clone());
                asked.order = Order::Relevance;
                let by_relevance = pages(&index, asked);
                prop_assert_eq!(by_relevance.len(), expected.len());
                prop_assert_eq!(by_relevance.into_iter().collect::<BTreeSet<_>>(), expected);
            }
        }
    }
}

/// How many histories are tried; `LINECARD_SEARCH_CASES` sets another number.
fn cases() -> u32 {
    let number = std::env::var("LINECARD_SEARCH_CASES").ok();
    number.and_then(|number| number.parse().ok()).unwrap_or(10)
}

fn said(number: u64, text: &str, language: Option<&str>) -> Document {
    Document {
        key: Key::Message(
            ContactId::derived(1_700_000_000_000, number),
            MessageId::derived(1_700_000_000_000, number),
        ),
        person: ContactId::derived(1_700_000_000_000, number),
        interaction: None,
        at: Timestamp::from_millisecond(i64::try_from(number).unwrap()).unwrap(),
        texts: vec![text.to_owned()],
        language: language.map(str::to_owned),
        numbers: Vec::new(),
        channels: BTreeSet::new(),
        labels: BTreeSet::new(),
        scores: BTreeMap::new(),
    }
}

fn put(document: Document) -> Change {
    Change::Put(Box::new(document))
}

const HERE: Position = Position {
    seq: 1,
    at: None,
    built_to: None,
    whole: true,
};

fn asked(question: &str) -> Asked {
    Asked {
        question: Question::new(question).unwrap(),
        filter: Filter::default(),
        sight: Sight::Everything,
        order: Order::Relevance,
        after: None,
        limit: 50,
    }
}

/// The numbers of what a question finds, in order.
fn numbers(index: &Index, question: &str) -> BTreeSet<u64> {
    let found = index.find(&asked(question)).unwrap().hits;
    let number = |key: &Key| {
        let (Key::Message(contact, _) | Key::Note(contact, _) | Key::Contact(contact)) = key;
        (0..100)
            .find(|n| ContactId::derived(1_700_000_000_000, *n) == *contact)
            .unwrap()
    };
    found.iter().map(|(key, _)| number(key)).collect()
}

#[test]
fn words_phrases_beginnings_and_stems_are_found_in_many_languages() {
    let folder = tempfile::tempdir().unwrap();
    let index = opened(folder.path());
    let texts = [
        ("My refunds are late again", Some("en")),
        ("Die Häuser sind zu klein", Some("de-AT")),
        ("Ein Haus in der Straße", None),
        ("ここは東京都です", Some("ja")),
        ("학교에 간다", Some("ko")),
        ("again late", None),
        ("Où est ma commande répétée ?", Some("fr")),
        ("猫", None),
        ("ฉันต้องการคืนเงิน", Some("th")),
    ];
    let changes: Vec<Change> = (0..)
        .zip(texts)
        .map(|(number, (text, language))| put(said(number, text, language)))
        .collect();
    index.writer().unwrap().write(&changes, HERE).unwrap();
    for (question, expected) in [
        ("refund", vec![0]),
        ("REFUNDED", vec![0]),
        ("late again", vec![0, 5]),
        ("\"late again\"", vec![0]),
        ("hauser", vec![1]),
        ("haus", vec![1, 2]),
        ("strasse", vec![2]),
        ("str*", vec![2]),
        ("\"der str\"", vec![]),
        ("der str*", vec![2]),
        ("東京", vec![3]),
        ("京都", vec![3]),
        ("東京都", vec![3]),
        ("東都", vec![]),
        ("京", vec![3]),
        ("す", vec![3]),
        ("학교", vec![4]),
        ("repetee", vec![6]),
        ("répétées", vec![6]),
        ("猫", vec![7]),
        ("คืนเงิน", vec![8]),
        ("nothing", vec![]),
        ("late nothing", vec![]),
    ] {
        let expected: BTreeSet<u64> = expected.into_iter().collect();
        assert_eq!(numbers(&index, question), expected, "{question}");
    }
}

#[test]
fn contacts_are_found_by_parts_of_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let index = opened(folder.path());
    let mut one = said(1, "Anna Müller", None);
    one.key = Key::Contact(one.person);
    one.numbers = vec!["+49 171 1234567".to_owned()];
    let changes = [put(one), put(said(2, "call 49 171 or 0171", None))];
    index.writer().unwrap().write(&changes, HERE).unwrap();
    for (question, expected) in [
        ("171 1234", vec![1]),
        ("(1234) 567", vec![1]),
        ("muller", vec![1]),
        ("0171", vec![2]),
        ("9999", vec![]),
    ] {
        let expected: BTreeSet<u64> = expected.into_iter().collect();
        assert_eq!(numbers(&index, question), expected, "{question}");
    }
    let mut people = asked("anna");
    people.filter.kinds = [Kind::Message].into();
    assert!(index.find(&people).unwrap().hits.is_empty());
}

#[test]
fn a_page_is_not_repeated_while_others_write() {
    let folder = tempfile::tempdir().unwrap();
    let index = opened(folder.path());
    let changes: Vec<Change> = (0..40)
        .map(|n| {
            put(said(
                n,
                &format!("late {}", "word ".repeat(usize::try_from(n % 7).unwrap())),
                None,
            ))
        })
        .collect();
    let mut writer = index
        .writer()
        .unwrap()
        .write(&changes, HERE)
        .unwrap()
        .unwrap();
    let mut page = asked("late word");
    page.limit = 5;
    let mut seen = Vec::new();
    for round in 0..20_u64 {
        let found = index.find(&page).unwrap();
        seen.extend(found.hits.iter().map(|(key, _)| *key));
        page.after = found
            .hits
            .last()
            .map(|(_, cursor)| cursor.text().parse().unwrap());
        if found.is_last {
            break;
        }
        // Words become commoner and rarer, and texts longer.
        let more: Vec<Change> = (0..30)
            .map(|n| {
                put(said(
                    1_000 + round * 100 + n,
                    &"word other ".repeat(9),
                    None,
                ))
            })
            .collect();
        writer = writer.write(&more, HERE).unwrap().unwrap();
    }
    let first: Vec<Key> = seen
        .iter()
        .copied()
        .filter(|key| (0..40).any(|n| said(n, "", None).key == *key))
        .collect();
    let apart: BTreeSet<Key> = seen.iter().copied().collect();
    assert_eq!(apart.len(), seen.len(), "something was shown twice");
    let expected = (0..40).filter(|n| n % 7 > 0).count();
    assert_eq!(first.len(), expected, "something was left out");
}

/// Whether some bytes stand in a file of a folder.
fn lies_in(folder: &std::path::Path, bytes: &[u8]) -> bool {
    let files = std::fs::read_dir(folder).unwrap();
    let files = files.map(|file| file.unwrap().path());
    files.filter(|file| file.is_file()).any(|file| {
        let all = std::fs::read(file).unwrap();
        all.windows(bytes.len()).any(|window| window == bytes)
    })
}

/// All words of all parts, of deleted things too: a dictionary does not keep them letter by letter, so they
/// are not found as bytes.
fn dictionary(folder: &std::path::Path) -> BTreeSet<String> {
    for _ in 0..100 {
        if let Ok(words) = words(folder) {
            return words;
        }
        // A part went away in the background while it was opened.
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    words(folder).unwrap()
}

fn words(folder: &std::path::Path) -> tantivy::Result<BTreeSet<String>> {
    let index = tantivy::Index::open_in_dir(folder)?;
    let mut words = BTreeSet::new();
    let reader = index.reader()?;
    for segment in reader.searcher().segment_readers() {
        for (field, _) in index.schema().fields() {
            if !index.schema().get_field_entry(field).is_indexed() {
                continue;
            }
            let inverted = segment.inverted_index(field)?;
            let mut terms = inverted.terms().stream()?;
            while terms.advance() {
                words.insert(String::from_utf8_lossy(terms.key()).into_owned());
            }
        }
    }
    Ok(words)
}

/// The parts of which there is a file.
fn parts_on_disk(folder: &std::path::Path) -> BTreeSet<String> {
    let files = std::fs::read_dir(folder).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let parts = names.filter_map(|name| name.split('.').next().map(str::to_owned));
    parts.filter(|part| part.len() == 32).collect()
}

fn parts_in_use(folder: &std::path::Path) -> BTreeSet<String> {
    let index = tantivy::Index::open_in_dir(folder).unwrap();
    let parts = index.searchable_segment_ids().unwrap();
    parts.into_iter().map(|id| id.uuid_string()).collect()
}

#[test]
fn the_words_of_somebody_erased_are_gone_from_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let index = opened(folder.path());
    let secret = said(1, "xylophonquartett", Some("de"));
    let gone = secret.key.contact();
    let mut writer = Some(index.writer().unwrap());
    // In a part with others, in one by itself, and as it was before it was changed.
    let changed = said(1, "zwischenstandsbericht", Some("de"));
    let mut before = BTreeSet::new();
    for changes in [
        vec![put(secret), put(said(2, "others", None))],
        vec![put(changed)],
        vec![put(said(3, "more", None))],
    ] {
        writer = writer.unwrap().write(&changes, HERE).unwrap();
        // What was changed goes in the background, at any time from now on.
        before.extend(dictionary(folder.path()));
    }
    assert!(before.contains("xylophonquartett"), "{before:?}");
    assert!(before.contains("zwischenstandsbericht"), "{before:?}");
    assert!(lies_in(folder.path(), gone.to_string().as_bytes()));
    // Somebody looks at it meanwhile.
    let looking = Arc::clone(&index);
    let looks = std::thread::spawn(move || {
        for _ in 0..50 {
            assert!(looking.find(&asked("others")).is_ok());
        }
    });
    let left = writer.unwrap().write(&[Change::Erase(gone)], HERE).unwrap();
    assert!(left.is_none());
    looks.join().unwrap();
    let after = dictionary(folder.path());
    assert!(
        !after.iter().any(|word| word.contains("xylophon")),
        "{after:?}"
    );
    assert!(
        !after.iter().any(|word| word.contains("zwischen")),
        "{after:?}"
    );
    assert!(!lies_in(folder.path(), gone.to_string().as_bytes()));
    assert_eq!(parts_on_disk(folder.path()), parts_in_use(folder.path()));
    assert_eq!(numbers(&index, "others"), [2].into());
    assert_eq!(numbers(&index, "more"), [3].into());
    // It can be written again, also after a start.
    drop(
        index
            .writer()
            .unwrap()
            .write(&[put(said(4, "later", None))], HERE)
            .unwrap(),
    );
    let again = opened(folder.path());
    assert_eq!(numbers(&again, "later"), [4].into());
}

#[test]
fn what_is_of_another_version_or_broken_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Index::new(folder.path().join("none")).open(), None);
    let index = opened(folder.path());
    drop(
        index
            .writer()
            .unwrap()
            .write(&[put(said(1, "late", None))], HERE)
            .unwrap(),
    );
    assert_eq!(Index::new(folder.path()).open(), Some(HERE));
    let meta = folder.path().join("meta.json");
    let whole = std::fs::read_to_string(&meta).unwrap();
    for wrong in [
        whole.replace("\\\"form\\\":1", "\\\"form\\\":0"),
        whole.replace("\"words\"", "\"wards\""),
        whole[..whole.len() / 2].to_owned(),
        String::new(),
    ] {
        assert_ne!(wrong, whole);
        std::fs::write(&meta, wrong).unwrap();
        let index = opened(folder.path());
        assert!(!index.is_whole());
        assert!(index.find(&asked("late")).unwrap().hits.is_empty());
        drop(
            index
                .writer()
                .unwrap()
                .write(&[put(said(1, "late", None))], HERE)
                .unwrap(),
        );
        assert_eq!(numbers(&index, "late"), [1].into());
    }
}
