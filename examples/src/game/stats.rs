//! How long users play at a stretch, without those who are no people.

use watershed::{Duration, model::Window, prelude::*};

use crate::play::Play;

/// Users who score more than so many times the mean of all users in a window, and what they
/// scored.
fn robots(plays: &PCollection<Play>, window: Duration, factor: f64) -> View<ViewMap<String, i64>> {
    let totals = plays
        .window(FixedWindows::of(window))
        .map(|play| (play.user, play.score))
        .combine_per_key(Sum);
    let mean = totals.values().combine_globally_without_defaults(Mean);
    // Nothing is greater than the mean of nobody.
    let mean = mean.as_singleton_or(f64::INFINITY);
    totals.filter_with(&mean, move |(_, total), mean| *total as f64 > factor * *mean).as_map()
}

/// The mean length, in seconds, of the sessions that ended in each window. A session goes on until its user
/// has not played for `gap`.
pub(crate) fn mean_session(
    plays: &PCollection<Play>,
    window: Duration,
    gap: Duration,
    factor: f64,
) -> PCollection<(String, f64)> {
    let robots = robots(plays, window, factor);
    plays
        .window(FixedWindows::of(window))
        .filter_with(&robots, |play, robots| !robots.contains_key(&play.user))
        .map(|play| (play.user, ()))
        .window(Sessions::with_gap(gap))
        .combine_per_key(Count)
        .par_do(Length { gap })
        .window(FixedWindows::of(window))
        .combine_per_key(Mean)
}

/// How long a session is, from its first play to its last.
#[derive(Clone)]
struct Length {
    gap: Duration,
}

impl DoFn<(String, u64)> for Length {
    type Outputs = One<(String, f64)>;

    fn process(
        &mut self,
        _: (String, u64),
        cx: &ElementContext<'_>,
        lengths: &mut Emitters<Self, (String, u64)>,
    ) -> Result<(), BoxError> {
        let [Window::Interval { start, end }] = cx.windows() else {
            return Err("a session has a beginning and an end".into());
        };
        // Its window reaches one gap behind the last play.
        let length = (*end - self.gap).since(*start);
        lengths.emit(("mean session".to_string(), length.as_micros() as f64 / 1e6));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use watershed::{
        IntervalWindow, TestStream,
        testing::{TestPipeline, assert_that},
    };

    use super::*;

    #[test]
    fn robots_are_left_out_of_the_mean_session() {
        let at = Timestamp::from_seconds;
        let play = |user: &str, score: i64, second: i64| {
            (Play { user: user.to_owned(), team: "red".to_owned(), score }, at(second))
        };
        // One plays all the time; of the others one has sessions of 30 s and of nothing, one of 60 s.
        let robot = (0..100).map(|second| play("robot", 50, second));
        let people = [
            play("ann", 5, 0),
            play("ann", 5, 30),
            play("ann", 5, 300),
            play("bob", 5, 10),
            play("bob", 5, 70),
        ];
        let pipeline = TestPipeline::new();
        let plays = TestStream::new().elements(robot.chain(people)).advance_watermark_to_infinity();
        let means = mean_session(&pipeline.apply(plays), minutes(10), minutes(1) + seconds(1), 2.0);
        let window = IntervalWindow::new(at(0), at(600));
        assert_that(&means)
            .in_on_time_pane(window)
            .is_singleton(("mean session".to_string(), 30.0));
        assert_that(&means).is_singleton(("mean session".to_string(), 30.0));
        pipeline.run();
    }
}
