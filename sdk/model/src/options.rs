//! Options that a person gives to the author's code when a program starts.

use std::{
    any::type_name,
    collections::BTreeMap,
    fmt,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use crate::BoxError;

/// Options by name, which all steps of a job can read. A program takes them by `--option NAME=VALUE`. (Beam:
/// the pipeline options that a `DoFn` sees.)
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserOptions(BTreeMap<String, Given>);

/// The text of an option.
#[derive(Clone, Debug)]
struct Given {
    text: String,
    /// Whether anybody has asked for it; clones know it of each other.
    is_asked_for: Arc<AtomicBool>,
}

impl PartialEq for Given {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
impl Eq for Given {}

impl Given {
    fn get(&self) -> &str {
        // Mostly it is known already, and workers need not fight for the line.
        if !self.is_asked_for.load(Relaxed) {
            self.is_asked_for.store(true, Relaxed);
        }
        &self.text
    }
}

static NONE: UserOptions = UserOptions(BTreeMap::new());

impl Default for &UserOptions {
    fn default() -> Self {
        &NONE
    }
}

impl UserOptions {
    /// The text of an option, if it was given.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(Given::get)
    }

    /// The value of an option, if it was given.
    ///
    /// # Errors
    /// When its text is not such a value.
    pub fn parse<T: FromStr<Err: fmt::Display>>(&self, name: &str) -> Result<Option<T>, BoxError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let value = text.parse().map_err(|error| {
            format!("the option {name} is {text:?}, which is no {}: {error}", type_name::<T>())
        });
        Ok(Some(value?))
    }

    /// The value of an option that must be given.
    ///
    /// # Errors
    /// When it was not given, or its text is not such a value.
    pub fn required<T: FromStr<Err: fmt::Display>>(&self, name: &str) -> Result<T, BoxError> {
        self.parse(name)?.ok_or_else(|| {
            let given: Vec<&str> = self.0.keys().map(String::as_str).collect();
            let given = match given.is_empty() {
                true => "none was given".to_owned(),
                false => format!("given were {}", given.join(", ")),
            };
            format!("needs the option {name}, but {given}: add --option {name}=VALUE").into()
        })
    }

    /// All that were given, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, given)| (&**name, given.get()))
    }

    /// Those that nobody has asked for: here, or of a clone. Perhaps a name is misspelled.
    pub fn unasked(&self) -> impl Iterator<Item = &str> {
        let unasked = self.0.iter().filter(|(_, given)| !given.is_asked_for.load(Relaxed));
        unasked.map(|(name, _)| &**name)
    }
}

impl<N: Into<String>, T: Into<String>> FromIterator<(N, T)> for UserOptions {
    /// Of options that have one name the last counts.
    fn from_iter<I: IntoIterator<Item = (N, T)>>(options: I) -> Self {
        let given = |text| Given { text, is_asked_for: Arc::default() };
        let options = options.into_iter();
        UserOptions(options.map(|(name, text)| (name.into(), given(text.into()))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_of_another_kind_is_told() {
        let options: UserOptions = [("limit", "7"), ("name", "x")].into_iter().collect();
        assert_eq!(options.get("name"), Some("x"));
        assert_eq!(options.required::<u8>("limit").unwrap(), 7);
        assert_eq!(options.parse::<u8>("other").unwrap(), None);
        let told = |error: Result<u8, BoxError>| error.unwrap_err().to_string();
        assert_eq!(
            told(options.required("name")),
            "the option name is \"x\", which is no u8: invalid digit found in string"
        );
        assert_eq!(
            told(options.required("most")),
            "needs the option most, but given were limit, name: add --option most=VALUE"
        );
        let none = UserOptions::default();
        assert_eq!(
            told(none.required("most")),
            "needs the option most, but none was given: add --option most=VALUE"
        );
    }

    #[test]
    fn what_nobody_asks_for_is_known() {
        let options: UserOptions = [("limit", "7"), ("name", "x")].into_iter().collect();
        let clone = options.clone();
        assert_eq!(options.unasked().collect::<Vec<_>>(), ["limit", "name"]);
        assert_eq!(clone.get("name"), Some("x"));
        assert_eq!(options.unasked().collect::<Vec<_>>(), ["limit"]);
        assert_eq!(clone, options);
    }
}
