//! Awkward values in the place of every member of every recorded payload: nothing traps, nothing that the
//! network must repeat, and what stands beside is not lost.

use std::path::{Path, PathBuf};

use linecard_sdk::actions::Failure;
use linecard_sdk::connector::{Channel, Connector, PollPage, Reception, Rejection, WebhookRequest};
use linecard_sdk::events::{Event, EventKind};
use linecard_sdk::http::Response;
use linecard_sdk::ids::{ID_MAX, PERSON_MAX};
use linecard_sdk::testing::TestHost;
use linecard_testkit::{Call, Case, SandboxedPlugin, ThisCrate};
use serde_json::{Map, Value};

use super::files;

/// Stands in a body where an awkward value is put: not every one of them is JSON that a tree can hold.
const PLACE: &str = "@@awkward@@";
/// What tells a neighbour from everything else.
const MARK: &str = "neighbour-";

/// A body and the channel that it is for.
pub struct Sample {
    /// Where it was recorded.
    pub name: String,
    /// The body.
    pub body: Value,
    /// The channel's configuration.
    pub config: Value,
}

/// Something right that stands beside what is awkward.
pub struct Neighbour {
    /// The list in which it stands, as a JSON Pointer.
    pub list: String,
    /// What else must be right for it to be this channel's, as JSON Pointers.
    pub needs: Vec<String>,
    /// The element, made with a word that must come out in a message.
    pub make: Make,
}

/// Makes an element that holds a word.
pub type Make = Box<dyn Fn(&str) -> Value>;

/// How a connector's deliveries are made.
pub struct Awkward {
    /// What the network is called.
    pub network: &'static str,
    /// Signs a body.
    pub request: fn(Vec<u8>) -> WebhookRequest,
    /// The secrets by name.
    pub secrets: &'static [(&'static str, &'static str)],
    /// The neighbours that a body can have.
    pub neighbours: fn(&Sample) -> Vec<Neighbour>,
    /// The statuses that an answer may have.
    pub statuses: &'static [u16],
}

/// The awkward values, each as JSON text or what should be some.
fn values() -> Vec<String> {
    let text = |length: usize| format!("\"{}\"", "x".repeat(length));
    let mut values: Vec<String> = [
        "null",
        "\"\"",
        "0",
        "-1",
        "1e308",
        "1e999",
        "9223372036854775808",
        "true",
        "[]",
        "{}",
        "[[]]",
        "\"half \\ud83d emoji\"",
        "\"\\udc00\"",
        "\"a\\r\\nb\\u0000c\\\"d'e\\\\\"",
        "253402300799",
        "253402300799000",
        "\"9999-12-31T23:59:59Z\"",
        "\"2026-13-99\"",
        "12345678901234567890123456789",
        "[null,7,\"x\",{\"id\":null}]",
    ]
    .map(str::to_owned)
    .to_vec();
    values.push(text(300));
    values.push(text(70_000));
    values.push(format!("{}{}", "[".repeat(300), "]".repeat(300)));
    values.push(format!("{}1{}", "{\"id\":".repeat(90), "}".repeat(90)));
    values
}

/// What can be wrong with a member itself, as the text that takes the place of its value: lists in lists,
/// the same name twice, names that are no text or are in no document.
fn around(place: &str, body: &Value) -> Vec<String> {
    let Some(own) = body.pointer(place).map(Value::to_string) else {
        return Vec::new();
    };
    let mut texts = vec![format!("[[{own}]]"), format!("[{own},{own}]")];
    let Some((parent, name)) = place.rsplit_once('/') else {
        return texts;
    };
    if body.pointer(parent).is_some_and(Value::is_object) {
        let name = Value::from(name.replace("~1", "/").replace("~0", "~"));
        texts.extend([
            format!("{own},{name}:null"),
            format!("null,{name}:{own}"),
            format!("{own},{name}:[{{}}]"),
            format!("{own},\"\\ud83d\":{own}"),
            format!("{own},\"\":{{\"\\udc00\":1}}"),
            format!("{own},\"{}\":0", "k".repeat(5_000)),
        ]);
    }
    texts
}

/// A body without what stands at a place.
fn without(body: &Value, place: &str) -> Option<Value> {
    let (parent, name) = place.rsplit_once('/')?;
    let mut body = body.clone();
    match body.pointer_mut(parent)? {
        Value::Object(members) => {
            members.remove(&name.replace("~1", "/").replace("~0", "~"))?;
        }
        Value::Array(elements) => {
            elements.remove(name.parse().ok()?);
        }
        _ => return None,
    }
    Some(body)
}

