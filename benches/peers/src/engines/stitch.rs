//! Ours, by name and by handle.

use stitch_core::{Context, Engine as Stitch, FlagHandle};

use super::Engine;
use crate::registry::Registry;
use crate::row::Row;
use crate::user::User;

/// Asked by name: what is held against the peers.
#[derive(Debug)]
pub struct ByName(Stitch);

/// Asked by a handle: what is held against the floor.
#[derive(Debug)]
pub struct ByHandle(Stitch);

impl Engine for ByName {
    const NAME: &'static str = "stitch";
    const CRATE: &'static str = "stitch-core";
    const ABSENT: &'static [(Row, &'static str)] = &[];
    type Context<'u> = Context<'u>;
    type Flag = &'static str;
    type Scratch = ();

    fn document(registry: &Registry) -> Vec<u8> {
        registry.document.clone().into_bytes()
    }

    fn load(document: &[u8]) -> Self {
        Self(load(document))
    }

    fn flag(&'static self, key: &'static str) -> Self::Flag {
        key
    }

    #[inline]
    fn context(user: &User) -> Self::Context<'_> {
        context(user)
    }

    #[inline]
    fn is_on(&self, flag: Self::Flag, context: &Self::Context<'_>, (): &mut ()) -> bool {
        self.0.evaluate(flag, context).is_enabled
    }

    fn count_on(&self, _: &[Self::Flag], context: &Self::Context<'_>, (): &mut ()) -> usize {
        self.0.evaluate_all(context).iter().filter(|evaluation| evaluation.is_enabled).count()
    }
}

/// Said where a handle changes nothing.
const SAME: &str = "the same by name and by handle";

impl Engine for ByHandle {
    const NAME: &'static str = "stitch, by handle";
    const CRATE: &'static str = "stitch-core";
    const ABSENT: &'static [(Row, &'static str)] =
        &[(Row::All100, SAME), (Row::All1000, SAME), (Row::Load, SAME), (Row::SegmentLoad, SAME)];
    type Context<'u> = Context<'u>;
    type Flag = FlagHandle<'static>;
    type Scratch = ();

    fn document(registry: &Registry) -> Vec<u8> {
        ByName::document(registry)
    }

    fn load(document: &[u8]) -> Self {
        Self(load(document))
    }

    fn flag(&'static self, key: &'static str) -> Self::Flag {
        self.0.flag(key).expect("the registry has that flag")
    }

    #[inline]
    fn context(user: &User) -> Self::Context<'_> {
        context(user)
    }

    #[inline]
    fn is_on(&self, flag: Self::Flag, context: &Self::Context<'_>, (): &mut ()) -> bool {
        flag.evaluate(context).is_enabled
    }
}

fn load(document: &[u8]) -> Stitch {
    let engine = Stitch::from_json(document).expect("the registry is sound");
    assert!(engine.diagnostics().is_empty(), "no warnings");
    engine
}

#[inline]
fn context(user: &User) -> Context<'_> {
    Context::user(&user.id)
        .tier(&user.tier)
        .with("country", &*user.country)
        .with("device", &*user.device)
        .with("plan", &*user.plan)
        .with("language", &*user.language)
        .with("app_version", &*user.app_version)
        .with("channel", &*user.channel)
        .with("currency", &*user.currency)
}
