//! How a plug-in describes itself: what the host reads before it grants anything.

pub use crate::bindings::connector::linecard::plugin::manifest::{
    ActionAbility, ActionKind, AnalyzerManifest, AttachmentKind, Condition, ConnectorManifest,
    HostWant, Manifest, MediaLimit, RaisedLimit, RateLimit, ReplyWindow, RetryRule, SecretKind,
    SecretPlace, SecretWant, TextLimit, TextUnit, ThrottleScope, Visibility, WindowDemand,
};

/// The version of the contract that this SDK is built against.
pub const CONTRACT: &str = "0.2.0";

/// A schema that takes any object: for a plug-in without configuration.
const ANY_OBJECT: &str =
    r#"{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object"}"#;

impl Manifest {
    /// A connector's manifest, with a schema that takes any object until
    /// [`config_schema`](Self::config_schema) sets a better one.
    pub fn connector(
        id: impl Into<String>,
        version: impl Into<String>,
        display_name: impl Into<String>,
        connector: ConnectorManifest,
    ) -> Self {
        Manifest {
            connector: Some(connector),
            ..Self::bare(id.into(), version.into(), display_name.into())
        }
    }

    /// An analyzer's manifest.
    pub fn analyzer(
        id: impl Into<String>,
        version: impl Into<String>,
        display_name: impl Into<String>,
        analyzer: AnalyzerManifest,
    ) -> Self {
        Manifest {
            analyzer: Some(analyzer),
            ..Self::bare(id.into(), version.into(), display_name.into())
        }
    }

    fn bare(id: String, version: String, display_name: String) -> Self {
        Manifest {
            id,
            version,
            display_name,
            description: String::new(),
            contract: CONTRACT.to_owned(),
            config_schema: ANY_OBJECT.to_owned(),
            connector: None,
            analyzer: None,
        }
    }

    /// Sets one or two sentences for an operator: up to 500 characters.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = text.into();
        self
    }

    /// Sets the JSON Schema (2020-12) of the configuration; usually an `include_str!`.
    #[must_use]
    pub fn config_schema(mut self, schema: impl Into<String>) -> Self {
        self.config_schema = schema.into();
        self
    }
}

impl SecretWant {
    /// A secret that every channel must have. The title is the network's own word for it, the hint says
    /// where a person finds the value.
    pub fn required(
        name: impl Into<String>,
        kind: SecretKind,
        title: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        SecretWant {
            name: name.into(),
            title: title.into(),
            hint: hint.into(),
            kind,
            required: true,
            required_if: None,
            placed: None,
            inspected_at: None,
        }
    }

    /// A secret that a channel can work without.
    pub fn optional(
        name: impl Into<String>,
        kind: SecretKind,
        title: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        SecretWant {
            required: false,
            ..Self::required(name, kind, title, hint)
        }
    }

    /// A token that the network wants in the path of each call, for channels that must all have it. `around` is
    /// what may stand around it, with `{}` for the value, such as `/bot{}/`; a request names it in braces:
    /// `https://api.example.com/bot{token}/send`.
    pub fn in_path(
        name: impl Into<String>,
        title: impl Into<String>,
        hint: impl Into<String>,
        around: &[&str],
    ) -> Self {
        let around = around.iter().map(|&form| form.to_owned()).collect();
        SecretWant {
            placed: Some(SecretPlace::Path(around)),
            ..Self::required(name, SecretKind::UrlPart, title, hint)
        }
    }

    /// A key that the host puts into this header of each request that names it by
    /// [`Request::auth`](crate::http::Request::auth), for channels that must all have it.
    pub fn in_header(
        name: impl Into<String>,
        title: impl Into<String>,
        hint: impl Into<String>,
        header: impl Into<String>,
    ) -> Self {
        SecretWant {
            placed: Some(SecretPlace::Header(header.into())),
            ..Self::required(name, SecretKind::ApiKey, title, hint)
        }
    }

    /// As [`in_header`](Self::in_header), in a query parameter.
    pub fn in_query(
        name: impl Into<String>,
        title: impl Into<String>,
        hint: impl Into<String>,
        parameter: impl Into<String>,
    ) -> Self {
        SecretWant {
            placed: Some(SecretPlace::Query(parameter.into())),
            ..Self::required(name, SecretKind::ApiKey, title, hint)
        }
    }

    /// Required only of channels whose configuration has this.
    #[must_use]
    pub fn required_if(mut self, condition: Condition) -> Self {
        self.required = false;
        self.required_if = Some(condition);
        self
    }

