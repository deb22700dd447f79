//! What `wit-bindgen` makes of the contract in `wit/`.
//!
//! The connector world is generated whole; the analyzer world uses its types, so that an `Event`, a
//! `Manifest` or a `Visibility` is one type everywhere. The public names are in the modules beside
//! this one.
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
        path: "../wit/v0.1.0",
        world: "connector",
        pub_export_macro: true,
        export_macro_name: "__export_connector_component",
        default_bindings_module: "linecard_sdk::bindings::connector",
        additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
        additional_type_attributes: {
            "linecard:plugin/manifest@0.1.0/connector-manifest": [#[derive(Default)]],
            "linecard:plugin/manifest@0.1.0/analyzer-manifest": [#[derive(Default)]],
            "linecard:plugin/events@0.1.0/profile": [#[derive(Default)]],
            "linecard:plugin/events@0.1.0/message": [#[derive(Default)]],
            "linecard:plugin/events@0.1.0/referral": [#[derive(Default)]],
            "linecard:plugin/events@0.1.0/shared-contact": [#[derive(Default)]],
            "linecard:plugin/actions@0.1.0/outcome": [#[derive(Default)]],
            "linecard:plugin/actions@0.1.0/outgoing": [#[derive(Default)]],
        },
        additional_member_attributes: {
            "linecard:plugin/http@0.1.0/response.body": [#[serde(with = "crate::encode::readable")]],
            "linecard:plugin/http@0.1.0/body.bytes": [#[serde(with = "crate::encode::readable")]],
            "linecard:plugin/http@0.1.0/part-content.bytes": [#[serde(with = "crate::encode::readable")]],
            "linecard:plugin/connector-api@0.1.0/webhook-request.body": [#[serde(with = "crate::encode::readable")]],
            "linecard:plugin/connector-api@0.1.0/webhook-response.body": [#[serde(with = "crate::encode::readable")]],
            "linecard:plugin/connector-api@0.1.0/poll-page.cursor": [#[serde(with = "crate::encode::readable")]],
        },
        generate_unused_types: true,
    });
}

pub mod analyzer {
    wit_bindgen::generate!({
        path: "../wit/v0.1.0",
        world: "analyzer",
        pub_export_macro: true,
        export_macro_name: "__export_analyzer_component",
        default_bindings_module: "linecard_sdk::bindings::analyzer",
        additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
        additional_type_attributes: {
            "linecard:plugin/analyzer-api@0.1.0/analysis": [#[derive(Default)]],
        },
        with: {
            "linecard:plugin/manifest@0.1.0": crate::bindings::connector::linecard::plugin::manifest,
            "linecard:plugin/events@0.1.0": crate::bindings::connector::linecard::plugin::events,
            "linecard:plugin/log@0.1.0": crate::bindings::connector::linecard::plugin::log,
            "linecard:plugin/clock@0.1.0": crate::bindings::connector::linecard::plugin::clock,
        },
    });
}
