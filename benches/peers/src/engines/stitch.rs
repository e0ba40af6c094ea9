//! Ours, by name and by handle, for the whole evaluation and for the value alone. The whole is looked at as a whole
//! (`black_box`): inlined, what nobody reads of it would not be made.

use std::hint::black_box;

use stitch_core::{AttributeValue, Context, Engine as Stitch, FlagHandle};

use super::Engine;
use crate::registry::Registry;
use crate::row::Row;
use crate::user::User;

/// Asked by name: what is held against the peers, against each the way that tells as much as it does.
#[derive(Debug)]
pub struct ByName<const WHY: bool>(Stitch);

/// Asked by a handle: the value alone is held against the floor.
#[derive(Debug)]
pub struct ByHandle<const WHY: bool>(Stitch);

impl<const WHY: bool> Engine for ByName<WHY> {
    const NAME: &'static str = if WHY { "stitch" } else { "stitch, value" };
    const CRATE: &'static str = "stitch-core";
    const TELLS_WHY: bool = WHY;
    const ABSENT: &'static [(Row, &'static str)] = if WHY { &[] } else { SAME };
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
        if WHY { black_box(&self.0.evaluate(flag, context)).is_enabled } else { self.0.bool(flag, context, false) }
    }

    #[inline]
    fn is_on_for(&self, flag: Self::Flag, user: &User, (): &mut ()) -> bool {
        self.is_on(flag, &borrowing(user, &attributes(user)), &mut ())
    }

    fn count_on(&self, _: &[Self::Flag], context: &Self::Context<'_>, (): &mut ()) -> usize {
        self.0.evaluations(context).filter(|evaluation| black_box(evaluation).is_enabled).count()
    }
}

/// Where the way of asking changes nothing.
pub(super) const SAME: &[(Row, &str)] = &[
    (Row::All100, "the same in every way of asking"),
    (Row::All1000, "the same in every way of asking"),
    (Row::Load, "the same in every way of asking"),
    (Row::LoadUnlike, "the same in every way of asking"),
    (Row::SegmentLoad, "the same in every way of asking"),
];

impl<const WHY: bool> Engine for ByHandle<WHY> {
    const NAME: &'static str = if WHY { "handle" } else { "handle, value" };
    const CRATE: &'static str = "stitch-core";
    const TELLS_WHY: bool = WHY;
    const ABSENT: &'static [(Row, &'static str)] = SAME;
    type Context<'u> = Context<'u>;
    type Flag = FlagHandle<'static>;
    type Scratch = ();

    fn document(registry: &Registry) -> Vec<u8> {
        registry.document.clone().into_bytes()
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
        if WHY { black_box(&flag.evaluate(context)).is_enabled } else { flag.bool(context, false) }
    }

    #[inline]
    fn is_on_for(&self, flag: Self::Flag, user: &User, (): &mut ()) -> bool {
        self.is_on(flag, &borrowing(user, &attributes(user)), &mut ())
    }
}

fn load(document: &[u8]) -> Stitch {
    let engine = Stitch::from_json(document).expect("the registry is sound");
    assert!(engine.diagnostics().is_empty(), "no warnings");
    engine
}

/// One that is kept.
fn context(user: &User) -> Context<'_> {
    let mut context = Context::user(&user.id).tier(&user.tier);
    for (name, value) in attributes(user) {
        context.set(name, value);
    }
    context
}

/// One that is asked once: it borrows its attributes, as our documentation says.
#[inline]
fn borrowing<'u>(user: &'u User, attributes: &'u [(&'u str, AttributeValue<'u>)]) -> Context<'u> {
    Context::user(&user.id).tier(&user.tier).attributes(attributes)
}

#[inline]
fn attributes(user: &User) -> [(&str, AttributeValue<'_>); 7] {
    [
        ("country", (&user.country).into()),
        ("device", (&user.device).into()),
        ("plan", (&user.plan).into()),
        ("language", (&user.language).into()),
        ("app_version", (&user.app_version).into()),
        ("channel", (&user.channel).into()),
        ("currency", (&user.currency).into()),
    ]
}
