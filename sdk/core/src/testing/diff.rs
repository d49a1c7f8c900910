//! The difference between what was expected and what came, for reading.

use std::{
    collections::HashMap,
    fmt::{Debug, Write},
};

use watershed_model::{BinaryCoder, BoxError, Coder, Element, fault};

use super::likeness::{alike, marks};

/// No more lines than this of each kind.
const SHOWN: usize = 10;

/// `Ok` if both hold the same elements, each as often, by their encoded bytes.
pub(super) fn difference<T: Element + Debug>(expected: &[T], found: &[T]) -> Result<(), BoxError> {
    let mut counts: HashMap<Vec<u8>, (i64, &T)> = HashMap::new();
    for (elements, step) in [(expected, 1), (found, -1)] {
        for element in elements {
            let mut bytes = Vec::new();
            BinaryCoder.encode_value(element, &mut bytes)?;
            counts.entry(bytes).or_insert((0, element)).0 += step;
        }
    }
    let mut wrong: Vec<(String, i64, &T)> = counts
        .into_values()
        .filter(|(count, _)| *count != 0)
        .map(|(count, element)| (format!("{element:?}"), count, element))
        .collect();
    if wrong.is_empty() || fault!("assertions-always-hold") {
        return Ok(());
    }
    wrong.sort_by(|(one, ..), (other, ..)| one.cmp(other));
    let (mut missing, mut unexpected): (Vec<_>, Vec<_>) =
        wrong.into_iter().partition(|(_, count, _)| *count > 0);
    let mut text = format!("expected {} elements, found {}", expected.len(), found.len());
    write_pairs(&mut text, &mut missing, &mut unexpected);
    for (title, lines) in [("missing", &missing), ("unexpected", &unexpected)] {
        for (element, count, _) in lines.iter().take(SHOWN) {
            // Writing into a String cannot fail.
            let _ = write!(text, "\n    {title}: {element}{}", times(*count));
        }
        if lines.len() > SHOWN {
            let _ = write!(text, "\n    {title}: … and {} more", lines.len() - SHOWN);
        }
    }
    Err(text.into())
}

/// An element as it prints, how often it is missing or, below zero, too many, and itself.
type Wrong<'a, T> = (String, i64, &'a T);

/// Takes out what is missing and what came instead of it, where they are alike, and shows each above the
/// other.
fn write_pairs<T: Debug>(
    text: &mut String,
    missing: &mut Vec<Wrong<'_, T>>,
    unexpected: &mut Vec<Wrong<'_, T>>,
) {
    let lacking: Vec<&T> = missing.iter().map(|(.., element)| *element).collect();
    let surplus: Vec<&T> = unexpected.iter().map(|(.., element)| *element).collect();
    let mut pairs = alike(&lacking, &surplus);
    pairs.retain(|(one, other)| missing[*one].1 == -unexpected[*other].1);
    pairs.truncate(SHOWN);
    for (one, other) in &pairs {
        let ((expected, count, _), (found, ..)) = (&missing[*one], &unexpected[*other]);
        let times = times(*count);
        let marks = marks(expected, found);
        let _ = write!(text, "\n    expected: {expected}{times}\n    found:    {found}{times}");
        let _ = write!(text, "\n              {marks}");
    }
    let mut places: Vec<usize> = pairs.iter().map(|(one, _)| *one).collect();
    places.sort_unstable();
    places.into_iter().rev().for_each(|place| drop(missing.remove(place)));
    let mut places: Vec<usize> = pairs.iter().map(|(_, other)| *other).collect();
    places.sort_unstable();
    places.into_iter().rev().for_each(|place| drop(unexpected.remove(place)));
}

fn times(count: i64) -> String {
    match count.abs() {
        1 => String::new(),
        n => format!("  ({n} times)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_does_not_matter_and_multiplicity_does() {
        assert!(difference(&[1, 2, 2], &[2, 1, 2]).is_ok());
        let text = difference(&[1, 2, 2, 3], &[2, 1, 4]).unwrap_err().to_string();
        assert_eq!(
            text,
            "expected 4 elements, found 3\n    missing: 2\n    missing: 3\n    unexpected: 4"
        );
        assert!(difference(&[f64::NAN], &[f64::NAN]).is_ok());
        assert!(difference(&[0.0], &[-0.0]).is_err());
    }

    #[test]
    fn an_element_that_differs_in_a_part_stands_below_the_one_it_should_be() {
        let named = |(name, points): (&str, i32)| (name.to_owned(), points);
        let expected = [("ann", 3), ("bob", 14), ("eve", 1), ("eve", 1)].map(named);
        let found = [("ann", 3), ("bob", 15), ("eve", 2), ("eve", 2), ("kim", 9)].map(named);
        let text = difference(&expected, &found).unwrap_err().to_string();
        assert_eq!(
            text.lines().collect::<Vec<_>>(),
            [
                "expected 4 elements, found 5",
                r#"    expected: ("bob", 14)"#,
                r#"    found:    ("bob", 15)"#,
                r#"                       ^"#,
                r#"    expected: ("eve", 1)  (2 times)"#,
                r#"    found:    ("eve", 2)  (2 times)"#,
                r#"                      ^"#,
                r#"    unexpected: ("kim", 9)"#,
            ]
        );
    }
}