/// The recorded bodies of a folder, or those of the crate's own cases if this machine has no folder.
pub fn samples(folder: &str, own: &Path, config: impl Fn(&Value) -> Option<Value>) -> Vec<Sample> {
    let recorded = files(folder).into_iter().filter_map(|(name, body)| {
        let config = config(&body)?;
        Some(Sample { name, body, config })
    });
    let mut samples: Vec<Sample> = recorded.collect();
    if samples.is_empty() {
        samples = own_samples(own);
    }
    samples
}

fn own_samples(own: &Path) -> Vec<Sample> {
    let cases = std::fs::read_dir(own.join("tests/golden")).expect("the cases can be read");
    let mut paths: Vec<PathBuf> = cases
        .map(|case| case.expect("the case can be read").path())
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let request = std::fs::read(path.join("request.http")).ok()?;
        let request = String::from_utf8(request).ok()?;
        let (_, body) = request
            .split_once("\r\n\r\n")
            .or_else(|| request.split_once("\n\n"))?;
        let config = std::fs::read_to_string(path.join("config.json")).ok()?;
        // Those that tell nothing are refused: for another account, or without a signature.
        let expected = std::fs::read_to_string(path.join("expected.json")).ok()?;
        serde_json::from_str::<Value>(&expected)
            .ok()?
            .get("ok")?
            .get("events")?;
        Some(Sample {
            name: path.file_name()?.to_string_lossy().into_owned(),
            body: serde_json::from_str(body).ok().filter(Value::is_object)?,
            config: serde_json::from_str(&config).ok()?,
        })
    };
    paths.into_iter().filter_map(read).collect()
}

/// The pointers of everything within a value.
fn places(value: &Value, at: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                let at = format!("{at}/{name}");
                into.push(at.clone());
                places(member, &at, into);
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                let at = format!("{at}/{index}");
                into.push(at.clone());
                places(element, &at, into);
            }
        }
        _ => {}
    }
}

/// Whether what stands at `place` is `of` or holds it.
fn holds(place: &str, of: &str) -> bool {
    of == place || of.starts_with(&format!("{place}/"))
}

/// Whether what stands at `place` is `of`, holds it or is within it.
fn touches(place: &str, of: &str) -> bool {
    holds(place, of) || holds(of, place)
}

/// Tries every awkward value in every place of every sample, natively and (some of them, more in a full
/// run) as the built component in the real sandbox. Prints a row of a table.
pub fn check_awkward<C: Connector>(this_crate: &ThisCrate, awkward: &Awkward, samples: &[Sample]) {
    assert!(!samples.is_empty(), "there is nothing to try");
    let is_full = std::env::var_os("LINECARD_FULL").is_some();
    let every_sandboxed = if is_full { 29 } else { 97 };
    let component = linecard_testkit::build(this_crate).expect("the component builds");
    let plugin = SandboxedPlugin::load(&component).expect("the component loads");
    let values = values();
    let (mut tried, mut sandboxed) = (0_usize, 0_usize);
    let (mut kept, mut refused, mut beside) = (0_usize, 0_usize, 0_usize);
    for sample in samples {
        let mut places_of = vec![String::new()];
        places(&sample.body, "", &mut places_of);
        let mut body = sample.body.clone();
        let neighbours = (awkward.neighbours)(sample);
        for (number, neighbour) in neighbours.iter().enumerate() {
            let list = body
                .pointer_mut(&neighbour.list)
                .and_then(Value::as_array_mut);
            let made = (neighbour.make)(&format!("{MARK}{number}"));
            list.expect("the neighbour's list is there").push(made);
        }
        let channel = Channel::new("test-channel", &sample.config);
        for place in &places_of {
            let mut template = body.clone();
            *template.pointer_mut(place).expect("the place is there") = PLACE.into();
            let template = template.to_string();
            let around = around(place, &body);
            let texts = values.iter().chain(&around).map(|value| {
                let text = template.replace(&format!("\"{PLACE}\""), value);
                (value.as_str(), text)
            });
            let gone = without(&body, place).map(|body| ("nothing", body.to_string()));
            for (value, text) in texts.chain(gone) {
                let what = || {
                    let value: String = value.chars().take(40).collect();
                    format!(
                        "{} of {}: {value} at \"{place}\"",
                        awkward.network, sample.name
                    )
                };
                let request = (awkward.request)(text.into_bytes());
                let received = {
                    let mut host = TestHost::new();
                    for (name, secret) in awkward.secrets {
                        host = host.secret(*name, *secret);
                    }
                    let _host = host.install();
                    C::receive(&channel, &request)
                };
                tried += 1;
                match &received {
                    Ok(reception) => {
                        kept += check_reception(awkward, reception, &what);
                        if reception.response.status == 200 {
                            beside += check_neighbours(&neighbours, place, reception, &what);
                        }
                    }
                    Err(Rejection::Malformed(_)) => {
                        // It is kept as a whole, which only what is wrong with the whole is worth.
                        assert!(place.matches('/').count() <= 1, "{}: {received:?}", what());
                        refused += 1;
                    }
                    // Whom it is for was changed.
                    Err(Rejection::NotForThisChannel(_)) => {
                        let of_all = neighbours.iter().flat_map(|one| &one.needs);
                        let is_address = of_all.clone().any(|need| touches(place, need));
                        assert!(
                            is_address || neighbours.is_empty(),
                            "{}: {received:?}",
                            what()
                        );
                        refused += 1;
                    }
                    Err(other) => panic!("{}: {other:?}", what()),
                }
                if tried % every_sandboxed == 0 {
                    sandboxed += 1;
                    let given = run_sandboxed(&plugin, awkward, sample, request);
                    assert_eq!(
                        given.get("ok").is_some(),
                        received.is_ok(),
                        "{}: {given}",
                        what()
                    );
                    assert!(given.get("sandbox").is_none(), "{}: {given}", what());
                }
            }
        }
    }
    println!(
        "| {} | {} payloads | {tried} awkward values tried, {sandboxed} of them in the sandbox too | {kept} events kept as `other`, {beside} neighbours read, {refused} deliveries kept whole or not this channel's |",
        awkward.network,
        samples.len()
    );
    assert!(beside > 0 && sandboxed > 0, "nothing was checked");
}

