//! An analyzer: reads a customer's message and says what it found.

use crate::manifest::Manifest;
use serde::de::DeserializeOwned;
use std::cell::RefCell;

pub use crate::bindings::analyzer::exports::linecard::plugin::analyzer_api::{
    Analysis, ConfigProblem, Label, Score, Subject,
};

/// What an analyzer does.
///
/// The value is what the plug-in made of its configuration: compiled patterns, a loaded model. One
/// instance may read many messages and may be thrown away at any time, so it must give the same answer
/// for the same message either way.
pub trait Analyzer: Sized + 'static {
    /// The configuration, as the manifest's schema describes it.
    type Config: DeserializeOwned;

    /// Tells what this plug-in is. Runs with no capability at all.
    fn describe() -> Manifest;

    /// Gets ready with a configuration, or says everything that is wrong with it beyond the schema.
    fn prepare(config: Self::Config) -> Result<Self, Vec<ConfigProblem>>;

    /// Reads one message; the host stops it after 100 ms.
    fn analyze(&self, subject: &Subject) -> Result<Analysis, String>;

    /// Reads the configuration from JSON and gets ready: what the host does, and what tests call.
    fn prepare_json(config: &str) -> Result<Self, Vec<ConfigProblem>> {
        Self::prepare(crate::config::read(config).map_err(|problem| vec![problem])?)
    }
}

impl ConfigProblem {
    /// What is wrong at a JSON Pointer (RFC 6901), and what to do.
    pub fn new(pointer: impl Into<String>, text: impl Into<String>) -> Self {
        ConfigProblem {
            pointer: pointer.into(),
            text: text.into(),
        }
    }
}

impl Label {
    /// A label that is sure, without evidence.
    pub fn new(name: impl Into<String>) -> Self {
        Label {
            name: name.into(),
            confidence: 1.0,
            evidence: Vec::new(),
        }
    }
}

impl Score {
    /// A number about the message; the manifest names those outside the contract's own.
    pub fn new(name: impl Into<String>, value: f64) -> Self {
        Score {
            name: name.into(),
            value,
        }
    }
}

impl Subject {
    /// A private message with nothing but a text, for tests.
    pub fn text(text: impl Into<String>) -> Self {
        Subject {
            text: text.into(),
            language: None,
            network: "test".to_owned(),
            channel: "test".to_owned(),
            visibility: crate::manifest::Visibility::Private,
            addressed: None,
            author: None,
            attachments: 0,
        }
    }
}

/// The analyzer that this instance has prepared. An analyzer's component has one thread.
#[doc(hidden)]
pub struct Prepared<A: 'static>(pub RefCell<Option<A>>);

/// Where [`export_analyzer!`](crate::export_analyzer) keeps the prepared value.
#[doc(hidden)]
pub trait Slot {
    /// The analyzer.
    type Analyzer: Analyzer;
    /// Runs with the instance's slot.
    fn with<T>(call: impl FnOnce(&Prepared<Self::Analyzer>) -> T) -> T;
}

/// Makes the component's entry points call an [`Analyzer`].
#[doc(hidden)]
pub struct Component<S>(std::marker::PhantomData<S>);

impl<S: Slot> crate::bindings::analyzer::exports::linecard::plugin::analyzer_api::Guest
    for Component<S>
{
    fn describe() -> Manifest {
        S::Analyzer::describe()
    }

    fn prepare(config: String) -> Result<(), Vec<ConfigProblem>> {
        let analyzer = S::Analyzer::prepare_json(&config)?;
        S::with(|slot| slot.0.replace(Some(analyzer)));
        Ok(())
    }

    fn analyze(subject: Subject) -> Result<Analysis, String> {
        S::with(|slot| match slot.0.borrow().as_ref() {
            Some(analyzer) => analyzer.analyze(&subject),
            None => Err("`analyze` was called before `prepare` had succeeded".to_owned()),
        })
    }
}

/// Makes a crate an analyzer component: call it once, in the crate's root, with the type that implements
/// [`Analyzer`].
///
/// On native targets it only checks that the type does.
#[macro_export]
macro_rules! export_analyzer {
    ($analyzer:ty) => {
        #[cfg(target_arch = "wasm32")]
        #[doc(hidden)]
        #[allow(
            unsafe_code,
            missing_docs,
            unused_imports,
            clippy::all,
            clippy::pedantic,
            reason = "generated: the component's entry points"
        )]
        mod linecard_component {
            use super::*;
            ::std::thread_local! {
                static PREPARED: $crate::analyzer::Prepared<$analyzer> =
                    const { $crate::analyzer::Prepared(::std::cell::RefCell::new(None)) };
            }
            struct Instance;
            impl $crate::analyzer::Slot for Instance {
                type Analyzer = $analyzer;
                fn with<T>(call: impl FnOnce(&$crate::analyzer::Prepared<$analyzer>) -> T) -> T {
                    PREPARED.with(call)
                }
            }
            type Component = $crate::analyzer::Component<Instance>;
            $crate::bindings::analyzer::__export_analyzer_component!(Component with_types_in $crate::bindings::analyzer);
        }
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn() = || {
            fn is_an_analyzer<T: $crate::analyzer::Analyzer>() {}
            is_an_analyzer::<$analyzer>();
        };
    };
}
