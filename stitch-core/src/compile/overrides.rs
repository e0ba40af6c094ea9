//! Override rows, sorted to the flags that they are for.

use std::collections::HashSet;
use std::sync::Arc;

use crate::compile::flag::SCOPES as FLAG_SCOPES;
use crate::compile::place::Place;
use crate::compile::{Compiler, Entry, index_within};
use crate::diagnostics::{Code, Diagnostic};
use crate::flag::{Flag, Outcome};
use crate::instant::Instant;
use crate::json::key::Keys;
use crate::json::node::Node;
use crate::overrides::OverrideRow;
use crate::value::ValueType;

const ROW: Keys<12> = Keys::of([
    "id",
    "scope",
    "flag_key",
    "value",
    "tenant_id",
    "user_id",
    "expires_at",
    "approval_ref",
    "created_at",
    "created_by",
    "source",
    "rationale",
]);
const SCOPES: [&str; 2] = ["user", "tenant"];

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Scope {
    User,
    Tenant,
}

/// The keys that no two rows share.
#[derive(Default)]
struct Seen<'d> {
    ids: HashSet<&'d str>,
    targets: HashSet<Target<'d>>,
}

/// Flag, scope, tenant and user.
type Target<'d> = (u32, Scope, Option<&'d str>, Option<&'d str>);

impl<'d> Seen<'d> {
    /// Takes both, unless one of them is taken.
    fn take(&mut self, id: &'d str, target: Target<'d>) -> bool {
        let free = !self.ids.contains(id) && !self.targets.contains(&target);
        free && self.ids.insert(id) && self.targets.insert(target)
    }
}

