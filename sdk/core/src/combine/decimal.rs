//! For tests: exact decimal numbers, worked with as at school.
//!
//! A float prints exactly in 1074 decimals, and the standard library parses a decimal of any length
//! to the nearest float. So this is a reference for exact sums that shares nothing with them.

use std::fmt;

/// A decimal number: digits, the least first, that begin at 10⁻¹⁰⁷⁴.
#[derive(Clone, Debug)]
pub(super) struct Decimal {
    negative: bool,
    digits: Vec<u8>,
}

const DECIMALS: usize = 1074;

impl Decimal {
    /// The exact value of a finite float.
    pub(super) fn of(value: f64) -> Decimal {
        Decimal::parse(&format!("{value:.DECIMALS$}"))
    }

    /// The value of `-12.34`, say, with no decimals or exactly 1074.
    pub(super) fn parse(text: &str) -> Decimal {
        let mut digits: Vec<u8> =
            text.bytes().rev().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
        if !text.contains('.') {
            digits.splice(0..0, std::iter::repeat_n(0, DECIMALS));
        }
        Decimal { negative: text.starts_with('-'), digits }
    }

    pub(super) fn sum(values: impl Iterator<Item = Decimal>) -> Decimal {
        // A column of digits each, positive and negative ones, then one pass of carries.
        let mut columns = [0i64; DECIMALS + 400];
        for value in values {
            for (column, digit) in columns.iter_mut().zip(&value.digits) {
                *column += if value.negative { -i64::from(*digit) } else { i64::from(*digit) };
            }
        }
        let negative = carried(&columns).1 < 0;
        if negative {
            columns.iter_mut().for_each(|column| *column = -*column);
        }
        Decimal { negative, digits: carried(&columns).0 }
    }

    /// The quotient as a decimal, with 40 digits more than needed and a last one that says whether
    /// there would be others.
    pub(super) fn divided_by(&self, divisor: u64) -> String {
        let mut remainder = 0u128;
        let mut text = String::from(if self.negative { "-" } else { "" });
        let further = std::iter::repeat_n(&0, 40);
        for (i, digit) in self.digits.iter().rev().chain(further).enumerate() {
            if i + DECIMALS == self.digits.len() {
                text.push('.');
            }
            let part = remainder * 10 + u128::from(*digit);
            text.push_str(&(part / u128::from(divisor)).to_string());
            remainder = part % u128::from(divisor);
        }
        text.push(if remainder == 0 { '0' } else { '1' });
        text
    }
}

/// Digits from 0 to 9 of the same value, and the carry out of the top: −1 for negative values.
fn carried(columns: &[i64]) -> (Vec<u8>, i64) {
    let mut carry = 0;
    let digits = columns.iter().map(|column| {
        let digit = column + carry;
        carry = digit.div_euclid(10);
        digit.rem_euclid(10) as u8
    });
    (digits.collect(), carry)
}

impl fmt::Display for Decimal {
    /// Without needless zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |digits: &[u8]| -> String {
            digits.iter().rev().map(|digit| char::from(b'0' + digit)).collect()
        };
        let (decimals, whole) = self.digits.split_at(DECIMALS);
        let (decimals, whole) = (text(decimals), text(whole));
        let whole = whole.trim_start_matches('0');
        let decimals = decimals.trim_end_matches('0');
        let sign = if self.negative { "-" } else { "" };
        let whole = if whole.is_empty() { "0" } else { whole };
        let point = if decimals.is_empty() { "" } else { "." };
        write!(f, "{sign}{whole}{point}{decimals}")
    }
}

#[test]
fn the_reference_adds_and_divides() {
    let sum = |values: &[f64]| Decimal::sum(values.iter().map(|value| Decimal::of(*value)));
    assert_eq!(sum(&[0.5, -12.25, 2.0]).to_string(), "-9.75");
    assert_eq!(
        sum(&[0.1]).to_string(),
        "0.1000000000000000055511151231257827021181583404541015625"
    );
    assert_eq!(sum(&[99.0, 1.0]).to_string(), "100");
    assert!(sum(&[100.0]).divided_by(8).trim_start_matches('0').starts_with("12.5000"));
    assert!(sum(&[-1.0]).divided_by(3).ends_with("3331"));
}
