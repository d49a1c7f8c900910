//! How the author's code claims.

use watershed_model::{BoxError, short_type_name};

use super::RestrictionTracker;

/// The claims of one piece of work. When the piece is long enough, what is left of the restriction is given
/// away, and the next claim fails: whoever claimed returns, and the rest is worked on later.
pub struct Claims<'a, T: RestrictionTracker> {
    tracker: &'a mut T,
    claimed: usize,
    most: usize,
    cut: Option<(usize, f64)>,
    /// What was cut off, to be worked on by itself.
    pub(super) parts: Vec<T::Restriction>,
    /// What is left for the next piece.
    pub(super) rest: Option<T::Restriction>,
}

impl<'a, T: RestrictionTracker> Claims<'a, T> {
    pub(super) fn new(tracker: &'a mut T, most: usize, cut: Option<(usize, f64)>) -> Self {
        Claims { tracker, claimed: 0, most: most.max(1), cut, parts: Vec::new(), rest: None }
    }

    /// Claims a position; `false` says that the work ends here. What was claimed must be done.
    ///
    /// # Errors
    /// When it lies before one that was claimed, or before the restriction; or when the restriction was cut
    /// badly.
    pub fn try_claim(&mut self, position: T::Position) -> Result<bool, BoxError> {
        if let Some((_, fraction)) = self.cut.filter(|(after, _)| self.claimed >= *after) {
            self.cut = None;
            let part = self.split(fraction)?;
            self.parts.extend(part);
        }
        if self.claimed >= self.most && self.rest.is_none() {
            self.rest = self.split(0.0)?;
        }
        let belongs = self.tracker.try_claim(position)?;
        self.claimed += usize::from(belongs);
        Ok(belongs)
    }

    /// The restriction as it is now: it may end earlier than when the work began.
    pub fn restriction(&self) -> T::Restriction {
        self.tracker.restriction()
    }

    /// Cuts, and sees that nothing is lost.
    pub(super) fn split(&mut self, fraction: f64) -> Result<Option<T::Restriction>, BoxError> {
        let whole = T::size(&self.tracker.restriction());
        let rest = self.tracker.try_split(fraction)?;
        let given = rest.as_ref().map_or(0.0, T::size);
        let parts = T::size(&self.tracker.restriction()) + given;
        same_size::<T>(whole, parts)?;
        Ok(rest)
    }

    pub(super) fn check_done(&self) -> Result<(), BoxError> {
        self.tracker.check_done()
    }
}

/// Sees that the parts of a restriction are together as large as it was.
pub(super) fn same_size<T: RestrictionTracker>(whole: f64, parts: f64) -> Result<(), BoxError> {
    // Sizes are sums of floats.
    if (whole - parts).abs() <= whole.abs() * 1e-9 + 1e-9 || whole == parts {
        return Ok(());
    }
    let restriction = short_type_name::<T::Restriction>();
    Err(format!(
        "a {restriction} of size {whole} was split badly: its parts have {parts} together; what is given away \
         and what is kept must cover all of it, once"
    )
    .into())
}
