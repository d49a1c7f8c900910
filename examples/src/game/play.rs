//! A play, and the file of them.

use std::{
    fs::File,
    io::{BufRead, BufReader},
};

use serde::{Deserialize, Serialize};
use watershed::{Timestamp, model::BoxError};

use crate::replay::{Record, Records};

/// Somebody played.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Play {
    pub(crate) user: String,
    pub(crate) team: String,
    pub(crate) score: i64,
}

/// The plays of a file, in its order.
pub(crate) fn plays(path: &str) -> Result<Records<Play>, BoxError> {
    let lines = BufReader::new(File::open(path)?).lines();
    Ok(Box::new(lines.enumerate().map(|(place, line)| {
        play(&line?).map_err(|error| format!("line {}: {error}", place + 1).into())
    })))
}

/// The play of a line `user,team,score,millis`.
fn play(line: &str) -> Record<Play> {
    let mut fields = line.split(',').map(str::trim);
    let (Some(user), Some(team), Some(score), Some(millis), None) =
        (fields.next(), fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(format!("`{line}` is no play; one is user,team,score,millis").into());
    };
    let score = score.parse().map_err(|error| format!("the score `{score}`: {error}"))?;
    let millis = millis.parse().map_err(|error| format!("the time `{millis}`: {error}"))?;
    let (user, team) = (user.to_owned(), team.to_owned());
    Ok((Play { user, team, score }, Timestamp::from_millis(millis)))
}