/// Tries every awkward value in every place of an answer to a poll, natively: nothing panics, the contract's
/// bounds hold, and a neighbour in the answer's list `data` is read wherever the answer is taken. Gives how
/// many answers were tried.
pub fn check_awkward_answers(
    answer: &Value,
    neighbour: impl Fn(&str) -> Value,
    poll: impl Fn(Response) -> Result<PollPage, Failure>,
) -> usize {
    let mut places_of = vec![String::new()];
    places(answer, "", &mut places_of);
    let mut answer = answer.clone();
    let mark = format!("{MARK}0");
    let list = answer["data"]
        .as_array_mut()
        .expect("the answer has a list");
    list.push(neighbour(&mark));
    let values = values();
    let mut tried = 0;
    for place in &places_of {
        let mut template = answer.clone();
        *template.pointer_mut(place).expect("the place is there") = PLACE.into();
        let template = template.to_string();
        let around = around(place, &answer);
        let texts = values.iter().chain(&around).map(|value| {
            let text = template.replace(&format!("\"{PLACE}\""), value);
            (value.as_str(), text)
        });
        let gone = without(&answer, place).map(|answer| ("nothing", answer.to_string()));
        for (value, text) in texts.chain(gone) {
            tried += 1;
            let value: String = value.chars().take(40).collect();
            let Ok(page) = poll(Response::new(200, text)) else {
                // The whole answer is none, or says that something is wrong.
                assert!(place.matches('/').count() <= 1, "{value} at \"{place}\"");
                continue;
            };
            for event in &page.events {
                let breach = breach(event);
                assert!(
                    breach.is_none(),
                    "{value} at \"{place}\": {breach:?}: {event:?}"
                );
            }
            let is_read = page.events.iter().any(|event| {
                !matches!(event.kind, EventKind::Other(_))
                    && format!("{:?}", event.kind).contains(&mark)
            });
            assert!(
                is_read || holds(place, "/data"),
                "{value} at \"{place}\": the neighbour is lost: {:?}",
                page.events
            );
        }
    }
    tried
}

/// Checks what the host checks of a reception; gives how many events have no reading.
fn check_reception(awkward: &Awkward, reception: &Reception, what: &impl Fn() -> String) -> usize {
    let status = reception.response.status;
    assert!(awkward.statuses.contains(&status), "{}: {status}", what());
    assert!(reception.response.body.len() <= 64 << 10, "{}", what());
    for event in &reception.events {
        if let Some(breach) = breach(event) {
            panic!("{}: {breach}: {event:?}", what());
        }
    }
    let kept = |event: &&Event| matches!(event.kind, EventKind::Other(_));
    reception.events.iter().filter(kept).count()
}

