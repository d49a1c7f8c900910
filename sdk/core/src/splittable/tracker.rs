//! What a restriction is, and which part of it is claimed.

use watershed_model::{BoxError, Element};

/// Follows the work on one restriction, a description of what is to be done for an element. Positions in it
/// are claimed one after the other, each before the work there is done; what is not claimed can be given away.
/// (Beam: `RestrictionTracker`.)
pub trait RestrictionTracker: Send + 'static {
    /// The description, from which the work can go on anywhere.
    type Restriction: Element;
    /// A position in it.
    type Position;

    /// Claims a position. Whether it belongs to the restriction; if not, the work ends here.
    ///
    /// # Errors
    /// When it lies before one that was claimed, or before the restriction.
    fn try_claim(&mut self, position: Self::Position) -> Result<bool, BoxError>;

    /// The restriction as it is now.
    fn restriction(&self) -> Self::Restriction;

    /// Gives away the part behind `fraction` (0 to 1) of what is not claimed yet; 0 gives away all of it. The
    /// restriction ends before it. `None` if nothing is left to give.
    ///
    /// # Errors
    /// When it cannot be told.
    fn try_split(&mut self, fraction: f64) -> Result<Option<Self::Restriction>, BoxError>;

    /// Sees that nothing is left that was not claimed.
    ///
    /// # Errors
    /// Saying what was not.
    fn check_done(&self) -> Result<(), BoxError>;

    /// How much work a restriction is, in a unit of the author's: both parts of one that was cut have together
    /// what it had.
    fn size(restriction: &Self::Restriction) -> f64;
}
