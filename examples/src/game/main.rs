//! A mobile game: the scores of its users and teams, from the plays that their phones send.
//!
//! ```text
//! game generate --events 100000 --output plays.csv
//! game user-score        --input plays.csv    the total of each user
//! game hourly-team-score --input plays.csv    the score of each team in each hour
//! game leader-board      --input plays.csv    teams by window, early and late, and users so far
//! game stats             --input plays.csv    how long users play at a stretch, without robots
//! ```
//!
//! A play is a line `user,team,score,millis`, the last its event time. Phones send plays when they can:
//! most within seconds, some much later, so lines are out of order. Each job reads them as a batch, or with
//! `--read-as stream` one after the other behind a watermark, by the same code. (The jobs are those by which
//! Beam's documents teach event time.)
//!
//! What it shows: one pipeline over a batch and over a stream; fixed windows with early and late panes that
//! accumulate; totals in the global window that are told again and again; side inputs that are computed beside,
//! window by window, and read by what they were computed from; sessions.

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use watershed::{Duration, prelude::*};

mod generate;
#[path = "../label.rs"]
mod label;
mod play;
#[path = "../replay.rs"]
mod replay;
mod scores;
mod stats;

use replay::{Replay, ReplayArguments};

#[derive(Parser)]
#[command(about = "A mobile game: the scores of its users and teams.")]
struct Arguments {
    #[command(subcommand)]
    job: Job,
}

#[derive(Subcommand)]
enum Job {
    /// Makes plays.
    Generate(generate::Arguments),
    /// The total score of each user.
    UserScore(Scoring),
    /// The score of each team in each hour.
    HourlyTeamScore(Scoring),
    /// The score of each team in each window, early and late, and the totals of all users so far.
    LeaderBoard(Board),
    /// How long users play at a stretch on average, in each window, without robots.
    Stats(Stats),
}

#[derive(Args)]
struct Scoring {
    /// The file of plays.
    #[arg(long)]
    input: String,

    /// The file to write, or - for standard output.
    #[arg(long, default_value = "-")]
    output: String,

    #[command(flatten)]
    replay: ReplayArguments,

    #[command(flatten)]
    pipeline: PipelineOptions,
}

#[derive(Args)]
struct Board {
    #[command(flatten)]
    scoring: Scoring,

    /// The file for the users' totals.
    #[arg(long)]
    users: String,

    /// The size of the teams' windows.
    #[arg(long, value_name = "SPAN", default_value = "20m")]
    window: Duration,

    /// How long after a window's end plays still count.
    #[arg(long, value_name = "SPAN", default_value = "2h")]
    lateness: Duration,

    /// After how many plays a team's score so far is told.
    #[arg(long, value_name = "N", default_value_t = 100)]
    early_after: u64,
}

#[derive(Args)]
struct Stats {
    #[command(flatten)]
    scoring: Scoring,

    /// The size of the windows.
    #[arg(long, value_name = "SPAN", default_value = "1h")]
    window: Duration,

    /// After how long without a play a session is over.
    #[arg(long, value_name = "SPAN", default_value = "5m")]
    gap: Duration,

    /// How many times the mean score of a window is more than people make.
    #[arg(long, value_name = "FACTOR", default_value_t = 2.5)]
    robot_factor: f64,
}

impl Scoring {
    fn plays(&self, pipeline: &Pipeline) -> PCollection<play::Play> {
        let path = self.input.clone();
        pipeline.read(Replay::new(&self.input, &self.replay, move || play::plays(&path)))
    }
}

fn main() -> ExitCode {
    let pipeline = Pipeline::new();
    let options = match Arguments::parse().job {
        Job::Generate(arguments) => return generate::generate(&arguments),
        Job::UserScore(scoring) => {
            let totals = scores::of_users(&scoring.plays(&pipeline));
            totals
                .map(|(user, total)| format!("{user}: {total}"))
                .apply(text::write(scoring.output).shards(1));
            scoring.pipeline
        }
        Job::HourlyTeamScore(scoring) => {
            let hourly = scores::of_teams_by_hour(&scoring.plays(&pipeline));
            hourly.par_do(label::Label).apply(text::write(scoring.output).shards(1));
            scoring.pipeline
        }
        Job::LeaderBoard(board) => {
            let Board { scoring, users, window, lateness, early_after } = board;
            let plays = scoring.plays(&pipeline);
            let teams = scores::of_teams_early_and_late(&plays, window, lateness, early_after);
            teams.par_do(label::Label).apply(text::write(scoring.output).shards(1));
            let so_far = scores::of_users_so_far(&plays);
            so_far.par_do(label::Label).apply(text::write(users).shards(1));
            scoring.pipeline
        }
        Job::Stats(Stats { scoring, window, gap, robot_factor }) => {
            let plays = scoring.plays(&pipeline);
            let means = stats::mean_session(&plays, window, gap, robot_factor);
            means
                .map_values(|seconds| format!("{seconds:.1} s"))
                .par_do(label::Label)
                .apply(text::write(scoring.output).shards(1));
            scoring.pipeline
        }
    };
    watershed::exit_code(pipeline.run(&options))
}