    /// Names the end of the path of the one call by which the network tells about this token, and in which
    /// the value may stand in the query: see [`Request::query_secret`](crate::http::Request::query_secret).
    #[must_use]
    pub fn inspected_at(mut self, path_end: impl Into<String>) -> Self {
        self.inspected_at = Some(path_end.into());
        self
    }
}

impl Condition {
    /// That the configuration has this text, number or boolean at this JSON Pointer.
    pub fn new(pointer: impl Into<String>, equals: impl Into<String>) -> Self {
        Condition {
            pointer: pointer.into(),
            equals: equals.into(),
        }
    }
}

impl TextLimit {
    /// So many of these.
    pub fn new(max: u32, unit: TextUnit) -> Self {
        TextLimit {
            max,
            unit,
            raised: None,
        }
    }
}

impl ActionAbility {
    /// An action without text, attachments or limits, in any conversation.
    pub fn new(kind: ActionKind) -> Self {
        ActionAbility {
            kind,
            visibilities: Vec::new(),
            text: None,
            media: Vec::new(),
            caption: None,
            max_attachments: 0,
            text_with_media: false,
            max_quick_replies: 0,
            quick_reply_payload: None,
            locations: false,
            structured: Vec::new(),
            windows: Vec::new(),
            idempotent: false,
        }
    }

    /// Only in private conversations.
    #[must_use]
    pub fn private(mut self) -> Self {
        self.visibilities = vec![Visibility::Private];
        self
    }

    /// Only in public conversations.
    #[must_use]
    pub fn public(mut self) -> Self {
        self.visibilities = vec![Visibility::Public];
        self
    }

    /// Takes a text up to this length.
    #[must_use]
    pub fn text(mut self, max: u32, unit: TextUnit) -> Self {
        self.text = Some(TextLimit::new(max, unit));
        self
    }

    /// Takes a text up to this length together with attachments, where that is another limit.
    #[must_use]
    pub fn caption(mut self, max: u32, unit: TextUnit) -> Self {
        self.caption = Some(TextLimit::new(max, unit));
        self.text_with_media()
    }

    /// Raises the text's limit, in the same unit, for channels whose configuration has `true` at this
    /// JSON Pointer. Without a [`text`](Self::text) there is nothing to raise.
    #[must_use]
    pub fn text_raised(mut self, max: u32, enabled_by: impl Into<String>) -> Self {
        if let Some(limit) = &mut self.text {
            limit.raised = Some(RaisedLimit {
                max,
                enabled_by: enabled_by.into(),
            });
        }
        self
    }

    /// Takes up to so many attachments of these kinds, each with a limit of its own.
    #[must_use]
    pub fn media(mut self, max_attachments: u32, media: Vec<MediaLimit>) -> Self {
        self.max_attachments = max_attachments;
        self.media = media;
        self
    }

    /// Takes a text and attachments together.
    #[must_use]
    pub fn text_with_media(mut self) -> Self {
        self.text_with_media = true;
        self
    }

    /// Takes so many quick replies.
    #[must_use]
    pub fn quick_replies(mut self, max: u32) -> Self {
        self.max_quick_replies = max;
        self
    }

    /// Takes so much behind a quick reply.
    #[must_use]
    pub fn quick_reply_payload(mut self, max: u32, unit: TextUnit) -> Self {
        self.quick_reply_payload = Some(TextLimit::new(max, unit));
        self
    }

    /// Takes a place.
    #[must_use]
    pub fn locations(mut self) -> Self {
        self.locations = true;
        self
    }

    /// Takes these kinds of structured content.
    #[must_use]
    pub fn structured(mut self, kinds: &[&str]) -> Self {
        self.structured = kinds.iter().map(|&kind| kind.to_owned()).collect();
        self
    }

    /// Adds a time in which it is allowed, counted from the customer's last message.
    #[must_use]
    pub fn window(mut self, window: ReplyWindow) -> Self {
        self.windows.push(window);
        self
    }

    /// Repeating it under the same `ActionRequest::id` has no second effect.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }
}

impl MediaLimit {
    /// Attachments of one kind up to a size in bytes; no MIME types mean any.
    pub fn new(kind: AttachmentKind, mime: &[&str], max_bytes: u64) -> Self {
        MediaLimit {
            kind,
            mime: mime.iter().map(|&mime| mime.to_owned()).collect(),
            max_bytes,
        }
    }
}