/// What the contract's bounds say against an event.
fn breach(event: &Event) -> Option<&'static str> {
    let is_id = |id: &str, most: usize| !id.is_empty() && id.len() <= most;
    let thread = event.thread.as_ref();
    let author = event.author.as_ref().map(|author| &author.identity);
    let customer = thread.and_then(|thread| thread.customer.as_ref());
    let message = match &event.kind {
        EventKind::MessageCreated(message) | EventKind::NativeReply(message) => Some(message),
        _ => None,
    };
    let breaches = [
        (!is_id(&event.id, ID_MAX), "the event's id"),
        (
            thread.is_some_and(|thread| !is_id(&thread.key, ID_MAX)),
            "the thread's key",
        ),
        (
            author.is_some_and(|who| !is_id(&who.id, PERSON_MAX)),
            "the author's id",
        ),
        (
            customer.is_some_and(|who| !is_id(&who.id, PERSON_MAX)),
            "the customer's id",
        ),
        (
            message.is_some_and(|message| !is_id(&message.id, ID_MAX)),
            "the message's id",
        ),
        (
            message
                .and_then(|message| message.location.as_ref())
                .is_some_and(|place| !place.latitude.is_finite() || !place.longitude.is_finite()),
            "the place",
        ),
        (
            matches!(&event.kind, EventKind::Other(name) if !is_id(name, ID_MAX)),
            "the name",
        ),
        (event.time == 0, "the time"),
        (
            serde_json::from_str::<Value>(&event.raw).is_err(),
            "the raw payload, which is no JSON",
        ),
    ];
    breaches
        .into_iter()
        .find_map(|(is_breach, of)| is_breach.then_some(of))
}

fn check_neighbours(
    neighbours: &[Neighbour],
    place: &str,
    reception: &Reception,
    what: &impl Fn() -> String,
) -> usize {
    let mut found = 0;
    for (number, neighbour) in neighbours.iter().enumerate() {
        let is_touched =
            holds(place, &neighbour.list) || neighbour.needs.iter().any(|need| holds(place, need));
        if is_touched {
            continue;
        }
        let mark = format!("{MARK}{number}");
        let is_it = |event: &Event| {
            !matches!(event.kind, EventKind::Other(_))
                && format!("{:?}", event.kind).contains(&mark)
        };
        assert!(
            reception.events.iter().any(is_it),
            "{}: the neighbour in {} is lost: {:?}",
            what(),
            neighbour.list,
            reception.events
        );
        found += 1;
    }
    found
}

fn run_sandboxed(
    plugin: &SandboxedPlugin,
    awkward: &Awkward,
    sample: &Sample,
    request: WebhookRequest,
) -> Value {
    let secrets: Map<String, Value> = awkward
        .secrets
        .iter()
        .map(|(name, secret)| ((*name).to_owned(), (*secret).into()))
        .collect();
    let case = Case {
        name: sample.name.clone(),
        folder: PathBuf::new(),
        call: Call::Receive(request),
        answers: Vec::new(),
        config: sample.config.clone(),
        secrets,
        now: None,
        varies: true,
        head: None,
    };
    // Some recorded accounts have no id that the schema allows.
    let config = plugin
        .check_config(&sample.config)
        .unwrap_or_else(|_| sample.config.to_string());
    plugin.run(&case, &config).expect("the sandbox runs it")
}

/// Gives a delivery with far more parts than one call may take to the built component, under the sandbox's
/// own limits of output and calls: what fits is read, the rest is kept raw, and nothing is lost. `element`
/// makes one part, and `body` the whole of many.
pub fn check_large_delivery(
    this_crate: &ThisCrate,
    awkward: &Awkward,
    config: Value,
    element: impl Fn(&str) -> Value,
    body: impl Fn(Vec<Value>) -> Value,
) {
    const PARTS: usize = 20_001;
    let component = linecard_testkit::build(this_crate).expect("the component builds");
    let plugin = SandboxedPlugin::load(&component).expect("the component loads");
    let parts: Vec<Value> = (0..PARTS)
        .map(|number| element(&format!("{MARK}{number}.")))
        .collect();
    let sample = Sample {
        name: "large".to_owned(),
        body: body(parts),
        config,
    };
    let request = (awkward.request)(sample.body.to_string().into_bytes());
    let started = std::time::Instant::now();
    let given = run_sandboxed(&plugin, awkward, &sample, request);
    // The result is written and read as JSON here as well.
    println!("{PARTS} parts in {} ms", started.elapsed().as_millis());
    let events = given["ok"]["events"].as_array().expect("it is taken");
    let (rest, read) = events.split_last().expect("there are events");
    assert_eq!(rest["kind"]["other"], "rest-of-delivery", "{rest}");
    let raw = rest["raw"].as_str().expect("a text");
    let kept: Vec<Value> = serde_json::from_str(raw).expect("the rest is a list");
    assert!(read.len() > 1000, "only {} parts were read", read.len());
    assert_eq!(read.len() + kept.len(), PARTS);
    let last = kept.last().map(Value::to_string).unwrap_or_default();
    assert!(last.contains(&format!("{MARK}{}.", PARTS - 1)), "{last}");
}
