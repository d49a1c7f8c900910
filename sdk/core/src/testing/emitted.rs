//! What a step put out that a test ran alone.

use std::ops::Deref;

use watershed_model::{AnyBundle, Element};

use crate::{Observed, observe::observed};

/// What one output of a step got, in order, each element with all that it carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted<T>(Vec<Observed<T>>);

impl<T: Element> Emitted<T> {
    /// What came out at this port.
    pub(crate) fn at(port: usize, bundles: &[(usize, AnyBundle)]) -> Self {
        let here = bundles.iter().filter(|(at, _)| *at == port);
        Emitted(here.flat_map(|(_, bundle)| observed(bundle.clone().downcast::<T>())).collect())
    }

    /// The elements alone.
    pub fn values(&self) -> Vec<T> {
        self.0.iter().map(|observed| observed.value.clone()).collect()
    }
}

impl<T> Deref for Emitted<T> {
    type Target = [Observed<T>];

    fn deref(&self) -> &[Observed<T>] {
        &self.0
    }
}

impl<T> IntoIterator for Emitted<T> {
    type Item = Observed<T>;
    type IntoIter = std::vec::IntoIter<Observed<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
