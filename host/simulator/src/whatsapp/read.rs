//! What can be read of number and account, and the account's subscription.

use axum::http::Method;
use serde_json::{Map, Value, json};
use url::Url;

use super::WhatsApp;
use super::api::Caller;
use super::templates::Template;
use crate::graph::GraphError;
use crate::graph::api::Call;
use crate::graph::paging::{nonexisting, paged, wanted};
use crate::graph::parameters::parameters_with;
use crate::graph::subscriptions::{TokenInfo, TokenRights, told};
use crate::graph::webhook::set;
use crate::handshake::Handshake;

/// What a system user's token of the simulated app may do.
pub(crate) const SCOPES: &[&str] = &[
    "whatsapp_business_management",
    "whatsapp_business_messaging",
];

/// What the network shows of a number when nobody asks for fields.
const NUMBER_FIELDS: &[&str] = &[
    "verified_name",
    "code_verification_status",
    "display_phone_number",
    "quality_rating",
    "platform_type",
    "throughput",
    "id",
];

/// The most templates that an unverified account can have.
const TEMPLATE_LIMIT: usize = 250;

const TEMPLATE_FIELDS: &[&str] = &[
    "name",
    "parameter_format",
    "components",
    "language",
    "status",
    "category",
    "id",
];

/// Shows an object's fields. `None` of `show` means that there is no such field; one without a value
/// is left out, as the network does.
fn shown(
    call: &Call<()>,
    default: &[&str],
    show: impl Fn(&str) -> Option<Value>,
) -> Result<Value, GraphError> {
    let mut answer = Map::new();
    for field in wanted(&call.parameters, default)? {
        let value = show(&field.name).ok_or_else(|| nonexisting(&field.name))?;
        if !value.is_null() {
            answer.insert(field.name, value);
        }
    }
    // The id comes along whether it was asked for or not.
    if let Some(id) = show("id") {
        answer.insert("id".to_owned(), id);
    }
    Ok(Value::Object(answer))
}

fn number_field(whatsapp: &WhatsApp, field: &str) -> Option<Value> {
    let options = &whatsapp.options;
    Some(match field {
        "id" => json!(options.phone_number_id),
        "display_phone_number" => json!(written(&options.display_phone_number)),
        "verified_name" => json!(options.verified_name),
        "quality_rating" => json!("GREEN"),
        "code_verification_status" => json!("VERIFIED"),
        "name_status" => json!("APPROVED"),
        "platform_type" => json!("CLOUD_API"),
        "throughput" => json!({ "level": "STANDARD" }),
        "status" => json!("CONNECTED"),
        "account_mode" => json!("LIVE"),
        "quality_score" => json!({ "score": "GREEN" }),
        "is_official_business_account" | "is_on_biz_app" | "is_preverified_number" => json!(false),
        "is_pin_enabled" => json!(true),
        "messaging_limit_tier" | "whatsapp_business_manager_messaging_limit" => json!("TIER_250"),
        "new_name_status"
        | "new_certificate"
        | "certificate"
        | "search_visibility"
        | "conversational_automation"
        | "health_status"
        | "last_onboarded_time"
        | "username"
        | "eligibility_for_api_business_global_search"
        | "country_code"
        | "country_dial_code" => Value::Null,
        "webhook_configuration" => {
            let callback = whatsapp.callback_url();
            json!({ "application": callback.map(String::from) })
        }
        _ => return None,
    })
}

/// `GET /{number}`
pub(crate) fn number(whatsapp: &WhatsApp, call: &Call<()>) -> Result<Value, GraphError> {
    shown(call, NUMBER_FIELDS, |field| number_field(whatsapp, field))
}

/// `GET /{account}/phone_numbers`
pub(crate) fn numbers(whatsapp: &WhatsApp, call: &Call<()>) -> Result<Value, GraphError> {
    paged(
        &whatsapp.base_url(),
        &call.parameters,
        &format!("{}/phone_numbers", whatsapp.options.waba_id),
        &[&whatsapp.options.phone_number_id],
        |id| (*id).clone(),
        |_| number(whatsapp, call),
    )
}

/// `GET /{account}`
pub(crate) fn account(whatsapp: &WhatsApp, call: &Call<()>) -> Result<Value, GraphError> {
    let options = &whatsapp.options;
    shown(
        call,
        &["id", "name", "timezone_id", "message_template_namespace"],
        |field| {
            Some(match field {
                "id" => json!(options.waba_id),
                "name" => json!(options.verified_name),
                "timezone_id" => json!("1"),
                "message_template_namespace" => json!(format!("simulated_{}", options.waba_id)),
                "account_review_status" => json!("APPROVED"),
                _ => return None,
            })
        },
    )
}

