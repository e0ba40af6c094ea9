//! Who asks, and what they may: the table of roles and permissions of the service contract, once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Code, Error};

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Writes flags and overrides.
    Operator,
    /// Signs approvals.
    Approver,
    /// All of it, and keys, people and metrics.
    Admin,
}

/// One thing that can be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// The registry, overrides, the audit log, traces.
    FlagsRead,
    /// What was measured.
    EventsRead,
    /// Flags, segments and stages.
    FlagsWrite,
    /// Override rows.
    OverridesWrite,
    /// Signing approvals.
    FlagsApprove,
    /// SDK keys.
    KeysWrite,
    /// People and their roles.
    UsersWrite,
    /// Metric definitions.
    EventsWrite,
    /// The kill switch.
    Rollback,
}

impl Role {
    /// Every role, in the order of the contract.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Approver, Self::Admin];

    /// The contract's table.
    pub fn allows(self, permission: Permission) -> bool {
        match permission {
            Permission::FlagsRead | Permission::EventsRead => true,
            Permission::FlagsWrite | Permission::OverridesWrite => matches!(self, Self::Operator | Self::Admin),
            Permission::FlagsApprove => matches!(self, Self::Approver | Self::Admin),
            Permission::Rollback => self != Self::Viewer,
            Permission::KeysWrite | Permission::UsersWrite | Permission::EventsWrite => self == Self::Admin,
        }
    }
}

impl Permission {
    /// The contract's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FlagsRead => "flags:read",
            Self::EventsRead => "events:read",
            Self::FlagsWrite => "flags:write",
            Self::OverridesWrite => "overrides:write",
            Self::FlagsApprove => "flags:approve",
            Self::KeysWrite => "keys:write",
            Self::UsersWrite => "users:write",
            Self::EventsWrite => "events:write",
            Self::Rollback => "flags:rollback",
        }
    }
}

/// A role, for one environment or for all.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// What they may do.
    pub role: Role,
    /// Where; everywhere if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env: Option<String>,
}

/// Somebody with a credential that was found valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who, as approvals and the audit log name them.
    pub subject: String,
    /// What they may do.
    pub grants: Vec<Grant>,
}

/// Whether whom these were given may do that in an environment or, without one, in all of them.
pub fn allow(grants: &[Grant], permission: Permission, env: Option<&str>) -> bool {
    grants.iter().any(|grant| {
        grant.role.allows(permission) && (grant.env.is_none() || (env.is_some() && grant.env.as_deref() == env))
    })
}

impl Caller {
    /// Whoever runs the program on the machine itself.
    pub fn operator_of_the_machine() -> Self {
        Self { subject: "command line".to_owned(), grants: vec![Grant { role: Role::Admin, env: None }] }
    }

    /// Whether they may do that in an environment. What concerns all environments (the base of a flag, a segment,
    /// people, …) names none, and asks for a role in all of them.
    pub fn may(&self, permission: Permission, env: Option<&str>) -> bool {
        allow(&self.grants, permission, env)
    }

    /// Refuses what they may not do.
    ///
    /// # Errors
    ///
    /// `forbidden`, in the contract's very words.
    pub fn require(&self, permission: Permission, env: Option<&str>) -> Result<(), Error> {
        if self.may(permission, env) {
            return Ok(());
        }
        let place = env.map_or_else(|| "for all environments".to_owned(), |env| format!("for `{env}`"));
        Err(Error::new(Code::Forbidden, "insufficient permissions")
            .hint(format!("this needs `{}` {place}", permission.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(role: Role, env: Option<&str>) -> Caller {
        Caller { subject: "ann".to_owned(), grants: vec![Grant { role, env: env.map(str::to_owned) }] }
    }

    #[test]
    fn a_role_for_one_environment_reaches_no_other_and_not_the_base() {
        let ann = caller(Role::Operator, Some("dev"));
        assert!(ann.may(Permission::FlagsWrite, Some("dev")));
        assert!(!ann.may(Permission::FlagsWrite, Some("prod")));
        assert!(!ann.may(Permission::FlagsWrite, None));
        assert!(caller(Role::Operator, None).may(Permission::FlagsWrite, Some("prod")));
    }

    #[test]
    fn the_table_of_the_contract() {
        let rows = [
            (Permission::FlagsRead, [true, true, true, true]),
            (Permission::EventsRead, [true, true, true, true]),
            (Permission::FlagsWrite, [false, true, false, true]),
            (Permission::OverridesWrite, [false, true, false, true]),
            (Permission::FlagsApprove, [false, false, true, true]),
            (Permission::KeysWrite, [false, false, false, true]),
            (Permission::UsersWrite, [false, false, false, true]),
            (Permission::EventsWrite, [false, false, false, true]),
            (Permission::Rollback, [false, true, true, true]),
        ];
        for (permission, expected) in rows {
            assert_eq!(Role::ALL.map(|role| role.allows(permission)), expected, "{}", permission.as_str());
        }
    }
}
