//! The manifest, as it is given. [`crate::manifest`] checks it before this is used.

use linecard_model::manifest as model;

use super::all;
use crate::bindings::connector::linecard::plugin::manifest as wit;

/// The manifest with an id and a schema that were checked.
pub(crate) fn manifest(
    manifest: wit::Manifest,
    id: linecard_model::PluginId,
    config_schema: serde_json::Value,
) -> model::Manifest {
    model::Manifest {
        id,
        version: manifest.version,
        display_name: manifest.display_name,
        description: manifest.description,
        contract: manifest.contract,
        config_schema,
        connector: manifest.connector.map(connector),
        analyzer: manifest.analyzer.map(|analyzer| model::AnalyzerManifest {
            scores: analyzer.scores,
            languages: analyzer.languages,
        }),
    }
}

fn connector(connector: wit::ConnectorManifest) -> model::ConnectorManifest {
    model::ConnectorManifest {
        networks: connector.networks,
        secrets: all(connector.secrets, |want| model::SecretWant {
            name: want.name,
            title: want.title,
            hint: want.hint,
            kind: match want.kind {
                wit::SecretKind::HmacKey => model::SecretKind::HmacKey,
                wit::SecretKind::SharedToken => model::SecretKind::SharedToken,
                wit::SecretKind::Bearer => model::SecretKind::Bearer,
                wit::SecretKind::Basic => model::SecretKind::Basic,
                wit::SecretKind::Oauth1 => model::SecretKind::Oauth1,
                wit::SecretKind::Oauth2 => model::SecretKind::Oauth2,
                wit::SecretKind::UrlPart => model::SecretKind::UrlPart,
                wit::SecretKind::ApiKey => model::SecretKind::ApiKey,
            },
            required: want.required,
            required_if: want.required_if.map(condition),
            placed: want.placed.map(|place| match place {
                wit::SecretPlace::Path(forms) => model::SecretPlace::Path(forms),
                wit::SecretPlace::Header(name) => model::SecretPlace::Header(name),
                wit::SecretPlace::Query(name) => model::SecretPlace::Query(name),
            }),
            inspected_at: want.inspected_at,
        }),
        hosts: all(connector.hosts, |want| match want {
            wit::HostWant::Exact(host) => model::HostWant::Exact(host),
            wit::HostWant::FromConfig(pointer) => model::HostWant::FromConfig(pointer),
        }),
        receives: connector.receives,
        receives_if: connector.receives_if.map(condition),
        polls: connector.polls,
        polls_if: connector.polls_if.map(condition),
        sets_up: connector.sets_up,
        resolves_profiles: connector.resolves_profiles,
        resolves_media: connector.resolves_media,
        probes: connector.probes,
        templates: connector.templates,
        visibilities: all(connector.visibilities, visibility),
        actions: all(connector.actions, ability),
        rate_limits: all(connector.rate_limits, |limit| model::RateLimit {
            scope: throttle_scope(limit.scope),
            actions: all(limit.actions, action_kind),
            calls: limit.calls,
            per_ms: limit.per_ms,
        }),
        retries: connector.retries.map(|rule| model::RetryRule {
            max: rule.max,
            pause_ms: rule.pause_ms,
        }),
    }
}

fn ability(ability: wit::ActionAbility) -> model::ActionAbility {
    model::ActionAbility {
        kind: action_kind(ability.kind),
        visibilities: all(ability.visibilities, visibility),
        text: ability.text.map(text_limit),
        media: all(ability.media, |limit| model::MediaLimit {
            kind: attachment_kind(limit.kind),
            mime: limit.mime,
            max_bytes: limit.max_bytes,
        }),
        caption: ability.caption.map(text_limit),
        max_attachments: ability.max_attachments,
        text_with_media: ability.text_with_media,
        max_quick_replies: ability.max_quick_replies,
        quick_reply_payload: ability.quick_reply_payload.map(text_limit),
        locations: ability.locations,
        structured: ability.structured,
        windows: all(ability.windows, |window| model::ReplyWindow {
            name: window.name,
            seconds: window.seconds,
            demands: match window.demands {
                wit::WindowDemand::Nothing => model::WindowDemand::Nothing,
                wit::WindowDemand::HumanAgent => model::WindowDemand::HumanAgent,
                wit::WindowDemand::Template => model::WindowDemand::Template,
            },
            enabled_by: window.enabled_by,
        }),
        idempotent: ability.idempotent,
    }
}

