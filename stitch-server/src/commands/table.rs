//! Tables for people.

use unicode_width::UnicodeWidthStr;

/// The rows under their head, each column as wide as its widest cell.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let widths: Vec<usize> = head
        .iter()
        .enumerate()
        .map(|(column, word)| {
            rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).fold(word.width(), usize::max)
        })
        .collect();
    let rule: Vec<String> = widths.iter().map(|&width| "-".repeat(width)).collect();
    let mut text = line(head.iter().copied(), &widths);
    text += &line(rule.iter().map(String::as_str), &widths);
    for row in rows {
        text += &line(row.iter().map(String::as_str), &widths);
    }
    text
}

fn line<'c>(cells: impl Iterator<Item = &'c str>, widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in cells.zip(widths) {
        line += cell;
        // By columns of the terminal: `{:<width$}` would count characters.
        line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width()) + 2));
    }
    line.truncate(line.trim_end().len());
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other() {
        let rows = [vec!["旗".to_owned(), "1".to_owned()], vec!["flag".to_owned(), String::new()]];
        assert_eq!(table(&["key", "n"], &rows), "key   n\n----  -\n旗    1\nflag\n");
    }
}