impl<'d> Compiler<'d> {
    /// Adds each row to its flag; a row that is wrong is left out.
    pub(super) fn overrides(&mut self, rows: &'d [Node<'d>], problems: &[Diagnostic], flags: &mut [Entry<Flag>]) {
        let broken: HashSet<usize> =
            problems.iter().filter_map(|problem| index_within(&problem.pointer, "/overrides/")).collect();
        let mut seen = Seen::default();
        let place = Place::ROOT.key("overrides");
        for (index, json) in rows.iter().enumerate() {
            let place = &place.index(index);
            if json.is_null() {
                self.reader.wrong_element(json, place, "an override row is needed here");
            } else {
                self.row(json, place, flags, &mut seen, !broken.contains(&index));
            }
        }
    }

    fn row(
        &mut self,
        json: &'d Node<'d>,
        place: &Place<'_>,
        flags: &mut [Entry<Flag>],
        seen: &mut Seen<'d>,
        whole: bool,
    ) -> Option<()> {
        let errors = self.reader.errors;
        let [
            id,
            scope,
            flag_key,
            value,
            tenant_id,
            user_id,
            expires_at,
            approval_ref,
            created_at,
            created_by,
            source,
            rationale,
        ] = self.reader.fields(json, place, &ROW)?;
        let id = self.reader.required(id, place, "id", "name the row");
        let id = id.and_then(|id| self.reader.text(id, &place.key("id")));
        let scope = self.reader.required(scope, place, "scope", "`user` or `tenant`").and_then(|scope| {
            let meaning = |name: &str| match name {
                "user" => Some(Scope::User),
                "tenant" => Some(Scope::Tenant),
                _ => None,
            };
            self.reader.word(scope, &place.key("scope"), (Code::UnknownScope, "scope"), &SCOPES, meaning)
        });
        let flag_key = self.reader.required(flag_key, place, "flag_key", "name the flag");
        let flag = flag_key.and_then(|key| {
            let flag = self.flag_reference(key, &place.key("flag_key"));
            self.references.clear();
            flag
        });
        let value = self.reader.required(value, place, "value", "say what to serve");
        let mut text = |json: Option<&'d Node<'d>>, key| json.and_then(|json| self.reader.text(json, &place.key(key)));
        let (tenant, user) = (text(tenant_id, "tenant_id"), text(user_id, "user_id"));
        for (json, key) in [
            (approval_ref, "approval_ref"),
            (created_at, "created_at"),
            (created_by, "created_by"),
            (source, "source"),
            (rationale, "rationale"),
        ] {
            text(json, key);
        }
        let expires_at = match expires_at {
            Some(json) => self.expiry(json, &place.key("expires_at")),
            None => None,
        };
        if let Some(scope) = scope {
            self.target(scope, (tenant_id.is_some(), tenant), (user_id.is_some(), user), place);
        }
        let entry = flag.and_then(|flag| flags.get_mut(flag as usize));
        let compiled = entry.and_then(|entry| entry.compiled.as_mut());
        // The document's word on the flag, since the flag may have errors and yet be good enough to judge the row by.
        let written = flag.and_then(|flag| self.flags.entries.get(flag as usize));
        let value_type = written.and_then(declared_type);
        let value =
            value.zip(value_type).and_then(|(json, value_type)| self.value(json, value_type, &place.key("value")));
        if let (Some(flag), Some(scope)) = (written, scope)
            && !allows(flag, scope)
        {
            let message = "the flag's `allowed_scopes` do not have this row's scope: remove the row or allow the scope";
            self.reader.report(Code::ScopeNotAllowed, place, message);
        }
        // A row that is wrong takes no target and no id from the others.
        if let (Some(id), Some(scope), Some(flag)) = (id, scope, flag)
            && self.reader.errors == errors
            && whole
            && !seen.take(id, (flag, scope, tenant, user))
        {
            let message = "a row above has the same id, or the same flag, scope, user and tenant: keep one of the two";
            self.reader.report(Code::DuplicateOverride, place, message);
        }
        if self.reader.errors > errors || !whole {
            return None;
        }
        // A flag that was taken over has its rows.
        let flag = compiled.and_then(Arc::get_mut)?;
        let value = value?;
        let outcome = Outcome { variant: flag.variant_of(value.as_value()), value };
        let rows = flag.overrides.get_or_insert_default();
        let row = OverrideRow { id: id?.into(), outcome, expires_at };
        match scope? {
            Scope::Tenant => {
                rows.tenants.insert(tenant?.into(), row);
            }
            Scope::User => {
                let rows = rows.users.entry(user?.into()).or_default();
                match tenant {
                    Some(tenant) => drop(rows.by_tenant.insert(tenant.into(), row)),
                    None => rows.any_tenant = Some(row),
                }
            }
        }
        flag.note_overrides();
        Some(())
    }

    /// The first millisecond at which a row no longer applies.
    fn expiry(&mut self, json: &'d Node<'d>, place: &Place<'_>) -> Option<i64> {
        let instant = Instant::parse(self.reader.text(json, place)?);
        if instant.is_none() {
            let message = "this is no instant: write RFC 3339 such as `2026-01-31T09:00:00Z`";
            self.reader.report(Code::BadInstant, place, message);
        }
        instant.map(|instant| instant.ceiling())
    }

    /// Whether user and tenant go with the scope.
    fn target(
        &mut self,
        scope: Scope,
        (has_tenant, tenant): (bool, Option<&str>),
        (has_user, user): (bool, Option<&str>),
        place: &Place<'_>,
    ) {
        let message = if tenant == Some("") || user == Some("") {
            "an empty `tenant_id` or `user_id` names nobody: remove it, or name one"
        } else {
            match scope {
                Scope::User if !has_user => "a row of scope `user` needs a `user_id`",
                Scope::Tenant if !has_tenant => "a row of scope `tenant` needs a `tenant_id`",
                Scope::Tenant if has_user => "a row of scope `tenant` is for the whole tenant: remove its `user_id`",
                _ => return,
            }
        };
        self.reader.report(Code::BadOverrideTarget, place, message);
    }
}

fn declared_type(flag: &Node<'_>) -> Option<ValueType> {
    match flag.get("type") {
        Some(json) => ValueType::from_name(json.as_text()?),
        None => Some(ValueType::Boolean),
    }
}

/// Whether a flag's document allows overrides at a scope; what it says wrongly has been reported there.
fn allows(flag: &Node<'_>, scope: Scope) -> bool {
    let name = if scope == Scope::User { "user" } else { "tenant" };
    match flag.get("allowed_scopes") {
        Some(Node::Array(scopes)) => {
            let unsound = |scope: &Node<'_>| scope.as_text().is_none_or(|scope| !FLAG_SCOPES.contains(&scope));
            scopes.iter().any(|scope| scope.as_text() == Some(name) || unsound(scope))
        }
        _ => true,
    }
}
