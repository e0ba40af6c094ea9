//! The context, put together from what the command was given.

use std::borrow::Cow;

use stitch_core::{ContextDocument, Json, Member};

use super::ContextArgs;
use super::refusals;
use crate::commands::text::printable;

/// `name=value`, taken apart.
///
/// # Errors
///
/// A sentence, if it is not of that form.
pub(super) fn name_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

/// The context that the arguments describe; `clock` is its instant where they give none.
///
/// # Errors
///
/// Everything that is wrong with it, as sentences.
pub(super) fn document(args: &ContextArgs, clock: i64) -> Result<ContextDocument<'_>, Vec<String>> {
    let mut context = whole(args.context.as_deref())?;
    if let Json::Object(fields) = &mut context {
        let texts = [
            ("user_id", &args.user),
            ("tenant_id", &args.tenant),
            ("tier", &args.tier),
            ("env", &args.env),
            ("role_key", &args.role_key),
            ("kind", &args.kind),
        ];
        for (name, value) in texts {
            if let Some(text) = value {
                set(fields, name, Json::from(text.as_str()));
            }
        }
        if let Some(now) = args.now {
            set(fields, "now", Json::from(now));
        }
        add_attributes(fields, &args.attributes)?;
    }
    let mut document = ContextDocument::from_document(context).map_err(|error| refusals(&error))?;
    document.now.get_or_insert(clock);
    Ok(document)
}

/// What `--context` gives.
fn whole(context: Option<&str>) -> Result<Json<'_>, Vec<String>> {
    let Some(context) = context else { return Ok(Json::Object(Vec::new())) };
    Json::parse(context).map_err(|error| {
        let problems = error.diagnostics().iter();
        problems
            .map(|problem| {
                let message = printable(&problem.message, 1_000);
                match (problem.position, problem.pointer.as_str()) {
                    (Some(place), _) => format!("--context, at {}:{}: {message}", place.line, place.column.max(1)),
                    (None, "") => format!("--context: {message}"),
                    (None, pointer) => format!("--context, at {}: {message}", printable(pointer, 300)),
                }
            })
            .collect()
    })
}

fn set<'a>(members: &mut Vec<Member<'a>>, name: &'a str, value: Json<'a>) {
    members.retain(|(other, _)| other != name);
    members.push((Cow::Borrowed(name), value));
}

fn add_attributes<'a>(fields: &mut Vec<Member<'a>>, given: &'a [(String, String)]) -> Result<(), Vec<String>> {
    if given.is_empty() {
        return Ok(());
    }
    let twice =
        given.iter().enumerate().filter(|(index, (name, _))| given[..*index].iter().any(|(other, _)| other == name));
    let twice: Vec<String> = twice
        .map(|(_, (name, _))| format!("the attribute `{}` is given twice: give each name once", printable(name, 100)))
        .collect();
    if !twice.is_empty() {
        return Err(twice);
    }
    let old = fields.iter_mut().find(|(name, _)| name == "attributes").map(|(_, value)| value);
    // What is no object is left to be refused with the rest of the context.
    let mut attributes = match old {
        None | Some(Json::Null) => Vec::new(),
        Some(Json::Object(members)) => std::mem::take(members),
        Some(_) => return Ok(()),
    };
    for (name, value) in given {
        set(&mut attributes, name, attribute(value));
    }
    set(fields, "attributes", Json::Object(attributes));
    Ok(())
}

/// A value as the shell gives it: JSON of the kinds that an attribute can have, or else text.
fn attribute(value: &str) -> Json<'_> {
    // JSON may have white space around it; a value that has some is meant as text.
    let json = if value.trim() == value { Json::parse(value).ok() } else { None };
    match json {
        Some(json @ (Json::Number(_) | Json::Boolean(_) | Json::Array(_) | Json::Text(_))) => json,
        _ => Json::from(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(attributes: &[&str], context: &str) -> ContextArgs {
        ContextArgs {
            attributes: attributes.iter().map(|text| name_and_value(text).unwrap()).collect(),
            context: Some(context.to_owned()),
            ..ContextArgs::default()
        }
    }

    #[test]
    fn values_are_json_where_they_look_like_it() {
        for (value, json) in [
            ("18", "18"),
            ("1.5e3", "1.5e3"),
            ("true", "true"),
            ("[1, \"a\"]", "[1, \"a\"]"),
            ("\"01234\"", "\"01234\""),
            ("TH", "\"TH\""),
            ("01234", "\"01234\""),
            ("", "\"\""),
            (" 18", "\" 18\""),
            ("null", "\"null\""),
            ("{}", "\"{}\""),
            ("[1", "\"[1\""),
            ("True", "\"True\""),
            ("a=b", "\"a=b\""),
        ] {
            assert_eq!(attribute(value), Json::parse(json).unwrap(), "{value}");
        }
    }

    #[test]
    fn single_options_replace_fields_of_the_whole_context() {
        let given = r#"{"user_id": "a", "tier": "gold", "now": 5, "attributes": {"x": 1, "y": 2}}"#;
        let args = ContextArgs { user: Some("b".to_owned()), ..args(&["y=z=1", "w=true"], given) };
        let document = document(&args, 9).unwrap();
        assert_eq!((document.user_id.as_deref(), document.tier.as_deref()), (Some("b"), Some("gold")));
        assert_eq!(document.now, Some(5));
        let names: Vec<&str> = document.attributes.iter().flatten().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["x", "y", "w"]);
    }

    #[test]
    fn the_clock_is_asked_last() {
        assert_eq!(document(&ContextArgs::default(), 9).unwrap().now, Some(9));
        assert_eq!(document(&ContextArgs { now: Some(7), ..args(&[], "{\"now\": 5}") }, 9).unwrap().now, Some(7));
    }

    #[test]
    fn everything_wrong_is_said() {
        let complaints = |attributes: &[&str], context| document(&args(attributes, context), 0).unwrap_err();
        assert_eq!(complaints(&["a=1", "b=2", "a=3"], "{}"), ["the attribute `a` is given twice: give each name once"]);
        assert_eq!(complaints(&[], "{\"user_id\": 1, \"teir\": \"x\"}").len(), 2);
        assert_eq!(complaints(&["a=1"], "{\"attributes\": 1}").len(), 1);
        assert!(complaints(&[], "[]")[0].contains("must be an object"));
        assert!(complaints(&[], "{\n\"a\"}")[0].starts_with("--context, at 2:4: not valid JSON"));
    }
}
