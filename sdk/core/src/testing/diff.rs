//! The difference between what was expected and what came, for reading.

use std::{
    collections::HashMap,
    fmt::{Debug, Write},
};

use watershed_model::{BinaryCoder, BoxError, Coder, Element, fault};

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
    let mut wrong: Vec<(String, i64)> = counts
        .into_values()
        .filter(|(count, _)| *count != 0)
        .map(|(count, element)| (format!("{element:?}"), count))
        .collect();
    if wrong.is_empty() || fault!("assertions-always-hold") {
        return Ok(());
    }
    wrong.sort();
    let mut text = format!("expected {} elements, found {}", expected.len(), found.len());
    for (title, sign) in [("missing", 1), ("unexpected", -1)] {
        let lines: Vec<_> = wrong.iter().filter(|(_, count)| count.signum() == sign).collect();
        for (element, count) in lines.iter().take(SHOWN) {
            // Writing into a String cannot fail.
            let _ = match count.abs() {
                1 => write!(text, "\n    {title}: {element}"),
                n => write!(text, "\n    {title}: {element}  ({n} times)"),
            };
        }
        if lines.len() > SHOWN {
            let _ = write!(text, "\n    {title}: … and {} more", lines.len() - SHOWN);
        }
    }
    Err(text.into())
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
}
