//! The reference is what the readers take, and its defaults are the code's.

use std::path::Path;

use linecard_hub::configure::{Problems, parse_site};
use linecard_model::routing::{MediaType, RoutingSettings};
use linecard_site::routing_settings;

use super::*;

/// A file in which the settings stand that `is_wanted` wants; it is given the comment above each.
fn uncommented(text: &str, mut is_wanted: impl FnMut(&str) -> bool) -> String {
    let mut comment = String::new();
    let mut out = String::new();
    for line in text.lines() {
        let setting = line
            .strip_prefix('#')
            .filter(|rest| !rest.starts_with(' ') && !rest.is_empty());
        match setting {
            Some(setting) if setting.starts_with('[') || is_wanted(&comment) => {
                out.push_str(setting);
                out.push('\n');
            }
            Some(_) => {}
            None if line.is_empty() => comment.clear(),
            None => {
                let words = line.strip_prefix('#').unwrap();
                comment.push_str(words);
            }
        }
    }
    out
}

fn read_server(text: &str) -> Result<ServerConfig, Problems> {
    ServerConfig::parse(Path::new("linecard.toml"), text)
}

fn read_site(text: &str) -> Result<SiteConfig, Problems> {
    parse_site("site.toml", text).map(|document| document.value)
}

const IS_EXAMPLE: &str = "for example:";

#[test]
fn every_setting_is_taken_by_the_reader() {
    let server = uncommented(&server().unwrap(), |_| true);
    read_server(&server).unwrap_or_else(|problems| panic!("{problems}\n{server}"));
    let site = uncommented(&site([]).unwrap(), |_| true);
    read_site(&site).unwrap_or_else(|problems| panic!("{problems}\n{site}"));
}

#[test]
fn as_it_stands_it_says_nothing() {
    assert_eq!(
        read_server(&server().unwrap()).unwrap(),
        ServerConfig::default()
    );
    assert_eq!(
        read_site(&site([]).unwrap()).unwrap(),
        SiteConfig::default()
    );
}

#[test]
fn the_defaults_of_the_process_are_the_codes() {
    let text = server().unwrap();
    let text = uncommented(&text, |about| !about.contains(IS_EXAMPLE)).replace("[tls]\n", "");
    let mut said = read_server(&text).unwrap();
    let usual = ServerConfig::default();
    assert_eq!(said.plugin_folder(), usual.plugin_folder());
    assert_eq!(said.key_place(), usual.key_place());
    (said.plugins, said.key_file) = (None, None);
    assert_eq!(said, usual);
}

#[test]
fn the_defaults_of_the_site_are_the_codes() {
    let text = site([]).unwrap();
    let is_required = |about: &str| about.contains("It must be given");
    // Both have the same queues and channels, and one says of them what the other leaves out.
    let least = |about: &str| is_required(about) && !about.contains("seconds = ");
    let wrap_up = |text: String| {
        text.replace("[queues.support.wrap_up]\n", "").replace(
            "mode = \"timed\"\nseconds = 30\ndefault_code = \"Processed\"\n",
            "",
        )
    };
    // What stands in a list is an example as a whole, and a calendar is none without its text.
    let skill = |text: String| {
        let heading = "[hours.shop.calendars.holidays]\n";
        let text = text.replace(&format!("{heading}during = \"closed\"\n"), "");
        without_lists(&text.replace(heading, ""))
    };
    let said = uncommented(&text, |about| {
        is_required(about) || !about.contains(IS_EXAMPLE)
    });
    let said =
        skill(wrap_up(said)).replace("[channels.page.spend]\nenforce_on_sends = false\n", "");
    let said = read_site(&said).unwrap_or_else(|problems| panic!("{problems}\n{said}"));
    let left = skill(wrap_up(uncommented(&text, least))).replace("[channels.page.spend]\n", "");
    let left = read_site(&left).unwrap_or_else(|problems| panic!("{problems}\n{left}"));
    let slots = MediaType::ALL.map(|kind| (kind, RoutingSettings::builtin_slots(kind)));
    assert_eq!(said.routing.slots, slots.into());
    let mut routing = routing_settings(&said);
    routing.slots.clear();
    assert_eq!(routing, routing_settings(&left));
    assert_eq!(said.retention, left.retention);
    assert_eq!(said.agents, left.agents);
    assert_eq!(said.keys, left.keys);
    for (id, channel) in &said.channels {
        let mut channel = channel.clone();
        assert_eq!(
            channel.probe_every_seconds,
            Some(linecard_site::channels::PROBE_EVERY)
        );
        channel.probe_every_seconds = None;
        assert_eq!(channel.comments, left.channels[id].comments);
        assert_eq!(channel, left.channels[id]);
    }
}

