//! Contexts of the vectors as contexts of the SDK, and which cannot be.

use open_feature::{EvaluationContext, EvaluationContextFieldValue as Field, Value};
use stitch_core::{AttributeDocument, ContextDocument, Element, Number};

/// What the provider's clock says: the year 2030.
pub(crate) const NOW: i64 = 1_893_456_000_000;

const FIELDS: [&str; 10] =
    ["user_id", "kind", "tenant_id", "tier", "env", "role_key", "attributes", "overrides", "approvals", "now"];

/// Why a case cannot be asked through a client.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Obstacle {
    Overrides,
    Approvals,
    Clock,
    Reserved,
    Json,
}

impl Obstacle {
    pub(crate) const ALL: [Self; 5] = [Self::Overrides, Self::Approvals, Self::Clock, Self::Reserved, Self::Json];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Overrides => "inline overrides: reserved in a client's context",
            Self::Approvals => "inline approvals: reserved in a client's context",
            Self::Clock => "holds only without `now`: the provider has a clock",
            Self::Reserved => "an attribute with a field's name: there it is the field",
            Self::Json => "JSON of a kind that a client's context has no place for",
        }
    }
}

/// Why a client cannot bring this context.
pub(crate) fn obstacle(context: &str) -> Option<Obstacle> {
    let Ok(document) = ContextDocument::from_json(context) else { return Some(Obstacle::Json) };
    if document.overrides.is_some() {
        return Some(Obstacle::Overrides);
    }
    if document.approvals.is_some() {
        return Some(Obstacle::Approvals);
    }
    let mut names = document.attributes.iter().flatten().map(|(name, _)| name);
    names.any(|name| FIELDS.contains(&&**name)).then_some(Obstacle::Reserved)
}

/// The context as a client brings it.
pub(crate) fn carry(context: &str) -> Result<EvaluationContext, String> {
    let document = ContextDocument::from_json(context).map_err(|error| error.to_string())?;
    let targeting_key = document.user_id.map(Into::into);
    let mut carried = EvaluationContext { targeting_key, ..EvaluationContext::default() };
    let texts = [
        ("kind", document.kind),
        ("tenant_id", document.tenant_id),
        ("tier", document.tier),
        ("env", document.env),
        ("role_key", document.role_key),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            carried.add_custom_field(name, text.into_owned());
        }
    }
    if let Some(now) = document.now {
        carried.add_custom_field("now", now);
    }
    for (name, value) in document.attributes.into_iter().flatten() {
        let value = match value {
            AttributeDocument::Text(text) => Field::String(text.into_owned()),
            AttributeDocument::Number(Number::Integer(integer)) => Field::Int(integer),
            AttributeDocument::Number(Number::Double(double)) => Field::Float(double),
            AttributeDocument::Boolean(boolean) => Field::Bool(boolean),
            AttributeDocument::List(elements) => {
                Field::new_struct(Value::Array(elements.iter().map(element).collect()))
            }
        };
        carried.add_custom_field(name, value);
    }
    Ok(carried)
}

fn element(element: &Element<'_>) -> Value {
    match element {
        Element::Text(text) => Value::String(text.clone().into_owned()),
        Element::Number(Number::Integer(integer)) => Value::Int(*integer),
        Element::Number(Number::Double(double)) => Value::Float(*double),
    }
}
