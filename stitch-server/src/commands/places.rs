//! Where the diagnostics of a document are in its text: all of them in one pass.
//!
//! [`Diagnostic::locate`] reads the text once for each, which is for a few.

use std::borrow::Cow;
use std::collections::HashMap;

use stitch_core::{Diagnostic, Position};

/// A diagnostic, its position filled in.
#[derive(Debug)]
pub(super) struct Located {
    pub(super) diagnostic: Diagnostic,
    /// The byte of the text that it is about.
    pub(super) offset: usize,
}

/// The diagnostics in the order in which their places come in the text.
///
/// What points at nothing that the text has is placed at the nearest thing around it.
pub(super) fn locate(text: &[u8], diagnostics: &[Diagnostic]) -> Vec<Located> {
    let mut tree = Tree { nodes: vec![Node::default()] };
    let nodes: Vec<usize> = diagnostics.iter().map(|diagnostic| tree.insert(&diagnostic.pointer)).collect();
    let _ = Scanner { text, at: 0, tree: &mut tree }.value(Some(Tree::ROOT));
    let mut located: Vec<Located> = diagnostics
        .iter()
        .zip(nodes)
        .map(|(diagnostic, node)| {
            let offset = diagnostic.position.map_or_else(|| tree.offset(node), |position| offset_of(text, position));
            Located { diagnostic: diagnostic.clone(), offset }
        })
        .collect();
    located.sort_by_key(|located| located.offset);

    let (mut line, mut line_start, mut seen) = (1, 0, 0);
    for Located { diagnostic, offset } in &mut located {
        let unseen = text.get(seen..*offset).unwrap_or_default();
        for (newline, _) in unseen.iter().enumerate().filter(|&(_, &byte)| byte == b'\n') {
            line += 1;
            line_start = seen + newline + 1;
        }
        seen = *offset;
        diagnostic.position = Some(Position { line, column: 1 + *offset - line_start });
    }
    located
}

fn offset_of(text: &[u8], Position { line, column }: Position) -> usize {
    let newlines = text.iter().enumerate().filter(|&(_, &byte)| byte == b'\n');
    let line_start = match line {
        0 | 1 => 0,
        _ => newlines.map(|(offset, _)| offset + 1).nth(line - 2).unwrap_or(text.len()),
    };
    // At the very end of a text the column is that of the last byte before, thus 0 after a newline.
    (line_start + column.saturating_sub(1)).min(text.len())
}

/// The places that are looked for: the pointers, step by step.
struct Tree<'p> {
    nodes: Vec<Node<'p>>,
}

#[derive(Default)]
struct Node<'p> {
    parent: usize,
    steps: HashMap<Cow<'p, str>, usize>,
    offset: Option<usize>,
}

impl<'p> Tree<'p> {
    const ROOT: usize = 0;

    fn insert(&mut self, pointer: &'p str) -> usize {
        let mut node = Self::ROOT;
        for step in pointer.split('/').skip(1) {
            let escaped = step.contains('~');
            let step = if escaped { step.replace("~1", "/").replace("~0", "~").into() } else { Cow::Borrowed(step) };
            let next = self.nodes.len();
            let child = *self.nodes[node].steps.entry(step).or_insert(next);
            if child == next {
                self.nodes.push(Node { parent: node, ..Node::default() });
            }
            node = child;
        }
        node
    }

    fn offset(&self, mut node: usize) -> usize {
        while self.nodes[node].offset.is_none() && node != Self::ROOT {
            node = self.nodes[node].parent;
        }
        self.nodes[node].offset.unwrap_or_default()
    }
}

/// Goes through the text once; where it is no JSON, as far as it is.
struct Scanner<'t, 'r, 'p> {
    text: &'t [u8],
    at: usize,
    tree: &'r mut Tree<'p>,
}