/// The text without the tables that are items of lists, and those in them.
fn without_lists(text: &str) -> String {
    let mut in_list = false;
    let mut lists: Vec<String> = Vec::new();
    let lines = text.lines().filter(|line| {
        if let Some(name) = line.strip_prefix("[[") {
            in_list = true;
            lists.push(format!("{}.", name.trim_end_matches(']')));
        } else if let Some(name) = line.strip_prefix('[') {
            in_list = lists.iter().any(|list| name.starts_with(list.as_str()));
        }
        !in_list
    });
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// Every key with its schema, and its place in a whole document.
fn all_keys<'s>(
    at: &[String],
    schema: Schema<'s>,
    document: &Value,
    found: &mut Vec<(Vec<String>, Schema<'s>)>,
) {
    if let Some(item) = schema.items() {
        let at = [at, &["0".to_owned()]].concat();
        return all_keys(&at, item, &document[0], found);
    }
    if let Some(value) = schema.values() {
        for (name, inner) in document.as_object().unwrap() {
            let at = [at, std::slice::from_ref(name)].concat();
            all_keys(&at, value, inner, found);
        }
        return;
    }
    for (key, property) in schema.properties() {
        let at = [at, std::slice::from_ref(&key)].concat();
        found.push((at.clone(), property));
        all_keys(&at, property, &document[&key], found);
    }
}

struct Kind {
    schemas: Value,
    whole: Value,
    order: Keys,
    text: String,
    /// The keys about which the real reader complains.
    complaints: fn(&Value) -> Vec<String>,
}

fn kinds() -> [Kind; 2] {
    fn complaints<T>(read: Result<T, Problems>) -> Vec<String> {
        let problems = read.err().map(|problems| problems.0).unwrap_or_default();
        problems
            .iter()
            .map(|problem| problem.pointer.clone())
            .collect()
    }
    let kind = |schemas: Value, defaults: Value, example: &str, text: String, complaints| {
        let example = toml::from_str(example).unwrap();
        let whole = words::whole(Schema::root(&schemas), Some(&defaults), Some(&example));
        let order = Keys::new();
        Kind {
            schemas,
            whole,
            order,
            text,
            complaints,
        }
    };
    let defaults = serde_json::to_value(ServerConfig::default()).unwrap();
    let mut process = kind(
        schemas::<ServerConfig>().unwrap(),
        defaults,
        include_str!("linecard.toml"),
        server().unwrap(),
        |whole| complaints(read_server(&toml::to_string(whole).unwrap())),
    );
    // Those follow from another.
    process.whole["plugins"] = json!("data/plugins");
    process.whole["key_file"] = json!("data/key");
    process.order = keys_of::<ServerConfig>(&process.whole).unwrap();
    let mut company = kind(
        schemas::<SiteConfig>().unwrap(),
        site::defaults().unwrap(),
        include_str!("site.toml"),
        site([]).unwrap(),
        |whole| complaints(read_site(&toml::to_string(whole).unwrap())),
    );
    company.order = keys_of::<SiteConfig>(&company.whole).unwrap();
    [process, company]
}

#[test]
fn the_reference_has_the_keys_that_the_reader_takes_and_no_others() {
    for Kind {
        schemas,
        whole,
        order,
        text,
        ..
    } in kinds()
    {
        let mut described = Vec::new();
        all_keys(&[], Schema::root(&schemas), &whole, &mut described);
        let described: Vec<Vec<String>> = described.into_iter().map(|(at, _)| at).collect();
        let taken = order.iter().flat_map(|(table, keys)| {
            keys.iter()
                .map(move |key| [table.as_slice(), &[(*key).to_owned()]].concat())
        });
        let taken: Vec<Vec<String>> = taken.collect();
        assert!(taken.len() > 40, "{taken:?}");
        for key in &taken {
            assert!(
                described.contains(key),
                "{key:?} is read, and no schema describes it"
            );
        }
        for key in &described {
            assert!(taken.contains(key), "{key:?} is described, and not read");
        }
        // And each of them is there, as a setting or as the name of a table.
        let there: Value = toml::from_str(&uncommented(&text, |_| true)).unwrap();
        for key in &taken {
            let value = key.iter().try_fold(&there, |value, step| match value {
                Value::Array(items) => items.get(step.parse::<usize>().ok()?),
                value => value.get(step),
            });
            // What does not go with the rest of the example has no value there.
            let bare = key.last().map(|key| format!("\n# {key} = …\n"));
            let is_told = bare.is_some_and(|bare| text.contains(&bare));
            assert!(
                value.is_some() || is_told,
                "{key:?} is not in the reference"
            );
        }
    }
}

#[test]
fn every_key_says_what_it_means() {
    for Kind { schemas, whole, .. } in kinds() {
        let mut keys = Vec::new();
        all_keys(&[], Schema::root(&schemas), &whole, &mut keys);
        for (at, schema) in keys {
            let about = schema.about();
            let is_choice = at.last().is_some_and(|key| key == "mode");
            assert!(about.len() > 5 || is_choice, "{at:?} has no description");
            assert!(!about.contains("[`"), "{at:?} refers to code: {about}");
        }
    }
}

#[test]
fn a_table_of_several_forms_names_all_of_them() {
    let text = site([]).unwrap();
    assert!(
        text.contains("\n# One of \"optional\", \"mandatory\", \"timed\", \"on-request\". Default \"optional\"; for example:\n"),
        "{text}"
    );
    // A table's meaning is not told twice.
    assert!(!text.contains("# How long things are kept.\n"), "{text}");
}

#[test]
fn what_descriptions_say_of_defaults_is_so() {
    let mut checked = 0;
    for Kind { schemas, whole, .. } in kinds() {
        let mut keys = Vec::new();
        all_keys(&[], Schema::root(&schemas), &whole, &mut keys);
        for (at, schema) in keys {
            let about = schema.about();
            let Some((_, claim)) = about.split_once("Default ") else {
                continue;
            };
            let mut words = claim.split_whitespace();
            let first = words.next().unwrap();
            let number = first
                .trim_end_matches(['.', ';', ':', ','])
                .replace(',', "");
            let Ok(number) = number.parse::<u64>() else {
                continue;
            };
            let unit = if first.ends_with(['.', ';', ':']) {
                None
            } else {
                words.next()
            };
            let factor = match unit.map(|unit| unit.trim_end_matches(['.', ';', ':', ','])) {
                None | Some("ms") => 1,
                Some("s") => 1_000,
                Some("KiB") => 1 << 10,
                Some("MiB") => 1 << 20,
                Some("GiB") => 1 << 30,
                Some(other) => panic!("{at:?}: \"{other}\" is no unit"),
            };
            let pointer = format!("/{}", at.join("/"));
            assert_eq!(
                whole.pointer(&pointer),
                Some(&json!(number * factor)),
                "{at:?}: {claim}"
            );
            checked += 1;
        }
    }
    assert!(checked > 25, "{checked}");
}

#[test]
fn the_reader_holds_the_limits_that_are_told() {
    let mut checked = 0;
    for Kind {
        schemas,
        whole,
        complaints,
        ..
    } in kinds()
    {
        assert_eq!(complaints(&whole), Vec::<String>::new());
        let mut keys = Vec::new();
        all_keys(&[], Schema::root(&schemas), &whole, &mut keys);
        for (at, schema) in keys {
            let pointer = format!("/{}", at.join("/"));
            let with = |value: Value| {
                let mut document = whole.clone();
                *document.pointer_mut(&pointer).unwrap() = value;
                complaints(&document).contains(&pointer)
            };
            for (limit, beyond) in schema.limits() {
                checked += 1;
                assert!(with(beyond.clone()), "{pointer} takes {beyond}");
                // What a type without a sign makes of itself may still be too small beside another key.
                if let Some(limit) = limit.filter(|limit| *limit != 0) {
                    assert!(!with(limit.clone()), "{pointer} does not take {limit}");
                }
            }
        }
    }
    assert!(checked > 40, "{checked}");
}

#[test]
fn a_plugin_that_says_little_is_described_as_far_as_it_goes() {
    let manifest: Manifest = serde_json::from_value(json!({
        "id": "odd", "version": "1.0.0", "display_name": "Odd", "description": "An oddity.",
        "contract": "0.1.0",
        "config_schema": {
            "type": "object",
            "required": ["strange"],
            "properties": {
                "strange": {"type": "string", "pattern": "^no guess fits this$"},
                "a b": {"type": ["integer", "null"], "minimum": 3},
                "deep": {"type": "object", "properties": {"list": {"type": "array", "items": {"type": "string"}}}}
            }
        }
    }))
    .unwrap();
    let mut text = String::new();
    plugins::describe(&mut text, &manifest);
    assert!(text.contains("\n# strange = …\n"), "{text}");
    let said: Value = toml::from_str(&uncommented(&text, |_| true)).unwrap();
    assert!(
        text.contains("\n# An oddity.") || text.contains(": An oddity."),
        "{text}"
    );
    let config = &said["analyzers"]["odd"]["config"];
    assert_eq!(*config, json!({"a b": 3, "deep": {"list": []}}), "{text}");
}
