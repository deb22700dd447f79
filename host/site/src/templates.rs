//! Whether a template can be sent as it is filled in, by the list of those that the channel has: an agent
//! learns at once and in words what the network would refuse later.

use linecard_model::platform::{
    Template, TemplateCategory, TemplateDefinition, TemplateList, TemplateParameter, TemplatePart,
    TemplatePartKind, TemplateState,
};
use serde::Serialize;
use serde_json::Value;

/// Where the parts stand in a message.
const COMPONENTS: &str = "/structured/content/components";
/// How many names are told to somebody who named another one.
const NAMED: usize = 10;
/// The most faults that are told at once.
const FAULTS: usize = 20;

/// Why a template cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the template \"{name}\" ({language}) cannot be sent so: {}", list(.faults))]
pub struct Unfit {
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// Everything that is wrong.
    pub faults: Vec<Fault>,
}

/// One thing that is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Where, as a JSON Pointer into the message.
    pub pointer: String,
    /// What, and what to do.
    pub detail: String,
}

fn list(faults: &[Fault]) -> String {
    let details: Vec<&str> = faults.iter().map(|fault| fault.detail.as_str()).collect();
    details.join("; ")
}

fn fault(pointer: impl Into<String>, detail: impl Into<String>) -> Fault {
    Fault {
        pointer: pointer.into(),
        detail: detail.into(),
    }
}

/// What a template is for, if the list says so.
pub fn category(list: &TemplateList, template: &Template) -> Option<TemplateCategory> {
    let found = find(list, template)?.category;
    (found != TemplateCategory::Other).then_some(found)
}

fn find<'l>(list: &'l TemplateList, template: &Template) -> Option<&'l TemplateDefinition> {
    let mut all = list.templates.iter();
    all.find(|known| known.name == template.name && known.language == template.language)
}

/// Checks a template against the list. One that a list which is not complete does not have is left to the
/// network.
pub fn check(list: &TemplateList, template: &Template) -> Result<(), Unfit> {
    let mut faults = match find(list, template) {
        Some(definition) => match sendable(definition) {
            Ok(()) => filled(definition, &template.parameters),
            Err(fault) => vec![fault],
        },
        None if list.complete => vec![unknown(list, template)],
        None => Vec::new(),
    };
    if faults.is_empty() {
        return Ok(());
    }
    faults.truncate(FAULTS);
    Err(Unfit {
        name: template.name.clone(),
        language: template.language.clone(),
        faults,
    })
}

