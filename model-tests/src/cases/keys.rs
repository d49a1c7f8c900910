//! Keys whose equality and bytes disagree: on other runners they tear groups apart or mix them, so the
//! direct runner lets none pass. That is its promise, so these cases run on it, whichever is under test.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use watershed::{
    Checks, DirectRunner, FixedWindows, Func, Key, RunError, RunOptions, seconds,
    testing::TestPipeline,
};

use crate::{Bench, cases};

cases! {
    a_key_whose_eq_overlooks_some_of_its_bytes_is_caught: "GP-18";
    a_key_whose_eq_sees_what_its_bytes_hide_is_caught: "GP-18";
    a_key_that_hashes_what_its_bytes_hide_is_caught: "GP-18";
    a_key_that_does_not_equal_itself_is_caught: "GP-18";
    a_key_whose_bytes_change_on_a_round_trip_is_caught: "GP-18";
    a_key_whose_eq_and_bytes_agree_passes: "GP-18";
}

/// The direct runner with its checks, under several seeds.
fn checked() -> impl Iterator<Item = TestPipeline> {
    (0..8).map(|seed| {
        let mut options = RunOptions::default();
        (options.seed, options.checks, options.bundle_elements) = (seed, Checks::Full, 8);
        TestPipeline::on(Arc::new(DirectRunner), options)
    })
}

/// Groups forty numbers by what `key` makes of them, at once and behind windows; how each run ends.
fn group_by<K: Key>(key: impl Fn(&u32) -> K + Func) -> Vec<Result<(), RunError>> {
    let mut ends = Vec::new();
    for is_windowed in [false, true] {
        for pipeline in checked() {
            let pairs = pipeline.create(0..40).key_by(key.clone()).named("keyed");
            let pairs = match is_windowed {
                false => pairs,
                true => {
                    let windowed = pairs.window(FixedWindows::of(seconds(1))).reshuffle();
                    windowed.flatten_with(&windowed)
                }
            };
            pairs.group_by_key().named("grouped").for_each(|_| ());
            ends.push(pipeline.try_run().map(|_| ()));
        }
    }
    ends
}

/// Each run must have ended at `step`, with these words.
fn all_fail(ends: Vec<Result<(), RunError>>, step: &str, words: &[&str]) {
    for end in ends {
        let error = end.unwrap_err();
        let told = error.to_string();
        assert_eq!(error.failed_step(), Some(step), "{told}");
        assert!(words.iter().all(|word| told.contains(word)), "{words:?}: {told}");
    }
}

/// A name without regard to case.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Caseless(String);
impl PartialEq for Caseless {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}
impl Eq for Caseless {}
impl Hash for Caseless {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_ascii_lowercase().hash(state);
    }
}

fn a_key_whose_eq_overlooks_some_of_its_bytes_is_caught(_: &Bench) {
    let ends = group_by(|n| Caseless(["ada", "Ada", "bob"][*n as usize % 3].to_owned()));
    all_fail(ends, "grouped", &["Caseless", "bytes differ"]);
}

/// A user, and something that is not written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Session {
    user: u32,
    #[serde(skip)]
    login: u32,
}

fn a_key_whose_eq_sees_what_its_bytes_hide_is_caught(_: &Bench) {
    let ends = group_by(|n| Session { user: n % 3, login: *n });
    all_fail(ends, "keyed", &["Session", "`grouped`", "Serialize"]);
}

/// A user whose `Hash` sees more than `Eq`.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Hashed(Session);
impl PartialEq for Hashed {
    fn eq(&self, other: &Self) -> bool {
        self.0.user == other.0.user
    }
}
impl Eq for Hashed {}
impl Hash for Hashed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

fn a_key_that_hashes_what_its_bytes_hide_is_caught(_: &Bench) {
    let ends = group_by(|n| Hashed(Session { user: n % 3, login: *n }));
    all_fail(ends, "keyed", &["Hashed", "`grouped`", "Hash"]);
}

/// A float that claims to have an equality.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Degrees(f64);
impl Eq for Degrees {}
impl Hash for Degrees {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

fn a_key_that_does_not_equal_itself_is_caught(_: &Bench) {
    let ends = group_by(|n| Degrees(if n % 3 == 0 { f64::NAN } else { f64::from(*n) }));
    all_fail(ends, "keyed", &["Degrees", "`grouped`"]);
}

/// A number that counts how often it was read.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "(u32, u32)", into = "(u32, u32)")]
struct Worn {
    number: u32,
    readings: u32,
}
impl From<(u32, u32)> for Worn {
    fn from((number, readings): (u32, u32)) -> Self {
        Worn { number, readings: readings + 1 }
    }
}
impl From<Worn> for (u32, u32) {
    fn from(worn: Worn) -> Self {
        (worn.number, worn.readings)
    }
}

/// As [`Worn`], but its equality overlooks the count.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct WornUnseen(Worn);
impl PartialEq for WornUnseen {
    fn eq(&self, other: &Self) -> bool {
        self.0.number == other.0.number
    }
}
impl Eq for WornUnseen {}
impl Hash for WornUnseen {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.number.hash(state);
    }
}

fn a_key_whose_bytes_change_on_a_round_trip_is_caught(_: &Bench) {
    let ends = group_by(|n| Worn { number: n % 3, readings: 0 });
    all_fail(ends, "keyed", &["Worn", "`grouped`"]);
    let ends = group_by(|n| WornUnseen(Worn { number: n % 3, readings: 0 }));
    all_fail(ends, "keyed", &["WornUnseen", "round trip"]);
}

/// A login that is not looked at, not hashed and not written.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct User(Session);
impl PartialEq for User {
    fn eq(&self, other: &Self) -> bool {
        self.0.user == other.0.user
    }
}
impl Eq for User {}
impl Hash for User {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.user.hash(state);
    }
}

fn a_key_whose_eq_and_bytes_agree_passes(_: &Bench) {
    for end in group_by(|n| User(Session { user: n % 3, login: *n })) {
        end.unwrap();
    }
}
