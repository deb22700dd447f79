//! What `wit-bindgen` makes of the contract in `wit/`.
//!
//! The connector world is generated whole; the analyzer world uses its types, so that an `Event`, a
//! `Manifest` or a `Visibility` is one type everywhere. The public names are in the modules beside
//! this one. In serialized form the types are as the hub's own API writes them: `snake_case`, times in
//! RFC 3339.
#![allow(
    missing_docs,
    unsafe_code,
    reason = "generated: the component's binary interface"
)]
#![allow(
    clippy::all,
    clippy::pedantic,
    unused_qualifications,
    rust_2018_idioms,
    reason = "generated"
)]

pub mod connector {
    wit_bindgen::generate!({
        path: "../wit/v0.2.0",
        world: "connector",
        pub_export_macro: true,
        export_macro_name: "__export_connector_component",
        default_bindings_module: "linecard_sdk::bindings::connector",
        additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
        additional_type_attributes: {
            "linecard:plugin/manifest@0.2.0/connector-manifest": [#[derive(Default)] #[serde(default)]],
            "linecard:plugin/manifest@0.2.0/analyzer-manifest": [#[derive(Default)] #[serde(default)]],
            "linecard:plugin/events@0.2.0/profile": [#[derive(Default)] #[serde(default)]],
            "linecard:plugin/events@0.2.0/message": [#[derive(Default)] #[serde(default)]],
            "linecard:plugin/events@0.2.0/referral": [#[derive(Default)] #[serde(default)]],
            "linecard:plugin/events@0.2.0/shared-contact": [#[derive(Default)] #[serde(default)]],
            "linecard:plugin/actions@0.2.0/outcome": [#[derive(Default)] #[serde(default)]],
            "linecard:plugin/actions@0.2.0/outgoing": [#[derive(Default)] #[serde(default)]],
            "linecard:plugin/manifest@0.2.0/visibility": [#[serde(rename_all = "snake_case")]],
            "linecard:plugin/manifest@0.2.0/secret-kind": [#[serde(rename_all = "snake_case")]],
            "linecard:plugin/manifest@0.2.0/secret-place": [#[serde(rename_all = "snake_case")]],
            "linecard:plugin/manifest@0.2.0/host-want": [#[serde(rename_all = "snake_case")]],
            "linecard:plugin/manifest@0.2.0/action-kind": [#[serde(rename_all = "snake_case")]],
            "linecard:plugin/manifest@0.2.0/text-unit": [#[serde(rename_all = "snake_case")]],
            "linecard:plugin/manifest@0.2.0/attachment-kind": [#[serde(rename_all = "snake_case")]],
            "linecard:plugin/manifest@0.2.0/window-demand": [#[serde(rename_all = "snake_case")]],
            "linecard:plugin/manifest@0.2.0/throttle-scope": [#[serde(rename_all = "snake_case")]],
            "linecard:plugin/events@0.2.0/event-kind": [#[serde(rename_all = "snake_case")]],
            "linecard:plugin/events@0.2.0/receipt-state": [#[serde(rename_all = "snake_case")]],
            "linecard:plugin/events@0.2.0/receipt-scope": [#[serde(rename_all = "snake_case")]],
            "linecard:plugin/events@0.2.0/postback-source": [#[serde(rename_all = "snake_case")]],
            "linecard:plugin/events@0.2.0/channel-state": [#[serde(rename_all = "snake_case")]],
            "linecard:plugin/actions@0.2.0/action": [#[serde(rename_all = "snake_case")]],
            "linecard:plugin/actions@0.2.0/failure": [#[serde(rename_all = "snake_case")]],
            "linecard:plugin/actions@0.2.0/rest": [#[serde(rename_all = "snake_case")]],
            "linecard:plugin/http@0.2.0/method": [#[serde(rename_all = "snake_case")]],
            "linecard:plugin/http@0.2.0/body": [#[serde(rename_all = "snake_case")]],
            "linecard:plugin/http@0.2.0/part-content": [#[serde(rename_all = "snake_case")]],
            "linecard:plugin/http@0.2.0/error": [#[serde(rename_all = "snake_case")]],
            "linecard:plugin/secrets@0.2.0/algorithm": [#[serde(rename_all = "snake_case")]],
            "linecard:plugin/connector-api@0.2.0/severity": [#[serde(rename_all = "snake_case")]],
            "linecard:plugin/templates@0.2.0/template-category": [#[serde(rename_all = "snake_case")]],
            "linecard:plugin/templates@0.2.0/template-state": [#[serde(rename_all = "snake_case")]],
            "linecard:plugin/templates@0.2.0/template-part-kind": [#[serde(rename_all = "snake_case")]],
            "linecard:plugin/log@0.2.0/level": [#[serde(rename_all = "snake_case")]],
            "linecard:plugin/connector-api@0.2.0/rejection": [#[serde(rename_all = "snake_case")]],
        },
        additional_member_attributes: {
            "linecard:plugin/http@0.2.0/response.body": [#[serde(default, with = "crate::encode::readable")]],
            "linecard:plugin/http@0.2.0/body.bytes": [#[serde(with = "crate::encode::readable")]],
            "linecard:plugin/http@0.2.0/part-content.bytes": [#[serde(with = "crate::encode::readable")]],
            "linecard:plugin/connector-api@0.2.0/webhook-request.body": [#[serde(default, with = "crate::encode::readable")]],
            "linecard:plugin/connector-api@0.2.0/webhook-response.body": [#[serde(default, with = "crate::encode::readable")]],
            "linecard:plugin/connector-api@0.2.0/poll-page.cursor": [#[serde(with = "crate::encode::readable")]],
            "linecard:plugin/events@0.2.0/event.time": [#[serde(with = "crate::time::text")]],
            "linecard:plugin/events@0.2.0/receipt-scope.up-to": [#[serde(with = "crate::time::text")]],
            "linecard:plugin/actions@0.2.0/action-request.last-inbound": [#[serde(default, with = "crate::time::optional_text")]],
            "linecard:plugin/actions@0.2.0/outcome.time": [#[serde(default, with = "crate::time::optional_text")]],
            "linecard:plugin/actions@0.2.0/budget.resets-at": [#[serde(default, with = "crate::time::optional_text")]],
            "linecard:plugin/actions@0.2.0/throttle.until": [#[serde(default, with = "crate::time::optional_text")]],
            "linecard:plugin/actions@0.2.0/unfinished.resume-at": [#[serde(default, with = "crate::time::optional_text")]],
            "linecard:plugin/connector-api@0.2.0/finding.ends": [#[serde(default, with = "crate::time::optional_text")]],
            "linecard:plugin/events@0.2.0/identity.aliases": [#[serde(default)]],
            "linecard:plugin/connector-api@0.2.0/webhook-request.path": [#[serde(default)]],
            "linecard:plugin/connector-api@0.2.0/webhook-request.url": [#[serde(default)]],
            "linecard:plugin/connector-api@0.2.0/webhook-request.query": [#[serde(default)]],
            "linecard:plugin/connector-api@0.2.0/webhook-request.headers": [#[serde(default)]],
            "linecard:plugin/http@0.2.0/response.headers": [#[serde(default)]],
        },
        generate_unused_types: true,
    });
}

pub mod analyzer {
    wit_bindgen::generate!({
        path: "../wit/v0.2.0",
        world: "analyzer",
        pub_export_macro: true,
        export_macro_name: "__export_analyzer_component",
        default_bindings_module: "linecard_sdk::bindings::analyzer",
        additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
        additional_type_attributes: {
            "linecard:plugin/analyzer-api@0.2.0/analysis": [#[derive(Default)]],
        },
        with: {
            "linecard:plugin/manifest@0.2.0": crate::bindings::connector::linecard::plugin::manifest,
            "linecard:plugin/events@0.2.0": crate::bindings::connector::linecard::plugin::events,
            "linecard:plugin/log@0.2.0": crate::bindings::connector::linecard::plugin::log,
            "linecard:plugin/clock@0.2.0": crate::bindings::connector::linecard::plugin::clock,
        },
    });
}
