//! Where in the document the reading is: a chain of steps on the stack, written out only for a diagnostic.

use std::borrow::Cow;

use crate::diagnostics::{Token, pointer};

/// A place in a document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'p> {
    parent: Option<&'p Place<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'p> {
    Key(&'p str),
    Index(usize),
}

impl<'p> Place<'p> {
    pub(crate) const ROOT: Place<'static> = Place { parent: None, step: Step::Index(0) };

    pub(crate) fn key<'q>(&'q self, key: &'q str) -> Place<'q>
    where
        'p: 'q,
    {
        Place { parent: Some(self), step: Step::Key(key) }
    }

    pub(crate) fn index<'q>(&'q self, index: usize) -> Place<'q>
    where
        'p: 'q,
    {
        Place { parent: Some(self), step: Step::Index(index) }
    }

    pub(crate) fn pointer(&self) -> String {
        let mut path = Vec::new();
        let mut place = self;
        while let Some(parent) = place.parent {
            path.push(match place.step {
                Step::Key(key) => Token::Key(Cow::Borrowed(key)),
                Step::Index(index) => Token::Index(index),
            });
            place = parent;
        }
        pointer(path.iter().rev())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_escape_slashes_and_tildes() {
        assert_eq!(Place::ROOT.pointer(), "");
        assert_eq!(Place::ROOT.key("flags").index(3).key("a/b~c").pointer(), "/flags/3/a~1b~0c");
    }
}
