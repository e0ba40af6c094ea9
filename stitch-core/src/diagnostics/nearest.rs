//! The known word that a misspelt one most likely stands for.

/// The candidate at the least Levenshtein distance (in characters) from `word`, the first where several tie, and that distance.
///
/// Long words are not compared: their distance is taken to be their length.
pub(crate) fn nearest<'c>(word: &str, candidates: &[&'c str]) -> Option<(&'c str, usize)> {
    let word: Vec<char> = word.chars().take(MAX_CHARS + 1).collect();
    candidates.iter().map(|candidate| (*candidate, distance(&word, candidate))).min_by_key(|&(_, distance)| distance)
}

/// `; did you mean …?` when one of the candidates is near enough to be worth naming, else all of them.
pub(crate) fn suggest(word: &str, candidates: &[&str]) -> String {
    // Comparing with very many costs more than the hint is worth.
    const COMPARED: usize = 256;
    match nearest(word, candidates.get(..COMPARED).unwrap_or(candidates)) {
        Some((near, distance)) if distance <= 2 => format!("did you mean `{near}`?"),
        Some(_) => format!("known are {}", list(candidates)),
        None => "there are none".to_owned(),
    }
}

/// `` `a`, `b` and `c` ``, no more than a few of them.
pub(crate) fn list(words: &[&str]) -> String {
    const FEW: usize = 25;
    let mut quoted: Vec<String> = words.iter().take(FEW).map(|word| format!("`{word}`")).collect();
    if words.len() > FEW {
        quoted.push(format!("{} more", words.len() - FEW));
    }
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

const MAX_CHARS: usize = 128;

fn distance(word: &[char], candidate: &str) -> usize {
    if word.len() > MAX_CHARS {
        return word.len();
    }
    // One row of the table of Wagner and Fischer at a time.
    let mut row: Vec<usize> = (0..=word.len()).collect();
    for (index, other) in candidate.chars().enumerate() {
        let mut diagonal = index;
        let mut left = index + 1;
        for (cell, character) in row.iter_mut().skip(1).zip(word) {
            let substituted = diagonal + usize::from(*character != other);
            diagonal = *cell;
            left = substituted.min(*cell + 1).min(left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = index + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_levenshtein() {
        let distance = |a: &str, b: &str| distance(&a.chars().collect::<Vec<_>>(), b);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("rollout_ptc", "rollout_pct"), 2);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("é", "e"), 1);
    }

    #[test]
    fn the_first_of_several_equals_is_named() {
        assert_eq!(nearest("cat", &["bat", "hat"]), Some(("bat", 1)));
    }
}