impl Scanner<'_, '_, '_> {
    /// Goes past a value; nothing where the text ends or is no JSON.
    fn value(&mut self, node: Option<usize>) -> Option<()> {
        let first = self.peek()?;
        if let Some(node) = node {
            // Of two equal keys the last one stays: it is the one that a diagnostic about them is about.
            self.tree.nodes[node].offset = Some(self.at);
        }
        match (first, node.filter(|&node| !self.tree.nodes[node].steps.is_empty())) {
            (b'{', Some(node)) => self.members(node),
            (b'[', Some(node)) => self.elements(node),
            _ => self.skip(),
        }
    }

    fn members(&mut self, node: usize) -> Option<()> {
        self.at += 1;
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            let start = self.peek().filter(|&byte| byte == b'"').map(|_| self.at)?;
            self.string()?;
            let child = self.child(node, self.text.get(start..self.at)?).ok()?;
            self.peek().filter(|&byte| byte == b':')?;
            self.at += 1;
            self.value(child)?;
            if !self.goes_on(b'}')? {
                return Some(());
            }
        }
    }

    fn elements(&mut self, node: usize) -> Option<()> {
        self.at += 1;
        if self.peek()? == b']' {
            self.at += 1;
            return Some(());
        }
        for index in 0_usize.. {
            let child = self.tree.nodes[node].steps.get(index.to_string().as_str()).copied();
            self.value(child)?;
            if !self.goes_on(b']')? {
                break;
            }
        }
        Some(())
    }

    /// Where a key, in its quotes, leads to; an error where it is no text.
    fn child(&self, node: usize, quoted: &[u8]) -> Result<Option<usize>, serde_json::Error> {
        let steps = &self.tree.nodes[node].steps;
        if quoted.contains(&b'\\') {
            let key: String = serde_json::from_slice(quoted)?;
            return Ok(steps.get(key.as_str()).copied());
        }
        let key: &str = serde_json::from_slice(quoted)?;
        Ok(steps.get(key).copied())
    }

    /// After a member or an element: a comma, or the end.
    fn goes_on(&mut self, end: u8) -> Option<bool> {
        let found = self.peek().filter(|&byte| byte == b',' || byte == end)?;
        self.at += 1;
        Some(found == b',')
    }

    /// Goes past a value that holds no place that is looked for.
    fn skip(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => self.string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' => self.at += usize::from(depth > 0),
                _ => {
                    let rest = self.text.get(self.at..)?;
                    let ends = |byte: &u8| byte.is_ascii_whitespace() || b"\"{}[],:".contains(byte);
                    self.at += rest.iter().position(ends).unwrap_or(rest.len());
                }
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    fn string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            let byte = *self.text.get(self.at)?;
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'"' {
                return Some(());
            }
        }
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.get(self.at..)?;
        self.at += rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
        self.text.get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use stitch_core::{Definitions, Engine};

    use super::*;

    fn diagnostics(text: &str) -> Vec<Diagnostic> {
        match Definitions::from_json(text).and_then(Engine::compile) {
            Ok(engine) => engine.diagnostics().to_vec(),
            Err(error) => error.into_diagnostics(),
        }
    }

    /// The core's own way is slower and right.
    fn agrees_with_the_core(text: &str) {
        let mut expected: Vec<Diagnostic> =
            diagnostics(text).into_iter().map(|diagnostic| diagnostic.locate(text.as_bytes())).collect();
        expected.sort_by_key(|diagnostic| diagnostic.position);
        let located = locate(text.as_bytes(), &diagnostics(text));
        assert!(!expected.is_empty());
        assert_eq!(located.into_iter().map(|located| located.diagnostic).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn places_are_those_of_the_core() {
        agrees_with_the_core(
            "{\"schema_version\": \"1.0\",\r\n \"o\\\"w\": [\"]\", {\"a\": \"\\\\\"}],\n\t\"flags\": [ {\"key\": \"é\"} ,\n[], 1, \
             {\"key\": \"b\", \"default_value\": 1, \"x\": {}, \"y/~z\": 1, \"\\u00e9\\n\": 2,\n \
             \"rules\": [{\"id\": \"r\", \"when\": {\"all\": [{\"any\": []}, {}]}, \"serve\": \"no\"}]}],\n \
             \"overrides\": [{}], \"segments\": [{\"key\": \"s\"}]}",
        );
        agrees_with_the_core("{\"schema_version\": \"1.0\", \"flags\": [], \"flags\": [], \"flags\": {}}");
        agrees_with_the_core("[]");
        agrees_with_the_core(" null ");
    }

    #[test]
    fn what_came_before_broken_text_is_placed() {
        let text = "{\"a\": 1,\n \"a\": 2,\n \"b\": [1 2]}";
        let places: Vec<_> = locate(text.as_bytes(), &diagnostics(text))
            .into_iter()
            .map(|located| (located.diagnostic.code.as_str(), located.diagnostic.position))
            .collect();
        let at = |line, column| Some(Position { line, column });
        assert_eq!(places, [("duplicate_key", at(2, 7)), ("malformed_json", at(3, 10))]);
    }

    #[test]
    fn no_text_is_too_broken_to_be_scanned() {
        let mut sound = diagnostics("{\"flags\": [{\"rules\": [{\"when\": {}}], \"serve\": {\"split\": [{}]}}]}");
        for diagnostic in &mut sound {
            diagnostic.position = None;
        }
        let text = "{\"flags\": [{\"rules\": [{\"when\": {}, \"\\";
        for end in 0..=text.len() {
            for tail in ["", ",", "]", "}", ":", "\"", "{", "x", "\\"] {
                let text = format!("{}{tail}", &text[..end]);
                assert_eq!(locate(text.as_bytes(), &sound).len(), sound.len());
            }
        }
    }
}
