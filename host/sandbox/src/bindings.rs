//! The newest contract's two worlds as Rust types and traits, generated from the WIT files. What older ones have
//! otherwise is in [`crate::contract`].

/// The `connector` world, and every interface that the two worlds share.
pub mod connector {
    #![allow(missing_docs, clippy::all, clippy::pedantic, unused_qualifications)]
    wasmtime::component::bindgen!({
        path: "../../wit/v0.2.0",
        world: "connector",
        imports: {
            "linecard:plugin/http.send": async | trappable,
            default: trappable,
        },
        exports: { default: async },
    });
}

/// The `analyzer` world.
pub mod analyzer {
    #![allow(missing_docs, clippy::all, clippy::pedantic, unused_qualifications)]
    wasmtime::component::bindgen!({
        path: "../../wit/v0.2.0",
        world: "analyzer",
        imports: { default: trappable },
        exports: { default: async },
        with: {
            "linecard:plugin/manifest": super::connector::linecard::plugin::manifest,
            "linecard:plugin/events": super::connector::linecard::plugin::events,
            "linecard:plugin/log": super::connector::linecard::plugin::log,
            "linecard:plugin/clock": super::connector::linecard::plugin::clock,
        },
    });
}
