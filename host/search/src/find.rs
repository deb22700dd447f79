//! How what is looked for is found: the filters, the order, and the places in it.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use linecard_model::routing::MediaType;
use linecard_model::{AgentId, ChannelId, QueueId, Timestamp};
use serde::{Deserialize, Serialize};
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{Column, StrColumn};
use tantivy::query::{
    Bm25StatisticsProvider, BooleanQuery, ConstScoreQuery, EnableScoring, Occur, Query, TermQuery,
    TermSetQuery,
};
use tantivy::schema::{Field, IndexRecordOption, Value as _};
use tantivy::{
    DocAddress, DocId, Score, Searcher, SegmentOrdinal, SegmentReader, TantivyDocument, Term,
};

use crate::document::{Key, Kind};
use crate::question::Question;
use crate::schema::{
    AT, CONVERSATION, Fields, INTERACTION, LABEL, MARK, PERSON, SCORES, agent_place, queue_place,
};

/// What is found first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// What fits the question best.
    #[default]
    Relevance,
    /// The newest.
    Time,
}

/// From where things are seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// Everything is.
    Everything,
    /// What belongs to a person with an interaction in one of the queues, or of the agent.
    Of {
        /// The queues.
        queues: BTreeSet<QueueId>,
        /// The agent.
        agent: Option<AgentId>,
    },
}

/// A score that a message has to have.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreRange {
    /// Which.
    pub name: String,
    /// The lowest.
    pub at_least: f64,
    /// The highest.
    pub at_most: f64,
}

/// What is wanted of what the question finds. Absent: whatever it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {
    /// Only of these kinds; of all if there is none.
    pub kinds: BTreeSet<Kind>,
    /// Only of one of these channels.
    pub channels: Option<BTreeSet<ChannelId>>,
    /// Only of interactions of this kind of work.
    pub media_type: Option<MediaType>,
    /// Only of interactions in this queue.
    pub queue: Option<QueueId>,
    /// Only of interactions that this agent has, had last, or takes part in.
    pub agent: Option<AgentId>,
    /// Only with this label, itself or its interaction.
    pub label: Option<String>,
    /// Only of interactions that ended so.
    pub disposition: Option<String>,
    /// Only with a score like this.
    pub score: Option<ScoreRange>,
    /// Only from then on.
    pub from: Option<Timestamp>,
    /// Only until before then.
    pub to: Option<Timestamp>,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The words.
    pub question: Question,
    /// What is wanted of it.
    pub filter: Filter,
    /// From where it is seen.
    pub sight: Sight,
    /// What comes first.
    pub order: Order,
    /// The place after which to go on.
    pub after: Option<Cursor>,
    /// How many at most.
    pub limit: usize,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The things, in their order, each with the place after it.
    pub hits: Vec<(Key, Cursor)>,
    /// Whether there is more.
    pub is_last: bool,
}

/// A place in what was found. It stays one when things are added, change or go meanwhile: how rare each word
/// was when the first page was made is in it, so that nothing changes its place because of others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    #[serde(rename = "o")]
    order: Order,
    #[serde(rename = "s")]
    rank: u64,
    #[serde(rename = "a")]
    at: i64,
    #[serde(rename = "m")]
    mark: u64,
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    figures: Option<Arc<Figures>>,
}

impl Cursor {
    /// In which order it is a place.
    pub fn order(&self) -> Order {
        self.order
    }

    /// As callers carry it.
    pub fn text(&self) -> String {
        // Numbers and their lists always serialize.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| ())?;
        serde_json::from_slice(&bytes).map_err(|_| ())
    }
}

/// How rare words were.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Figures {
    /// How many documents there were.
    d: u64,
    /// How many words they had, by field.
    t: BTreeMap<u32, u64>,
    /// In how many each word stood that stood in one, by the number that it has here.
    w: BTreeMap<u64, u64>,
}

/// Gives the figures of the first page, or takes them down for the next.
struct Rarity<'a> {
    searcher: &'a Searcher,
    known: Option<Arc<Figures>>,
    taken: Mutex<Figures>,
}

