//! What a word is, for the programs that count them.

/// The words of a line: maximal runs of Unicode letters and apostrophes.
pub(crate) fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !(c.is_alphabetic() || c == '\'')).filter(|word| !word.is_empty())
}