/// `GET /{account}/message_templates`
pub(crate) fn templates(whatsapp: &WhatsApp, call: &Call<()>) -> Result<Value, GraphError> {
    let mut all = whatsapp.templates();
    for name in ["name", "language", "status", "category"] {
        if let Some(filter) = call.parameter(name) {
            all.retain(|template| template.shown(name).is_some_and(|value| value == filter));
        }
    }
    let mut answer = paged(
        &whatsapp.base_url(),
        &call.parameters,
        &format!("{}/message_templates", whatsapp.options.waba_id),
        &all,
        Template::id,
        |template| shown(call, TEMPLATE_FIELDS, |field| template.shown(field)),
    )?;
    if let Some(wanted) = call.parameter("summary") {
        let mut summary = Map::new();
        for name in wanted.split(',').map(str::trim) {
            let value = match name {
                "total_count" => json!(all.len()),
                "message_template_count" => json!(whatsapp.templates().len()),
                "message_template_limit" => json!(TEMPLATE_LIMIT),
                "are_translations_complete" => json!(false),
                other => return Err(nonexisting(other)),
            };
            summary.insert(name.to_owned(), value);
        }
        set(&mut answer, "summary", Some(Value::Object(summary)));
    }
    Ok(answer)
}

/// `GET /{template}`; `None`: there is no such template.
pub(crate) fn template(
    whatsapp: &WhatsApp,
    id: &str,
    call: &Call<()>,
) -> Option<Result<Value, GraphError>> {
    let all = whatsapp.templates();
    let template = all.iter().find(|template| template.id() == id)?;
    Some(shown(call, TEMPLATE_FIELDS, |field| template.shown(field)))
}

/// `GET`, `POST` and `DELETE /{account}/subscribed_apps`; `None`: there is no such call.
pub(crate) async fn subscriptions(
    whatsapp: &WhatsApp,
    method: &Method,
    call: &Call<()>,
) -> Option<Result<Value, GraphError>> {
    match *method {
        Method::GET => Some(Ok(subscribed(whatsapp))),
        Method::POST => Some(subscribe(whatsapp, call).await),
        Method::DELETE => {
            whatsapp.set_subscribed(false);
            Some(Ok(json!({ "success": true })))
        }
        _ => None,
    }
}

fn subscribed(whatsapp: &WhatsApp) -> Value {
    if !whatsapp.subscribed() {
        return json!({ "data": [] });
    }
    let app = whatsapp.options.app_id;
    json!({ "data": [{ "whatsapp_business_api_data": {
        "id": app.to_string(),
        "name": "Simulated App",
        "link": format!("https://www.facebook.com/games/?app_id={app}"),
    } }] })
}

/// Subscribes the app, with another callback when one is given and passes the handshake.
async fn subscribe(whatsapp: &WhatsApp, call: &Call<()>) -> Result<Value, GraphError> {
    let parameters = parameters_with(call, &[]).await?;
    if let Some(address) = parameters.address("override_callback_uri")? {
        let token = parameters
            .filled("verify_token")?
            .ok_or_else(|| GraphError::parameter("The parameter verify_token is required."))?;
        let callback = Url::parse(&address)
            .map_err(|_| GraphError::parameter("Invalid callback URI format"))?;
        let handshake = Handshake {
            callback: Some(callback.clone()),
            ..whatsapp.handshake()
        };
        if let Err(problem) = handshake.subscribe(&token).await {
            return Err(GraphError::new(
                400,
                2200,
                None,
                format!(
                    "(#2200) Callback verification failed with the following errors: {problem}"
                ),
            ));
        }
        whatsapp.set_callback_url(callback);
    }
    whatsapp.set_subscribed(true);
    Ok(json!({ "success": true }))
}

/// `GET /debug_token?input_token=`
pub(crate) fn debug_token(whatsapp: &WhatsApp, call: &Call<()>) -> Result<Value, GraphError> {
    let token = call
        .parameter("input_token")
        .ok_or_else(|| GraphError::parameter("The parameter input_token is required"))?;
    let info = whatsapp.caller(token).ok().map(|caller| TokenInfo {
        app_id: whatsapp.options.app_id,
        kind: match caller {
            Caller::Business => "SYSTEM_USER",
            Caller::App => "APP",
        },
        profile_id: &whatsapp.options.waba_id,
        rights: match caller {
            Caller::Business => whatsapp.with_token(|token| token.rights.clone()),
            Caller::App => TokenRights::new(SCOPES),
        },
    });
    Ok(told(info.as_ref()))
}

/// A number as people write it: `15550783881` is `+1 555-078-3881`.
fn written(digits: &str) -> String {
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    if digits.len() == 11 && digits.starts_with('1') {
        format!("+1 {}-{}-{}", part(1, 4), part(4, 7), part(7, 11))
    } else {
        format!("+{digits}")
    }
}