impl Rarity<'_> {
    fn take(&self, change: impl FnOnce(&mut Figures)) {
        change(&mut self.taken.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn number(term: &Term) -> u64 {
    // FNV-1a: it has to stay the same over starts.
    let bytes = term.serialized_value_bytes().iter();
    let field = u64::from(term.field().field_id());
    bytes.fold(0xcbf2_9ce4_8422_2325 ^ field, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl Bm25StatisticsProvider for Rarity<'_> {
    fn total_num_tokens(&self, field: Field) -> tantivy::Result<u64> {
        if let Some(known) = &self.known {
            return Ok(known.t.get(&field.field_id()).copied().unwrap_or(0));
        }
        let count = self.searcher.total_num_tokens(field)?;
        self.take(|taken| {
            taken.t.insert(field.field_id(), count);
        });
        Ok(count)
    }

    fn total_num_docs(&self) -> tantivy::Result<u64> {
        if let Some(known) = &self.known {
            return Ok(known.d);
        }
        let count = self.searcher.total_num_docs()?;
        self.take(|taken| taken.d = count);
        Ok(count)
    }

    fn doc_freq(&self, term: &Term) -> tantivy::Result<u64> {
        let all = self.total_num_docs()?;
        if let Some(known) = &self.known {
            // A cursor is text that comes from outside.
            return Ok(known.w.get(&number(term)).copied().unwrap_or(0).min(all));
        }
        let count = Bm25StatisticsProvider::doc_freq(self.searcher, term)?.min(all);
        if count > 0 {
            self.take(|taken| {
                taken.w.insert(number(term), count);
            });
        }
        Ok(count)
    }
}

/// Marks are as good as random.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 << 8) | u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

type Marks = HashSet<u64, BuildHasherDefault<AsItIs>>;

/// Answers a question.
pub(crate) fn find(searcher: &Searcher, fields: &Fields, asked: &Asked) -> tantivy::Result<Found> {
    let filter = &asked.filter;
    let mut wanted: Vec<Box<dyn Query>> = vec![asked.question.query(fields)];
    // Conversations have no words: what has one is of a kind that is found.
    if !filter.kinds.is_empty() && filter.kinds.len() < Kind::ALL.len() {
        let kinds = filter.kinds.iter().map(|kind| kind.as_str());
        wanted.push(one_of(fields.kind, kinds));
    }
    if let Some(channels) = &filter.channels {
        let channels = channels.iter().map(ChannelId::as_str);
        wanted.push(one_of(fields.channel, channels));
    }
    let query: Box<dyn Query> = if wanted.len() == 1 {
        wanted.remove(0)
    } else {
        // Only the words say how well something fits.
        let mut parts = wanted.into_iter();
        let words = parts.next().map(|words| (Occur::Must, words));
        let others = parts.map(|other| {
            let unscored: Box<dyn Query> = Box::new(ConstScoreQuery::new(other, 0.0));
            (Occur::Must, unscored)
        });
        Box::new(BooleanQuery::new(words.into_iter().chain(others).collect()))
    };
    let mut best = Best {
        order: asked.order,
        after: asked.after.clone(),
        limit: asked.limit.saturating_add(1),
        from: filter.from.map(|at| at.as_millisecond()),
        to: filter.to.map(|at| at.as_millisecond()),
        score: filter.score.clone(),
        seen: None,
        within: None,
        label: None,
    };
    if let Some(conversations) = of_conversations(fields, filter) {
        best.within = Some(sets(searcher, fields, conversations)?);
    }
    if let Some(label) = &filter.label {
        let labelled = one_of(fields.label, std::iter::once(label.as_str()));
        best.label = Some((label.clone(), sets(searcher, fields, vec![labelled])?));
    }
    if let Sight::Of { queues, agent } = &asked.sight {
        let queues = queues.iter().map(|queue| queue_place(queue.as_str()));
        let places = queues.chain(agent.iter().map(|agent| agent_place(agent.as_str())));
        let places: Vec<String> = places.collect();
        let seen = one_of(fields.place, places.iter().map(String::as_str));
        best.seen = Some(sets(searcher, fields, vec![seen])?);
    }
    let rarity = Rarity {
        searcher,
        known: asked.after.as_ref().and_then(|after| after.figures.clone()),
        taken: Mutex::default(),
    };
    let rows = match asked.order {
        Order::Relevance => searcher.search_with_statistics_provider(&query, &best, &rarity)?,
        Order::Time => searcher.search(&query, &best)?,
    };
    let figures = match asked.order {
        Order::Time => None,
        Order::Relevance => Some(rarity.known.unwrap_or_else(|| {
            let taken = rarity.taken.into_inner();
            Arc::new(taken.unwrap_or_else(PoisonError::into_inner))
        })),
    };
    let is_last = rows.len() <= asked.limit;
    let mut hits = Vec::with_capacity(asked.limit.min(rows.len()));
    for row in rows.into_iter().take(asked.limit) {
        let kept: TantivyDocument = searcher.doc(row.place)?;
        let text = kept.get_first(fields.key).and_then(|value| value.as_str());
        if let Some(key) = text.and_then(Key::parse) {
            let cursor = Cursor {
                order: asked.order,
                rank: row.rank,
                at: row.at,
                mark: row.mark,
                figures: figures.clone(),
            };
            hits.push((key, cursor));
        }
    }
    Ok(Found { hits, is_last })
}

fn one_of<'a>(field: Field, texts: impl Iterator<Item = &'a str>) -> Box<dyn Query> {
    let terms: Vec<Term> = texts
        .map(|text| Term::from_field_text(field, text))
        .collect();
    match &terms[..] {
        [one] => Box::new(TermQuery::new(one.clone(), IndexRecordOption::Basic)),
        _ => Box::new(TermSetQuery::new(terms)),
    }
}

/// What is asked of the interactions to which things belong; nothing if that is nothing.
fn of_conversations(fields: &Fields, filter: &Filter) -> Option<Vec<Box<dyn Query>>> {
    let mut asked = Vec::new();
    let mut add = |field, text: &str| asked.push(one_of(field, std::iter::once(text)));
    if let Some(media_type) = filter.media_type {
        add(fields.media_type, media_type.as_str());
    }
    if let Some(queue) = &filter.queue {
        add(fields.queue, queue.as_str());
    }
    if let Some(agent) = &filter.agent {
        add(fields.agent, agent.as_str());
    }
    if let Some(disposition) = &filter.disposition {
        add(fields.disposition, disposition);
    }
    (!asked.is_empty()).then_some(asked)
}

/// Interactions, and whose they are.
#[derive(Default)]
struct Sets {
    interactions: Marks,
    persons: Marks,
}

/// The interactions of which all of this is true.
fn sets(
    searcher: &Searcher,
    fields: &Fields,
    mut all: Vec<Box<dyn Query>>,
) -> tantivy::Result<Arc<Sets>> {
    all.push(one_of(fields.kind, std::iter::once(CONVERSATION)));
    let query = BooleanQuery::intersection(all);
    let weight = query.weight(EnableScoring::disabled_from_searcher(searcher))?;
    let mut sets = Sets::default();
    for segment in searcher.segment_readers() {
        let columns = segment.fast_fields();
        let (marks, persons) = (columns.u64(MARK)?, columns.u64(PERSON)?);
        let alive = segment.alive_bitset();
        weight.for_each_no_score(segment, &mut |docs| {
            for doc in docs {
                if alive.is_some_and(|alive| !alive.is_alive(*doc)) {
                    continue;
                }
                sets.interactions.extend(marks.first(*doc));
                sets.persons.extend(persons.values_for_doc(*doc));
            }
        })?;
    }
    Ok(Arc::new(sets))
}

/// Something that was found, before it is known what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    /// How well it fits; 0 in the order of time.
    rank: u64,
    at: i64,
    mark: u64,
    place: DocAddress,
}

impl Row {
    /// What comes first is the greatest. No two things are equal.
    fn key(&self) -> (u64, i64, u64) {
        (self.rank, self.at, self.mark)
    }
}

impl Ord for Row {
    /// The worst is the greatest, so that a heap gives it up first.
    fn cmp(&self, other: &Self) -> Ordering {
        other.key().cmp(&self.key())
    }
}

impl PartialOrd for Row {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Collects the first of what is found and wanted.
struct Best {
    order: Order,
    after: Option<Cursor>,
    limit: usize,
    from: Option<i64>,
    to: Option<i64>,
    score: Option<ScoreRange>,
    /// The persons whose things are seen; all if there is none.
    seen: Option<Arc<Sets>>,
    /// The interactions to which they are to belong.
    within: Option<Arc<Sets>>,
    label: Option<(String, Arc<Sets>)>,
}

impl Collector for Best {
    type Fruit = Vec<Row>;
    type Child = BestOfSegment;

    fn for_segment(
        &self,
        ordinal: SegmentOrdinal,
        segment: &SegmentReader,
    ) -> tantivy::Result<BestOfSegment> {
        let columns = segment.fast_fields();
        let label = match &self.label {
            None => None,
            Some((label, with)) => {
                let own = columns.str(LABEL)?;
                let number = match &own {
                    Some(own) => own.dictionary().term_ord(label.as_bytes())?,
                    None => None,
                };
                Some(LabelOf {
                    own: own.zip(number),
                    with: Arc::clone(with),
                })
            }
        };
        let score = match &self.score {
            None => None,
            Some(range) => {
                let path = format!("{SCORES}.{}", range.name.replace('.', "\\."));
                Some((columns.column_opt::<f64>(&path)?, range.clone()))
            }
        };
        Ok(BestOfSegment {
            ordinal,
            by_relevance: self.order == Order::Relevance,
            after: self.after.as_ref().map(|a| (a.rank, a.at, a.mark)),
            limit: self.limit,
            from: self.from,
            to: self.to,
            at: columns.i64(AT)?,
            mark: columns.u64(MARK)?,
            person: columns.u64(PERSON)?,
            interaction: columns.u64(INTERACTION)?,
            seen: self.seen.clone(),
            within: self.within.clone(),
            label,
            score,
            heap: BinaryHeap::new(),
        })
    }

    fn requires_scoring(&self) -> bool {
        self.order == Order::Relevance
    }

    fn merge_fruits(&self, segments: Vec<Vec<Row>>) -> tantivy::Result<Vec<Row>> {
        let mut rows: Vec<Row> = segments.into_iter().flatten().collect();
        rows.sort_unstable();
        // A thing that is just being replaced is found as it was before.
        rows.truncate(self.limit);
        Ok(rows)
    }
}

struct LabelOf {
    own: Option<(StrColumn, u64)>,
    with: Arc<Sets>,
}

struct BestOfSegment {
    ordinal: SegmentOrdinal,
    by_relevance: bool,
    after: Option<(u64, i64, u64)>,
    limit: usize,
    from: Option<i64>,
    to: Option<i64>,
    at: Column<i64>,
    mark: Column<u64>,
    person: Column<u64>,
    interaction: Column<u64>,
    seen: Option<Arc<Sets>>,
    within: Option<Arc<Sets>>,
    label: Option<LabelOf>,
    score: Option<(Option<Column<f64>>, ScoreRange)>,
    heap: BinaryHeap<Row>,
}

impl BestOfSegment {
    fn is_wanted(&self, doc: DocId, at: i64) -> bool {
        if self.from.is_some_and(|from| at < from) || self.to.is_some_and(|to| at >= to) {
            return false;
        }
        let person = self.person.first(doc).unwrap_or(0);
        if (self.seen.as_ref()).is_some_and(|seen| !seen.persons.contains(&person)) {
            return false;
        }
        // What belongs to no interaction, such as a contact, belongs to those of its person.
        let belongs = |to: &Sets, or_person: bool| match self.interaction.first(doc) {
            Some(interaction) => to.interactions.contains(&interaction),
            None => or_person && to.persons.contains(&person),
        };
        if (self.within.as_ref()).is_some_and(|within| !belongs(within, true)) {
            return false;
        }
        if let Some(label) = &self.label {
            let own = label.own.as_ref().is_some_and(|(column, number)| {
                column.term_ords(doc).any(|found| found == *number)
            });
            if !own && !belongs(&label.with, true) {
                return false;
            }
        }
        match &self.score {
            None => true,
            Some((None, _)) => false,
            Some((Some(column), range)) => column
                .first(doc)
                .is_some_and(|score| score >= range.at_least && score <= range.at_most),
        }
    }
}

impl SegmentCollector for BestOfSegment {
    type Fruit = Vec<Row>;

    fn collect(&mut self, doc: DocId, score: Score) {
        let at = self.at.first(doc).unwrap_or(0);
        let row = Row {
            rank: if self.by_relevance { rank(score) } else { 0 },
            at,
            mark: self.mark.first(doc).unwrap_or(0),
            place: DocAddress::new(self.ordinal, doc),
        };
        if self.after.is_some_and(|after| row.key() >= after) {
            return;
        }
        // Worse than all that there is room for: whether it is wanted need not be known.
        let is_full = self.heap.len() >= self.limit;
        if is_full
            && self
                .heap
                .peek()
                .is_some_and(|worst| row.key() <= worst.key())
        {
            return;
        }
        if !self.is_wanted(doc, at) {
            return;
        }
        if is_full {
            self.heap.pop();
        }
        self.heap.push(row);
    }

    fn harvest(self) -> Vec<Row> {
        self.heap.into_vec()
    }
}

/// How well something fits, in steps of a two-thousandth: sums that differ by the order in which they were made
/// do not differ.
fn rank(score: Score) -> u64 {
    u64::from(score.max(0.0).to_bits() >> 12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rank_is_ordered_as_scores_are_and_blind_to_rounding() {
        let scores = [0.0, 0.001, 0.5, 1.0, 1.01, 7.5, 1_000.0];
        assert!(scores.windows(2).all(|pair| rank(pair[0]) < rank(pair[1])));
        assert_eq!(rank(1.234_567), rank(1.234_567 + f32::EPSILON));
        assert_eq!(rank(-1.0), 0);
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let cursor = Cursor {
            order: Order::Relevance,
            rank: 7,
            at: -3,
            mark: u64::MAX,
            figures: Some(Arc::new(Figures {
                d: 9,
                t: [(1, 2)].into(),
                w: [(u64::MAX, 4)].into(),
            })),
        };
        assert_eq!(cursor.text().parse(), Ok(cursor));
        for wrong in ["", "x", "e30", "bnVsbA"] {
            assert!(wrong.parse::<Cursor>().is_err(), "{wrong}");
        }
    }
}
