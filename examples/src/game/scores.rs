//! The scores.

use watershed::{Duration, prelude::*};

use crate::play::Play;

/// The total of each user, once there are no more plays.
pub(crate) fn of_users(plays: &PCollection<Play>) -> PCollection<(String, i64)> {
    plays
        // Also of an endless stream there is a total at its end.
        .window(GlobalWindows.triggering(Never).discarding().allow_closed_window_drops())
        .map(|play| (play.user, play.score))
        .combine_per_key(Sum)
}

/// The score of each team in each hour.
pub(crate) fn of_teams_by_hour(plays: &PCollection<Play>) -> PCollection<(String, i64)> {
    plays
        .window(FixedWindows::of(hours(1)))
        .map(|play| (play.team, play.score))
        .combine_per_key(Sum)
}

/// The score of each team in each window: so far after every so many plays, when the window is complete,
/// and again after each play that comes late.
pub(crate) fn of_teams_early_and_late(
    plays: &PCollection<Play>,
    window: Duration,
    lateness: Duration,
    early_after: u64,
) -> PCollection<(String, i64)> {
    let panes = AfterWatermark::new().early(AfterCount::of(early_after)).late(AfterCount::of(1));
    let windows = FixedWindows::of(window).triggering(panes).allowed_lateness(lateness);
    plays.window(windows.accumulating()).map(|play| (play.team, play.score)).combine_per_key(Sum)
}

/// The total of each user so far, after every tenth play.
pub(crate) fn of_users_so_far(plays: &PCollection<Play>) -> PCollection<(String, i64)> {
    plays
        .window(GlobalWindows.triggering(Repeatedly::of(AfterCount::of(10))).accumulating())
        .map(|play| (play.user, play.score))
        .combine_per_key(Sum)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use watershed::{RunOptions, TimelyRunner, testing::GoldenFile};

    use super::*;

    #[test]
    fn a_board_is_told_early_on_time_and_late_on_every_runner() {
        let board = |plays: &_| of_teams_early_and_late(plays, minutes(20), hours(2), 3);
        let golden = || GoldenFile::at("golden/leader-board.jsonl");
        golden().check(board);
        let mut options = RunOptions::default();
        options.workers = 2;
        golden().on(Arc::new(TimelyRunner), options).check(board);
    }
}
