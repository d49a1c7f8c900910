//! The watermark of a source, from those of its splits.

use serde::{Deserialize, Serialize};
use watershed_model::Timestamp;

/// How far a split, or several together, have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// Nothing on time is still to come that is older than this.
    At(Timestamp),
    /// Idle; it was there before.
    Idle(Timestamp),
    /// Nothing more comes.
    Ended,
}

impl Standing {
    /// Both together: the least of those that are not idle. If all are, nobody knows of anything older
    /// than the greatest of them.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        use Standing::{At, Ended, Idle};
        match (self, other) {
            (Ended, other) | (other, Ended) => other,
            (At(one), At(other)) => At(one.min(other)),
            (Idle(one), Idle(other)) => Idle(one.max(other)),
            (At(at), Idle(_)) | (Idle(_), At(at)) => At(at),
        }
    }

    /// All together; of none at all, that nothing comes.
    pub fn of(all: impl IntoIterator<Item = Self>) -> Self {
        all.into_iter().fold(Standing::Ended, Self::and)
    }

    /// Which of several holds all of them where they are; `None` if all have ended.
    pub fn holder(all: impl IntoIterator<Item = Self>) -> Option<usize> {
        let all: Vec<Self> = all.into_iter().collect();
        let together = Standing::of(all.iter().copied());
        all.iter().position(|one| *one == together && *one != Standing::Ended)
    }

    /// The watermark there.
    pub fn watermark(self) -> Timestamp {
        match self {
            Standing::At(at) | Standing::Idle(at) => at,
            Standing::Ended => Timestamp::MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Standing::*, *};

    fn seconds(n: i64) -> Timestamp {
        Timestamp::from_seconds(n)
    }

    #[test]
    fn who_is_idle_holds_nobody_back_and_all_together_stay_where_the_first_of_them_is() {
        let (one, two, three) = (seconds(1), seconds(2), seconds(3));
        assert_eq!(Standing::of([]), Ended);
        assert_eq!(Standing::of([At(two), At(one), Ended]), At(one));
        assert_eq!(Standing::of([Idle(one), At(two), At(three)]), At(two));
        assert_eq!(Standing::of([Idle(three), At(two)]), At(two));
        assert_eq!(Standing::of([Idle(one), Idle(three), Ended]), Idle(three));
    }
}
