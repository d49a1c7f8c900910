//! Made plays.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    process::ExitCode,
};

use clap::Args;

#[derive(Args)]
pub(crate) struct Arguments {
    /// How many plays, such as 5000 or 10m.
    #[arg(long, value_name = "N", value_parser = count, default_value = "100k")]
    events: u64,

    /// How many plays there are in a second of event time.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    per_second: u64,

    /// How many of the users are robots, which make one play in ten.
    #[arg(long, value_name = "N", default_value_t = 0)]
    robots: u64,

    /// Other seeds make other plays.
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// The file to write, or - for standard output.
    #[arg(long, default_value = "-")]
    output: String,
}

/// A number, with `k` for thousands and `m` for millions.
fn count(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1_000),
        None => text.strip_suffix(['m', 'M']).map_or((text, 1), |digits| (digits, 1_000_000)),
    };
    let number = digits.parse::<u64>().map_err(|error| error.to_string())?;
    number.checked_mul(unit).ok_or_else(|| "too many".to_owned())
}

pub(crate) fn generate(arguments: &Arguments) -> ExitCode {
    let written = match arguments.output.as_str() {
        "-" => write(arguments, io::stdout().lock()),
        path => File::create(path).and_then(|file| write(arguments, file)),
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read has had enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: cannot write `{}`: {error}", arguments.output);
            ExitCode::FAILURE
        }
    }
}

/// The first play, in milliseconds: 2026-01-01.
const BEGINNING: u64 = 1_767_225_600_000;
const USERS: u64 = 1_000;
const TEAMS: [&str; 8] =
    ["amber", "azure", "coral", "emerald", "indigo", "ivory", "ruby", "saffron"];

/// Plays in the order in which they arrive. Nine of ten were played within the last five seconds, the
/// others within the last minute, and one in a hundred up to an hour ago.
fn write(arguments: &Arguments, to: impl Write) -> io::Result<()> {
    let mut out = BufWriter::new(to);
    let mut random = Random(arguments.seed);
    for play in 0..arguments.events {
        // The smaller of two: some users play more than others.
        let user = random.below(USERS).min(random.below(USERS));
        let team = TEAMS[(user % TEAMS.len() as u64) as usize];
        let score = random.below(20);
        let delay = match random.below(100) {
            0 => random.below(3_600_000),
            1..10 => random.below(60_000),
            _ => random.below(5_000),
        };
        let arrival = BEGINNING + play.saturating_mul(1_000) / arguments.per_second;
        if arguments.robots > 0 && random.below(10) == 0 {
            let robot = random.below(arguments.robots);
            writeln!(out, "robot{robot},{team},{score},{}", arrival - delay)?;
            continue;
        }
        writeln!(out, "user{user},{team},{score},{}", arrival - delay)?;
    }
    out.flush()
}

/// Sebastiano Vigna's SplitMix64 (public domain): the same plays everywhere for a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % end
    }
}
