//! Which of what is missing and what is unexpected belong together: most mistakes change a part of an
//! element, and a reader wants to see the two side by side.

use std::fmt::Debug;

/// No more elements than this of each kind are compared with each other.
const COMPARED: usize = 100;

/// The parts of an element, one a line.
fn parts<T: Debug>(element: &T) -> Vec<String> {
    format!("{element:#?}").lines().map(str::to_owned).collect()
}

/// Whether a line says something by itself, and does not only open or close.
fn is_leaf(line: &str) -> bool {
    line.contains(char::is_alphanumeric) && !line.ends_with(['(', '[', '{'])
}

/// In how many parts two elements differ; `None` if they are of another shape, or have less in common than
/// not.
fn distance(one: &[String], other: &[String]) -> Option<usize> {
    if one.len() != other.len() {
        return None;
    }
    let same = |(one, other): &(&String, &String)| one == other;
    let differing = std::iter::zip(one, other).filter(|pair| !same(pair)).count();
    let in_common = std::iter::zip(one, other).filter(same);
    let in_common = in_common.filter(|(line, _)| is_leaf(line)).count();
    (in_common > 0 && differing <= in_common).then_some(differing)
}

/// The places of those that are alike, each in one pair at most, the nearest first.
pub(super) fn alike<T: Debug>(missing: &[&T], unexpected: &[&T]) -> Vec<(usize, usize)> {
    let told = |elements: &[&T]| -> Vec<Vec<String>> {
        elements.iter().take(COMPARED).map(parts).collect()
    };
    let (missing, unexpected) = (told(missing), told(unexpected));
    let mut near = Vec::new();
    for (place, one) in missing.iter().enumerate() {
        for (other_place, other) in unexpected.iter().enumerate() {
            near.extend(distance(one, other).map(|distance| (distance, place, other_place)));
        }
    }
    near.sort_unstable();
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for (_, place, other) in near {
        if pairs.iter().all(|(taken, other_taken)| *taken != place && *other_taken != other) {
            pairs.push((place, other));
        }
    }
    pairs.sort_unstable();
    pairs
}

/// A line of marks for a text below another one: under all that is not common to both at their beginnings
/// and ends.
pub fn marks(above: &str, below: &str) -> String {
    let (above, below): (Vec<char>, Vec<char>) = (above.chars().collect(), below.chars().collect());
    let same = |(one, other): &(&char, &char)| one == other;
    let before = above.iter().zip(&below).take_while(same).count();
    let shorter = above.len().min(below.len());
    let after = above.iter().rev().zip(below.iter().rev()).take_while(same).count();
    let after = after.min(shorter - before);
    format!("{}{}", " ".repeat(before), "^".repeat((below.len() - before - after).max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_in_the_fewest_parts_is_a_pair() {
        let missing = [("ada", 1, 7), ("bob", 2, 8), ("eve", 3, 9)];
        let unexpected = [("bob", 5, 8), ("ada", 1, 6), ("bob", 2, 1), ("kim", 0, 0)];
        let (missing, unexpected): (Vec<_>, Vec<_>) =
            (missing.iter().collect(), unexpected.iter().collect());
        assert_eq!(alike(&missing, &unexpected), [(0, 1), (1, 0)]);
    }

    #[test]
    fn what_has_nothing_in_common_is_no_pair() {
        assert_eq!(alike(&[&1], &[&2]), []);
        assert_eq!(alike(&[&Some("a")], &[&Some("b")]), []);
        assert_eq!(alike(&[&("a", vec![1])], &[&("a", vec![1, 2])]), []);
        assert_eq!(alike(&[&("a", "b", 1)], &[&("c", "d", 1)]), []);
    }

    #[test]
    fn marks_stand_below_what_differs() {
        assert_eq!(marks("(\"a\", 17)", "(\"a\", 18)"), "       ^");
        assert_eq!(marks("(1, 2)", "(1, 222, 3)"), "     ^^^^^");
        assert_eq!(marks("aa", "aaa"), "  ^");
        assert_eq!(marks("aaa", "aa"), "  ^");
    }
}
