//! What a runner calls for splittable work: elements with restrictions, worked on piece by piece.
//!
//! The kernel is typed inside: it keeps the restrictions that one worker has in hand, each with its element,
//! and knows the author's code. Its owner knows times: when a piece is worked on, and what is due.

use std::{any::Any, sync::Arc};

use crate::{AnyBundle, BoxError, KernelOutput, Timestamp, UserOptions, WindowViews};

/// Makes a splittable kernel; a runner makes one a worker.
pub type SplittableFactory = Arc<dyn Fn() -> Box<dyn SplittableKernel> + Send + Sync>;

/// An element with a restriction, and how far the work on it has come, on the way from one worker to another
/// of the same process.
pub type AnyRestriction = Box<dyn Any + Send>;

/// The restrictions that one worker has in hand, and the work on them.
///
/// Called as a [`Kernel`](crate::Kernel) is: `setup` once, then any of the others, then `teardown` once,
/// which is the only call after an error.
pub trait SplittableKernel {
    /// Readies the author's instance.
    ///
    /// # Errors
    /// What the author's code returned.
    fn setup(&mut self) -> Result<(), BoxError>;

    /// Takes elements with their restrictions in hand.
    fn take(&mut self, input: AnyBundle);

    /// A round begins: all that can be worked on has a turn, and so has what rests and is due by now.
    fn begin_round(&mut self, now: Timestamp);

    /// Works on the restriction whose turn it is: one call of the author's code, one bundle. Whether the
    /// round is over.
    ///
    /// # Errors
    /// What the author's code returned, or what was found wrong with it.
    fn work(
        &mut self,
        cx: &SplittableKernelContext<'_>,
        out: &mut KernelOutput,
    ) -> Result<bool, BoxError>;

    /// Drops what never ends, since the job comes to an end. How many restrictions went.
    ///
    /// # Errors
    /// What the author's code returned.
    fn truncate(&mut self) -> Result<usize, BoxError>;

    /// Gives a restriction away, with where it holds the output watermark at this processing time, if more than
    /// one could be worked on. Called between two rounds.
    fn give(&mut self, now: Timestamp) -> Option<(AnyRestriction, Timestamp)>;

    /// Takes a restriction in hand that another worker's kernel gave away.
    fn accept(&mut self, given: AnyRestriction);

    /// What can be worked on at once, now or in the next round.
    fn ready(&self) -> usize;

    /// How many restrictions are in hand, those that rest among them.
    fn in_hand(&self) -> usize;

    /// The processing time at which the next of those that rest is due.
    fn next_due(&self) -> Option<Timestamp>;

    /// Where what is in hand holds the output watermark, at this processing time.
    fn hold(&mut self, now: Timestamp) -> Option<Timestamp>;

    /// Ends the author's instance.
    ///
    /// # Errors
    /// What the author's code returned.
    fn teardown(&mut self) -> Result<(), BoxError>;
}

/// What a splittable kernel is given for a piece of work.
#[derive(Clone, Copy)]
pub struct SplittableKernelContext<'a> {
    /// What the views that the step reads show.
    pub views: &'a dyn WindowViews,
    /// What the person who started the job gave to its steps.
    pub options: &'a UserOptions,
    /// The processing time.
    pub now: Timestamp,
    /// After how many claims the rest is left for the next piece.
    pub most_claims: usize,
    /// Where the restriction is cut in two while it is worked on, if it is: after so many claims, at this
    /// fraction of what is left.
    pub cut: Option<(usize, f64)>,
}
