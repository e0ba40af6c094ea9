//! `stitch-server users`: people who may log in, by the same functions as `/v1/users`.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};

use super::table::table;
use super::visit::{At, Failure, Visit, password, tell};
use crate::audit::Action;
use crate::auth::passwords;
use crate::auth::users::{self, Change, Profile};
use crate::caller::{Grant, Role};
use crate::model::User;

/// Add, list, change and remove people.
#[derive(Args, Debug)]
pub struct Users {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Add a user; the password is read from standard input
    Add {
        #[command(flatten)]
        at: At,
        /// E-mail address, by which they log in
        #[arg(long)]
        email: String,
        /// What they may do
        #[arg(long, value_enum)]
        role: Role,
        /// Environment for which they have the role; all of them without it
        #[arg(long)]
        env: Option<String>,
        /// Tenant that they are of in an evaluation
        #[arg(long = "tenant", value_name = "TENANT")]
        tenant_id: Option<String>,
        /// Tier that they are of in an evaluation
        #[arg(long)]
        tier: Option<String>,
    },
    /// List the users
    List {
        #[command(flatten)]
        at: At,
    },
    /// Give a user one role in place of all others
    Role {
        #[command(flatten)]
        at: At,
        /// Who
        #[arg(long)]
        email: String,
        /// What they may do
        #[arg(long, value_enum)]
        role: Role,
        /// Environment for which they have the role; all of them without it
        #[arg(long)]
        env: Option<String>,
    },
    /// Give a user another password, read from standard input
    Password {
        #[command(flatten)]
        at: At,
        /// Who
        #[arg(long)]
        email: String,
    },
    /// Remove a user, whose tokens end at once
    Remove {
        #[command(flatten)]
        at: At,
        /// Who
        #[arg(long)]
        email: String,
    },
}

impl Users {
    /// Does it, and says what came of it.
    pub fn run(&self) -> ExitCode {
        tell(self.command.run())
    }
}

impl Command {
    fn run(&self) -> Result<String, Failure> {
        match self {
            Self::Add { at, email, role, env, tenant_id, tier } => {
                let (email, visit) = (users::email(email)?, at.open()?);
                let grants = grants(&visit, *role, env.as_deref())?;
                let hash = passwords::hash(&password()?)?;
                let profile = Profile { grants, tenant_id: tenant_id.clone(), tier: tier.clone(), role_key: None };
                let action = Action::new("user.add", email.clone());
                visit.write(&action, |draft| draft.add_user(&email, &hash, &profile))?;
                Ok(format!("added {email}\n"))
            }
            Self::List { at } => {
                let model = at.open()?.model()?;
                let rows = model.users.iter().map(|(email, user)| vec![email.clone(), roles(&user.body)]);
                Ok(table(&["email", "roles"], &rows.collect::<Vec<_>>()))
            }
            Self::Role { at, email, role, env } => {
                let visit = at.open()?;
                let grants = Some(grants(&visit, *role, env.as_deref())?);
                change(&visit, email, &Change { grants, ..Change::default() })
            }
            Self::Password { at, email } => {
                let visit = at.open()?;
                let password_hash = Some(passwords::hash(&password()?)?);
                change(&visit, email, &Change { password_hash, ..Change::default() })
            }
            Self::Remove { at, email } => {
                let email = users::email(email)?;
                let action = Action::new("user.remove", email.clone());
                at.open()?.write(&action, |draft| draft.remove_user(&email, None))?;
                Ok(format!("removed {email}\n"))
            }
        }
    }
}

fn grants(visit: &Visit, role: Role, env: Option<&str>) -> Result<Vec<Grant>, Failure> {
    env.map_or(Ok(()), |env| visit.check_env(env))?;
    Ok(vec![Grant { role, env: env.map(str::to_owned) }])
}

/// Whoever types this has seen nothing that could have changed since, so the newest row is the one that is changed.
fn change(visit: &Visit, email: &str, change: &Change) -> Result<String, Failure> {
    let email = users::email(email)?;
    let action = Action::new("user.update", email.clone());
    visit.write(&action, |draft| {
        let revision = draft.model().users.get(&email).map_or(0, |user| user.revision);
        draft.change_user(&email, change, Some(revision))
    })?;
    Ok(format!("changed {email}\n"))
}

fn roles(user: &User) -> String {
    let name = |role: Role| role.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let told = user.grants.iter().map(|grant| match &grant.env {
        None => name(grant.role),
        Some(env) => format!("{} for {env}", name(grant.role)),
    });
    told.collect::<Vec<_>>().join(", ")
}
