//! People: who may log in, and what they may do then.

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::label;
use crate::caller::{Grant, Permission};
use crate::error::{Detail, Error, Place};
use crate::instant;
use crate::model::{Stored, User};
use crate::writes::Draft;

/// Characters of the longest e-mail address (RFC 5321).
pub(crate) const LONGEST: usize = 254;

/// What is said of a user who is added.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// What they may do.
    pub grants: Vec<Grant>,
    /// Of which tenant they are in an evaluation.
    pub tenant_id: Option<String>,
    /// Of which tier.
    pub tier: Option<String>,
    /// In which role.
    pub role_key: Option<String>,
}

/// What becomes of a text that may be none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Edit {
    /// It stays.
    #[default]
    Keep,
    /// It is this one, or none, from now on.
    Set(Option<String>),
}

impl Edit {
    fn of(self, before: Option<&String>) -> Option<String> {
        match self {
            Self::Keep => before.cloned(),
            Self::Set(text) => text,
        }
    }
}

/// Whatever is there is set, null too.
impl<'de> Deserialize<'de> for Edit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::Set)
    }
}

/// What is changed of a user; what is left out stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The hash of another password.
    pub password_hash: Option<String>,
    /// What they may do from now on.
    pub grants: Option<Vec<Grant>>,
    /// Another tenant, or none.
    pub tenant_id: Edit,
    /// Another tier, or the default.
    pub tier: Edit,
    /// Another role, or none.
    pub role_key: Edit,
}

/// An e-mail address as users are known by it: in lower case.
///
/// # Errors
///
/// `invalid_request` if it is none.
pub fn email(text: &str) -> Result<String, Error> {
    let parts =
        text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    // No space: names of other kinds of callers have one.
    if parts && text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(text.to_ascii_lowercase());
    }
    let detail = Detail::new(Place::Pointer("/email".to_owned()), "is no e-mail address");
    Err(Error::invalid("the e-mail address is refused").details([detail]))
}

impl Draft {
    /// Adds a user.
    ///
    /// # Errors
    ///
    /// `conflict` if there is one of this address; `forbidden` to who may not.
    pub fn add_user(&mut self, email: &str, password_hash: &str, profile: &Profile) -> Result<(), Error> {
        self.caller().require(Permission::UsersWrite, None)?;
        if User::among(self.model()).contains_key(email) {
            return Err(Error::new(crate::error::Code::Conflict, "there is a user of this address already")
                .hint("change that one, or remove it first"));
        }
        let Profile { grants, tenant_id, tier, role_key } = profile.clone();
        labels([&tenant_id, &tier, &role_key])?;
        let created_at = instant::text(self.now());
        let user = User { password_hash: password_hash.to_owned(), grants, tenant_id, tier, role_key, created_at };
        self.record(Value::Null, told(&user), None);
        self.put(email, user);
        Ok(())
    }

    /// Changes a user, who loses all tokens by it.
    ///
    /// # Errors
    ///
    /// As [`Draft::seen`]; `forbidden` to who may not.
    pub fn change_user(&mut self, email: &str, change: &Change, revision: Option<u64>) -> Result<(), Error> {
        self.caller().require(Permission::UsersWrite, None)?;
        let before = self.seen::<User>(email, revision)?.body.clone();
        let change = change.clone();
        let password_changes = change.password_hash.is_some();
        let after = User {
            password_hash: change.password_hash.unwrap_or_else(|| before.password_hash.clone()),
            grants: change.grants.unwrap_or_else(|| before.grants.clone()),
            tenant_id: change.tenant_id.of(before.tenant_id.as_ref()),
            tier: change.tier.of(before.tier.as_ref()),
            role_key: change.role_key.of(before.role_key.as_ref()),
            created_at: before.created_at.clone(),
        };
        labels([&after.tenant_id, &after.tier, &after.role_key])?;
        let mut to = told(&after);
        to["password_changed"] = password_changes.into();
        self.record(told(&before), to, None);
        self.put(email, after);
        Ok(())
    }

    /// Removes a user, who loses all tokens by it. A revision is looked at only if it is said.
    ///
    /// # Errors
    ///
    /// `not_found`, `conflict`; `forbidden` to who may not.
    pub fn remove_user(&mut self, email: &str, revision: Option<u64>) -> Result<(), Error> {
        self.caller().require(Permission::UsersWrite, None)?;
        let current = User::among(self.model()).get(email).map(|user| user.revision);
        let before = self.seen::<User>(email, revision.or(current).or(Some(0)))?;
        self.record(told(&before.body), Value::Null, None);
        self.remove::<User>(email);
        Ok(())
    }
}

fn labels([tenant_id, tier, role_key]: [&Option<String>; 3]) -> Result<(), Error> {
    let all = [(tenant_id, "/tenant_id"), (tier, "/tier"), (role_key, "/role_key")];
    all.into_iter().try_for_each(|(text, pointer)| text.as_ref().map_or(Ok(()), |text| label(text, pointer)))
}

/// What the audit log has of a user: nothing of the password.
fn told(user: &User) -> Value {
    json!({"grants": user.grants, "tenant_id": user.tenant_id, "tier": user.tier, "role_key": user.role_key})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::{Caller, Role};
    use crate::error::Code;
    use crate::model::Model;

    #[test]
    fn an_address_is_one_in_lower_case_or_none() {
        assert_eq!(email("Ann@Example.com").unwrap(), "ann@example.com");
        for none in ["", "ann", "@example.com", "ann@", "a b@example.com", "ann@a@b", "command line", "ann@exämple.com"]
        {
            assert!(email(none).is_err(), "{none}");
        }
        assert!(email(&format!("{}@example.com", "a".repeat(250))).is_err());
    }

    #[test]
    fn an_administrator_of_one_environment_makes_no_users() {
        let caller = Caller {
            subject: "ann@example.com".into(),
            grants: vec![Grant { role: Role::Admin, env: Some("dev".into()) }],
        };
        let mut draft = Draft::new(&Model::default(), &caller, 0);
        let refused = draft.add_user("bob@example.com", "", &Profile::default()).unwrap_err();
        assert_eq!((refused.code, &*refused.message), (Code::Forbidden, "insufficient permissions"));
        assert_eq!(draft.remove_user("bob@example.com", None).unwrap_err().code, Code::Forbidden);
    }

    #[test]
    fn a_change_says_which_row_it_saw_and_leaves_the_rest() {
        let caller = Caller::operator_of_the_machine();
        let mut draft = Draft::new(&Model::default(), &caller, 0);
        let profile = Profile { tier: Some("staff".into()), ..Profile::default() };
        draft.add_user("ann@example.com", "hash", &profile).unwrap();
        assert_eq!(draft.add_user("ann@example.com", "hash", &profile).unwrap_err().code, Code::Conflict);
        let change = Change { role_key: Edit::Set(Some("ops".into())), ..Change::default() };
        for (revision, code) in [(None, Code::InvalidRequest), (Some(7), Code::Conflict)] {
            assert_eq!(draft.change_user("ann@example.com", &change, revision).unwrap_err().code, code);
        }
        draft.change_user("ann@example.com", &change, Some(1)).unwrap();
        let ann = &draft.model().users["ann@example.com"].body;
        assert_eq!((ann.tier(), ann.role_key.as_deref(), ann.password_hash.as_str()), ("staff", Some("ops"), "hash"));
        assert_eq!(draft.remove_user("bob@example.com", None).unwrap_err().code, Code::NotFound);
        draft.remove_user("ann@example.com", None).unwrap();
    }
}
