//! Segments.

use crate::compile::Compiler;
use crate::compile::condition::Builder;
use crate::compile::place::Place;
use crate::condition::Target;
use crate::context::Attribute;
use crate::flag::Segment;
use crate::json::key::Keys;
use crate::json::node::Node;
use crate::operator::TextSet;

const SEGMENT: Keys<5> = Keys::of(["key", "included", "excluded", "by", "when"]);

impl<'d> Compiler<'d> {
    pub(super) fn segment(&mut self, json: &'d Node<'d>, place: &Place<'_>) -> Option<Segment> {
        if json.is_null() {
            self.reader.wrong_element(json, place, "a segment is needed here");
            return None;
        }
        let [key, included, excluded, by, when] = self.reader.fields(json, place, &SEGMENT)?;
        let key = self.reader.required(key, place, "key", "name the segment");
        let key = key.and_then(|key| self.reader.text(key, &place.key("key")));
        let named = key.filter(|key| self.reader.name(key, &place.key("key")));
        let included = self.units(included, &place.key("included"));
        let excluded = self.units(excluded, &place.key("excluded"));
        let by = match by {
            Some(json) => self.attribute(json, &place.key("by")),
            None => Some(Attribute::USER_ID),
        };
        self.builder.begin();
        let entry = when.map(|when| {
            let (entry, holds) = (self.builder.label(), self.builder.answer(Target::HOLDS));
            self.condition(when, &place.key("when"), entry, holds, Builder::FAILS);
            entry
        });
        let (program, starts) = self.builder.finish(entry.into_iter());
        named?;
        Some(Segment {
            by: by?,
            included: included?,
            excluded: excluded?,
            when: starts.first().map(|start| (program, *start)),
        })
    }

    fn units(&mut self, json: Option<&'d Node<'d>>, place: &Place<'_>) -> Option<TextSet> {
        let units = match json {
            Some(json) => self.reader.texts(json, place)?,
            None => Vec::new(),
        };
        Some(TextSet::new(&units, false))
    }
}
