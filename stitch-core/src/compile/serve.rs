//! What a rule or a flag serves: a variant, or a split over several.

use crate::bucketing::{Hasher, Purpose};
use crate::compile::flag::may_have_variant;
use crate::compile::place::Place;
use crate::compile::plan::Kind;
use crate::compile::{Compiler, HashSet};
use crate::diagnostics::Code;
use crate::diagnostics::nearest::suggest;
use crate::flag::{Serve, Split, VariantIndex};
use crate::json::key::Keys;
use crate::json::node::Node;

const SPLIT: Keys<3> = Keys::of(["split", "by", "salt"]);
const SHARE: Keys<2> = Keys::of(["variant", "weight"]);

impl<'d> Compiler<'d> {
    /// A serve; splits are salted with the flag's salt unless they have their own.
    #[inline]
    pub(super) fn serve(
        &mut self,
        json: &'d Node<'d>,
        place: &Place<'_>,
        kind: &Kind<'_, 'd>,
        salt: &str,
    ) -> Option<Serve> {
        match json {
            Node::Text(_) => self.variant(json, place, kind).map(Serve::Variant),
            Node::Object(_) => self.split(json, place, kind, salt).map(|split| Serve::Split(Box::new(split))),
            _ => {
                let message = format!("a serve is a variant's name or a split, this is {}", json.type_word());
                self.reader.report(Code::WrongType, place, message);
                None
            }
        }
    }

    fn variant(&mut self, json: &'d Node<'d>, place: &Place<'_>, kind: &Kind<'_, 'd>) -> Option<VariantIndex> {
        let name = self.reader.text(json, place)?;
        let variant = kind.variant(name);
        if variant.is_none() && !may_have_variant(kind.json, name) {
            let names: Vec<&str> = kind.variants.iter().map(|(name, _)| *name).collect();
            let message = format!("the flag has no variant named `{name}`: {}", suggest(name, &names));
            self.reader.report(Code::UnknownVariant, place, message);
        }
        variant
    }

    fn split(&mut self, json: &'d Node<'d>, place: &Place<'_>, kind: &Kind<'_, 'd>, salt: &str) -> Option<Split> {
        let [shares, by, own_salt] = self.reader.fields(json, place, &SPLIT)?;
        let by = match by {
            Some(json) => self.attribute(json, &place.key("by")),
            None => Some(kind.bucket_by.clone()),
        };
        let salt = match own_salt {
            Some(json) => self.reader.text(json, &place.key("salt")),
            None => Some(salt),
        };
        let shares = self.reader.required(shares, place, "split", "list the variants with their weights");
        let place = &place.key("split");
        let items = shares.and_then(|shares| self.reader.array(shares, place));
        let mut shares: Vec<(u64, VariantIndex)> = Vec::new();
        let mut seen = HashSet::default();
        let mut sound = items.is_some();
        for (index, item) in items.unwrap_or_default().iter().enumerate() {
            match self.share(item, &place.index(index), kind, &mut seen) {
                Some(share) => shares.push(share),
                None => sound = false,
            }
        }
        let total: u64 = shares.iter().map(|&(weight, _)| weight).sum();
        if sound && total == 0 {
            self.reader.report(Code::ZeroWeights, place, "all weights are zero: give one of the variants a weight");
            return None;
        }
        if total > u64::from(u32::MAX) {
            self.reader.report(Code::WeightsTooLarge, place, "the weights sum to 2^32 or more: divide them all");
            return None;
        }
        let (by, salt) = (by?, salt.filter(|_| sound)?);
        let hasher = Hasher::new(kind.algorithm, Purpose::Split, salt);
        let mut sum = 0;
        let bounds = shares
            .into_iter()
            .map(|(weight, variant)| {
                sum += weight;
                // `bucket * total < sum * buckets`, for whole buckets.
                let bound = (sum * u64::from(hasher.buckets())).div_ceil(total);
                u32::try_from(bound).map(|bound| (bound, variant))
            })
            .collect::<Result<_, _>>()
            .ok()?;
        Some(Split { by, hasher, bounds })
    }

    fn share(
        &mut self,
        json: &'d Node<'d>,
        place: &Place<'_>,
        kind: &Kind<'_, 'd>,
        others: &mut HashSet<VariantIndex>,
    ) -> Option<(u64, VariantIndex)> {
        if json.is_null() {
            self.reader.wrong_element(json, place, "a variant with a weight is needed here");
            return None;
        }
        let [variant, weight] = self.reader.fields(json, place, &SHARE)?;
        let variant = self.reader.required(variant, place, "variant", "name the variant");
        let variant = variant.and_then(|variant| self.variant(variant, &place.key("variant"), kind));
        if variant.is_some_and(|variant| !others.insert(variant)) {
            let message = "the split has this variant already: add up the weights";
            self.reader.report(Code::DuplicateVariant, &place.key("variant"), message);
        }
        let weight = self.reader.required(weight, place, "weight", "give its share")?;
        let place = &place.key("weight");
        let number = self.reader.any_number(weight, place)?;
        let weight = self.reader.number(number, place).as_integer().and_then(|weight| u32::try_from(weight).ok());
        if weight.is_none() {
            self.reader.report(Code::BadWeight, place, "a weight is an integer of 0 to 4294967295");
        }
        weight.map(u64::from).zip(variant)
    }
}
