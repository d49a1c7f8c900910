//! What a runner calls for element-wise work: one call a bundle.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{AnyBundle, BoxError, Column, Timestamp, UserOptions, ViewContent};

/// Makes a kernel instance; a runner makes one a worker, or more.
pub type KernelFactory = Arc<dyn Fn() -> Box<dyn Kernel> + Send + Sync>;

/// The work of a ParDo on whole bundles, instantiated with its real types when the author wrote it.
///
/// A runner calls [`setup`](Kernel::setup) once, then [`run`](Kernel::run) for each bundle, then
/// [`teardown`](Kernel::teardown) once, also after an error. After an error or a panic anywhere it
/// calls `teardown` and nothing else, and throws away what the bundle put out.
pub trait Kernel {
    /// Readies the instance.
    ///
    /// # Errors
    /// What the author's code returned.
    fn setup(&mut self) -> Result<(), BoxError> {
        Ok(())
    }

    /// Runs one bundle from `start_bundle` to `finish_bundle`. The outputs are complete when this
    /// returns and may leave only then. A kernel may end its bundle early, when
    /// [`KernelOutput::is_full`]; it then returns the rest of the input, which is the next bundle.
    ///
    /// # Errors
    /// What the author's code returned, or what the kernel found wrong with it.
    fn run(
        &mut self,
        input: AnyBundle,
        cx: &KernelContext<'_>,
        out: &mut KernelOutput,
    ) -> Result<Option<AnyBundle>, BoxError>;

    /// Frees what `setup` took.
    ///
    /// # Errors
    /// What the author's code returned.
    fn teardown(&mut self) -> Result<(), BoxError> {
        Ok(())
    }
}

/// What a kernel is given beside its bundle.
#[derive(Clone, Copy, Default)]
pub struct KernelContext<'a> {
    /// What the views that the step reads show to this bundle, in the order of its side inputs.
    pub views: &'a [ViewContent],
    /// What the person who started the job gave to its steps.
    pub options: &'a UserOptions,
}

/// Why elements left a pipeline before its end, other than by a step's own will.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DropReason {
    /// Its window had expired.
    Late,
    /// Its window's trigger had finished.
    Closed,
    /// The window function put it into no window.
    NoWindow,
    /// A source was told to skip what it cannot decode.
    Undecodable,
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DropReason::Late => "late",
            DropReason::Closed => "after the trigger finished",
            DropReason::NoWindow => "in no window",
            DropReason::Undecodable => "undecodable",
        })
    }
}

/// Counts of dropped elements by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drops(BTreeMap<DropReason, u64>);

impl Drops {
    /// Counts `n` more.
    pub fn add(&mut self, reason: DropReason, n: u64) {
        if n > 0 {
            *self.0.entry(reason).or_default() += n;
        }
    }

    /// Counts all that `other` counted.
    pub fn merge(&mut self, other: &Drops) {
        other.0.iter().for_each(|(reason, n)| self.add(*reason, *n));
    }

    /// How many for this reason.
    pub fn count(&self, reason: DropReason) -> u64 {
        self.0.get(&reason).copied().unwrap_or(0)
    }

    /// How many for each reason that there was.
    pub fn iter(&self) -> impl Iterator<Item = (DropReason, u64)> {
        self.0.iter().map(|(reason, n)| (*reason, *n))
    }

    /// How many in all.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }
}

/// Where a kernel puts what a bundle gives: bundles by output port, and what it dropped.
#[derive(Debug)]
pub struct KernelOutput {
    wanted: Vec<bool>,
    bundles: Vec<(usize, AnyBundle)>,
    drops: Drops,
    most_elements: usize,
}

impl KernelOutput {
    /// An output with one entry a port: whether anybody reads it. A kernel should end its bundle
    /// once it has more than `most_elements` to give.
    pub fn new(wanted: Vec<bool>, most_elements: usize) -> Self {
        KernelOutput { wanted, bundles: Vec::new(), drops: Drops::default(), most_elements }
    }

    /// An empty one for the same readers.
    #[must_use]
    pub fn like(&self) -> Self {
        KernelOutput::new(self.wanted.clone(), self.most_elements)
    }

    /// Whether anybody reads this port; what is put there otherwise is thrown away, so a kernel
    /// need not make it.
    pub fn is_wanted(&self, port: usize) -> bool {
        self.wanted.get(port).copied().unwrap_or(false) || crate::fault!("unread-outputs-are-made")
    }

    /// Whether a kernel that holds `elements` of output should end its bundle.
    pub fn is_full(&self, elements: usize) -> bool {
        elements >= self.most_elements
    }

    /// Puts a bundle on a port. Empty ones and those that nobody wants vanish.
    pub fn put(&mut self, port: usize, bundle: AnyBundle) {
        if self.is_wanted(port) && !bundle.is_empty() {
            self.bundles.push((port, bundle));
        }
    }

    /// Counts dropped elements.
    pub fn dropped(&mut self, reason: DropReason, n: u64) {
        self.drops.add(reason, n);
    }

    /// The latest event time of all that was put.
    pub fn latest(&self) -> Option<Timestamp> {
        let of = |bundle: &AnyBundle| match &bundle.metadata().timestamps {
            Column::Uniform(all) => Some(*all),
            Column::Each(timestamps) => timestamps.iter().max().copied(),
        };
        self.bundles.iter().filter_map(|(_, bundle)| of(bundle)).max()
    }

    /// Takes all that was put, in order, and the drops.
    pub fn take(&mut self) -> (Vec<(usize, AnyBundle)>, Drops) {
        (std::mem::take(&mut self.bundles), std::mem::take(&mut self.drops))
    }
}