fn unknown(list: &TemplateList, template: &Template) -> Fault {
    let same_name = list.templates.iter().filter(|t| t.name == template.name);
    let languages: Vec<&str> = same_name.map(|t| t.language.as_str()).collect();
    if !languages.is_empty() {
        return fault(
            "/structured/content/language",
            format!("it is there in other languages: {}", some(&languages)),
        );
    }
    let mut names: Vec<&str> = list
        .templates
        .iter()
        .filter(|known| known.state == TemplateState::Approved)
        .map(|known| known.name.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    let known = if names.is_empty() {
        "it has no approved template".to_owned()
    } else {
        format!("it has: {}", some(&names))
    };
    fault(
        "/structured/content/name",
        format!(
            "the channel has no template of this name; {known}. One that was made just now is known in a moment"
        ),
    )
}

/// The first of them.
fn some(names: &[&str]) -> String {
    let shown = names.iter().take(NAMED).copied();
    let shown = shown.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn sendable(definition: &TemplateDefinition) -> Result<(), Fault> {
    let why = match definition.state {
        TemplateState::Approved | TemplateState::Other => return Ok(()),
        TemplateState::Pending => "the network has not approved it yet",
        TemplateState::Rejected => "the network has refused it",
        TemplateState::Paused => "the network has paused it for a while",
        TemplateState::Disabled => "the network has disabled it",
    };
    let reason = definition.reason.as_deref();
    let reason = reason.map_or(String::new(), |reason| format!(" ({reason})"));
    let remedy = "see it in the network's own console, or send another one";
    Err(fault(
        "/structured/content/name",
        format!("{why}{reason}; {remedy}"),
    ))
}

/// What is wrong with what fills a template.
fn filled(definition: &TemplateDefinition, parameters: &str) -> Vec<Fault> {
    let given: Vec<Value> = match parameters.trim() {
        "" => Vec::new(),
        text => match serde_json::from_str(text) {
            Ok(given) => given,
            Err(error) => {
                return vec![fault(
                    COMPONENTS,
                    format!("it is no list of parts: {error}"),
                )];
            }
        },
    };
    let mut faults = Vec::new();
    let mut used = vec![false; given.len()];
    for part in &definition.parts {
        let fits = |(_, given): &(usize, &Value)| is_for(part, given);
        if part.kind == TemplatePartKind::Other {
            let theirs = given.iter().enumerate().filter(fits);
            theirs.for_each(|(at, _)| used[at] = true);
            continue;
        }
        let found = given.iter().enumerate().find(fits).map(|(at, _)| at);
        let parameters = found.and_then(|at| given[at].get("parameters")?.as_array());
        let parameters = parameters.map(Vec::as_slice).unwrap_or_default();
        if let Some(at) = found {
            used[at] = true;
        }
        let place = found.map_or_else(
            || COMPONENTS.to_owned(),
            |at| format!("{COMPONENTS}/{at}/parameters"),
        );
        check_part(part, parameters, &place, &mut faults);
    }
    for (at, _) in used.iter().enumerate().filter(|(_, used)| !**used) {
        faults.push(surplus_part(definition, &given, at));
    }
    faults
}

/// Whether what is given is for this part.
fn is_for(part: &TemplatePart, given: &Value) -> bool {
    let kind = given.get("type").and_then(Value::as_str);
    let is_named = kind.is_some_and(|kind| kind.eq_ignore_ascii_case(&part.name));
    let index = match given.get("index") {
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(Value::Number(number)) => number.as_u64(),
        _ => None,
    };
    is_named && part.index.is_none_or(|own| index == Some(u64::from(own)))
}

fn surplus_part(definition: &TemplateDefinition, given: &[Value], at: usize) -> Fault {
    let takes: Vec<String> = definition
        .parts
        .iter()
        .filter(|part| part.kind == TemplatePartKind::Other || !part.parameters.is_empty())
        .map(label)
        .collect();
    let takes = if takes.is_empty() {
        "it takes none".to_owned()
    } else {
        format!("it takes them for: {}", takes.join(", "))
    };
    let kind = given.get(at).and_then(|given| given.get("type"));
    let detail = match kind.and_then(Value::as_str) {
        Some(kind) => format!("there is no such part \"{kind}\", or it is there twice; {takes}"),
        None => format!("a part needs a \"type\"; {takes}"),
    };
    fault(format!("{COMPONENTS}/{at}"), detail)
}

fn label(part: &TemplatePart) -> String {
    match part.index {
        Some(index) => format!("{} {index}", part.name),
        None => part.name.clone(),
    }
}

fn check_part(part: &TemplatePart, given: &[Value], place: &str, faults: &mut Vec<Fault>) {
    let name = label(part);
    let text = part.text.as_deref();
    let text = text.map_or(String::new(), |text| format!(" (“{text}”)"));
    if part.parameters.iter().any(|wanted| wanted.name.is_some()) {
        by_name(part, given, place, &name, &text, faults);
        return;
    }
    let (least, most) = (
        part.parameters.iter().filter(|p| !p.optional).count(),
        part.parameters.len(),
    );
    if given.len() < least {
        let missing: Vec<String> = part
            .parameters
            .iter()
            .enumerate()
            .skip(given.len())
            .filter(|(_, wanted)| !wanted.optional)
            .map(|(at, wanted)| described(&format!("number {}", at + 1), wanted))
            .collect();
        let detail = format!(
            "the {name}{text} wants {least} parameters, {} were given; missing: {}",
            given.len(),
            missing.join(", ")
        );
        faults.push(fault(place, detail));
    }
    for at in most..given.len() {
        let detail = format!(
            "the {name}{text} takes {most} parameters, {} were given",
            given.len()
        );
        faults.push(fault(format!("{place}/{at}"), detail));
    }
    for (at, (wanted, given)) in part.parameters.iter().zip(given).enumerate() {
        check_type(wanted, given, &name, format!("{place}/{at}"), faults);
    }
}

fn by_name(
    part: &TemplatePart,
    given: &[Value],
    place: &str,
    name: &str,
    text: &str,
    faults: &mut Vec<Fault>,
) {
    let named = |given: &Value| {
        let name = given.get("parameter_name").and_then(Value::as_str);
        name.map(str::to_owned)
    };
    for wanted in &part.parameters {
        let Some(own) = &wanted.name else { continue };
        let found = given
            .iter()
            .position(|given| named(given).as_ref() == Some(own));
        match found.and_then(|at| Some((at, given.get(at)?))) {
            Some((at, given)) => check_type(wanted, given, name, format!("{place}/{at}"), faults),
            None if wanted.optional => {}
            None => {
                let detail = format!(
                    "the {name}{text} wants the parameter {}, with it as parameter_name",
                    described(&format!("\"{own}\""), wanted)
                );
                faults.push(fault(place, detail));
            }
        }
    }
    for (at, given) in given.iter().enumerate() {
        let given = named(given);
        let is_wanted = part
            .parameters
            .iter()
            .any(|p| p.name == given && given.is_some());
        if !is_wanted {
            let what = given.map_or_else(
                || "a parameter without parameter_name".to_owned(),
                |given| format!("the parameter \"{given}\""),
            );
            let detail = format!("the {name}{text} does not take {what}");
            faults.push(fault(format!("{place}/{at}"), detail));
        }
    }
}

/// A parameter for people: what it is called, of which type, and an example.
fn described(name: &str, wanted: &TemplateParameter) -> String {
    let types = match wanted.types.as_slice() {
        [] => String::new(),
        types => format!(" of the type {}", types.join(" or ")),
    };
    let example = wanted.example.as_deref();
    let example = example.map_or(String::new(), |example| format!(", such as “{example}”"));
    format!("{name}{types}{example}")
}

fn check_type(
    wanted: &TemplateParameter,
    given: &Value,
    name: &str,
    place: String,
    faults: &mut Vec<Fault>,
) {
    let kind = given
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let types = wanted.types.join(" or ");
    let fits = wanted.types.is_empty() || wanted.types.iter().any(|known| known == kind);
    if !fits {
        let detail = if kind.is_empty() {
            format!("a parameter of the {name} needs a \"type\": {types}")
        } else {
            format!("the {name} wants the type {types} here, not {kind}")
        };
        faults.push(fault(place, detail));
        return;
    }
    let value = given.get(kind);
    let is_empty = match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.trim().is_empty(),
        Some(_) => false,
    };
    if is_empty && !wanted.types.is_empty() {
        let detail = format!("the parameter of the {name} has no value in \"{kind}\"");
        faults.push(fault(format!("{place}/{kind}"), detail));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn known() -> TemplateList {
        let list = json!({ "complete": true, "templates": [
            { "id": "1", "name": "order", "language": "en", "category": "utility", "state": "approved",
              "preview": "", "parts": [
                { "kind": "header", "name": "header", "parameters": [
                    { "types": ["image"], "optional": false }] },
                { "kind": "body", "name": "body", "text": "Hi {{1}}, {{2}}", "parameters": [
                    { "types": ["text", "currency"], "optional": false },
                    { "types": ["text"], "optional": false, "example": "A-7" }] },
                { "kind": "footer", "name": "footer" },
                { "kind": "button", "name": "button", "index": 0, "parameters": [
                    { "types": [], "optional": true }] },
                { "kind": "button", "name": "button", "index": 1, "parameters": [
                    { "types": ["text"], "optional": false }] }] },
            { "id": "2", "name": "named", "language": "en", "category": "marketing", "state": "approved",
              "preview": "", "parts": [
                { "kind": "body", "name": "body", "text": "{{first}} {{last}}", "parameters": [
                    { "name": "first", "types": ["text"], "optional": false },
                    { "name": "last", "types": ["text"], "optional": false }] },
                { "kind": "other", "name": "carousel" }] },
            { "id": "3", "name": "no", "language": "en", "category": "other", "state": "rejected",
              "reason": "PROMOTIONAL", "preview": "" },
        ] });
        serde_json::from_value(list).unwrap()
    }

    fn template(name: &str, language: &str, components: &Value) -> Template {
        Template {
            name: name.to_owned(),
            language: language.to_owned(),
            parameters: components.to_string(),
        }
    }

    /// What is wrong, as pointers below the content, each with a word of its text.
    fn wrong(name: &str, components: &Value) -> Vec<(String, String)> {
        let faults = match check(&known(), &template(name, "en", components)) {
            Ok(()) => Vec::new(),
            Err(unfit) => unfit.faults,
        };
        let place = |f: &Fault| f.pointer.replace("/structured/content", "");
        faults
            .iter()
            .map(|f| (place(f), f.detail.clone()))
            .collect()
    }

    fn text(text: &str) -> Value {
        json!({ "type": "text", "text": text })
    }

    #[test]
    fn what_fits_is_taken() {
        let whole = json!([
            { "type": "HEADER", "parameters": [{ "type": "image", "image": { "id": "7" } }] },
            { "type": "body", "parameters": [text("Ann"), text("A-7")] },
            { "type": "button", "sub_type": "url", "index": "1", "parameters": [text("x")] },
            { "type": "button", "sub_type": "quick_reply", "index": 0,
              "parameters": [{ "type": "payload", "payload": "p" }] },
        ]);
        assert_eq!(wrong("order", &whole), []);
        let named = json!([
            { "type": "carousel", "cards": [] },
            { "type": "body", "parameters": [
                { "type": "text", "parameter_name": "last", "text": "B" },
                { "type": "text", "parameter_name": "first", "text": "A" }] },
        ]);
        assert_eq!(wrong("named", &named), []);
    }

    #[test]
    fn each_fault_has_its_place_and_says_what_is_wanted() {
        let image = json!({ "type": "header", "parameters": [{ "type": "image", "image": { "id": "7" } }] });
        let body = json!({ "type": "body", "parameters": [text("Ann"), text("A-7")] });
        let button = json!({ "type": "button", "index": 1, "parameters": [text("x")] });
        for (components, place, words) in [
            (json!([image, body]), "/components", "button 1"),
            (json!([body, button]), "/components", "image"),
            (
                json!([image, { "type": "body", "parameters": [text("Ann")] }, button]),
                "/components/1/parameters",
                "missing: number 2 of the type text, such as “A-7”",
            ),
            (
                json!([image, { "type": "body", "parameters": [text("a"), text("b"), text("c")] }, button]),
                "/components/1/parameters/2",
                "takes 2 parameters",
            ),
            (
                json!([{ "type": "header", "parameters": [{ "type": "video", "video": {} }] }, body, button]),
                "/components/0/parameters/0",
                "wants the type image here, not video",
            ),
            (
                json!([image, { "type": "body", "parameters": [text("a"), { "text": "b" }] }, button]),
                "/components/1/parameters/1",
                "needs a \"type\"",
            ),
            (
                json!([image, { "type": "body", "parameters": [text("a"), text(" ")] }, button]),
                "/components/1/parameters/1/text",
                "no value",
            ),
            (
                json!([image, body, button, { "type": "button", "index": 2, "parameters": [text("x")] }]),
                "/components/3",
                "header, body, button 0, button 1",
            ),
            (json!([image, body, body, button]), "/components/2", "twice"),
            (
                json!([image, body, button, {}]),
                "/components/3",
                "needs a \"type\"",
            ),
        ] {
            let found = wrong("order", &components);
            let [(at, detail)] = found.as_slice() else {
                panic!("{components}: {found:?}");
            };
            assert!(
                at == place && detail.contains(words),
                "{components}: {found:?}"
            );
        }
        let named = json!([{ "type": "body", "parameters": [
            { "type": "text", "parameter_name": "first", "text": "A" }, text("B")] }]);
        let found = wrong("named", &named);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].1.contains("\"last\""), "{found:?}");
        assert!(found[1].1.contains("without parameter_name"), "{found:?}");
    }

    #[test]
    fn what_is_not_there_or_not_approved_is_named() {
        assert!(wrong("no", &json!([]))[0].1.contains("PROMOTIONAL"));
        assert!(
            wrong("ordre", &json!([]))[0]
                .1
                .contains("it has: named, order")
        );
        let other = check(&known(), &template("order", "de", &json!([]))).unwrap_err();
        assert_eq!(other.faults[0].pointer, "/structured/content/language");
        assert!(other.to_string().contains("other languages: en"), "{other}");
        // A list that is not whole says nothing about what it does not have.
        let part = TemplateList {
            complete: false,
            ..known()
        };
        assert_eq!(check(&part, &template("else", "en", &json!([]))), Ok(()));
        assert!(check(&part, &template("no", "en", &json!([]))).is_err());
    }

    #[test]
    fn what_a_template_is_for_is_told_if_it_is_known() {
        let of = |name| category(&known(), &template(name, "en", &json!([])));
        assert_eq!(of("order"), Some(TemplateCategory::Utility));
        assert_eq!(of("named"), Some(TemplateCategory::Marketing));
        assert_eq!((of("no"), of("else")), (None, None));
    }
}