fn text_limit(limit: wit::TextLimit) -> model::TextLimit {
    model::TextLimit {
        max: limit.max,
        unit: match limit.unit {
            wit::TextUnit::CodePoints => model::TextUnit::CodePoints,
            wit::TextUnit::Utf16Units => model::TextUnit::Utf16Units,
            wit::TextUnit::Bytes => model::TextUnit::Bytes,
            wit::TextUnit::XWeighted => model::TextUnit::XWeighted,
        },
        raised: limit.raised.map(|raised| model::RaisedLimit {
            max: raised.max,
            enabled_by: raised.enabled_by,
        }),
    }
}

fn condition(condition: wit::Condition) -> model::Condition {
    model::Condition {
        pointer: condition.pointer,
        equals: condition.equals,
    }
}

pub(super) fn visibility(visibility: wit::Visibility) -> model::Visibility {
    match visibility {
        wit::Visibility::Public => model::Visibility::Public,
        wit::Visibility::Private => model::Visibility::Private,
    }
}

pub(super) fn throttle_scope(scope: wit::ThrottleScope) -> model::ThrottleScope {
    match scope {
        wit::ThrottleScope::Channel => model::ThrottleScope::Channel,
        wit::ThrottleScope::Recipient => model::ThrottleScope::Recipient,
    }
}

pub(super) fn attachment_kind(kind: wit::AttachmentKind) -> model::AttachmentKind {
    match kind {
        wit::AttachmentKind::Image => model::AttachmentKind::Image,
        wit::AttachmentKind::Audio => model::AttachmentKind::Audio,
        wit::AttachmentKind::Video => model::AttachmentKind::Video,
        wit::AttachmentKind::File => model::AttachmentKind::File,
        wit::AttachmentKind::Sticker => model::AttachmentKind::Sticker,
        wit::AttachmentKind::Animation => model::AttachmentKind::Animation,
        wit::AttachmentKind::Link => model::AttachmentKind::Link,
        wit::AttachmentKind::Share => model::AttachmentKind::Share,
        wit::AttachmentKind::Other => model::AttachmentKind::Other,
    }
}

fn action_kind(kind: wit::ActionKind) -> model::ActionKind {
    match kind {
        wit::ActionKind::SendMessage => model::ActionKind::SendMessage,
        wit::ActionKind::Reply => model::ActionKind::Reply,
        wit::ActionKind::PrivateReply => model::ActionKind::PrivateReply,
        wit::ActionKind::React => model::ActionKind::React,
        wit::ActionKind::Unreact => model::ActionKind::Unreact,
        wit::ActionKind::Repost => model::ActionKind::Repost,
        wit::ActionKind::Unrepost => model::ActionKind::Unrepost,
        wit::ActionKind::Quote => model::ActionKind::Quote,
        wit::ActionKind::Follow => model::ActionKind::Follow,
        wit::ActionKind::Unfollow => model::ActionKind::Unfollow,
        wit::ActionKind::RequestFollow => model::ActionKind::RequestFollow,
        wit::ActionKind::Hide => model::ActionKind::Hide,
        wit::ActionKind::Unhide => model::ActionKind::Unhide,
        wit::ActionKind::Delete => model::ActionKind::Delete,
        wit::ActionKind::Edit => model::ActionKind::Edit,
        wit::ActionKind::MarkSeen => model::ActionKind::MarkSeen,
        wit::ActionKind::Typing => model::ActionKind::Typing,
        wit::ActionKind::Publish => model::ActionKind::Publish,
        wit::ActionKind::SendTemplate => model::ActionKind::SendTemplate,
    }
}
