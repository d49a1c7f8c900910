//! The play: rows of a CSV file, in order, and what they do to the two clocks.

use std::{fmt, num::IntErrorKind};

use csv::{ByteRecord, ReaderBuilder};
use watershed::{Duration, Timestamp, chrono::DateTime};

const COLUMNS: [&str; 4] = ["key", "value", "event_time", "arrival_time"];
const HEADER: &str = "key,value,event_time,arrival_time";

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) key: String,
    pub(crate) value: i64,
    pub(crate) event_time: Timestamp,
    pub(crate) arrival_time: Timestamp,
}

/// The two clocks once a row has been played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clocks {
    pub(crate) processing_time: Timestamp,
    pub(crate) watermark: Timestamp,
}

/// How the clocks stand after each row. Neither ever goes back: processing time follows arrivals, the
/// watermark stays `lag` behind the newest event.
pub(crate) fn clocks(rows: &[Row], lag: Duration) -> Vec<Clocks> {
    let mut now = Clocks { processing_time: Timestamp::MIN, watermark: Timestamp::MIN };
    let after = |row: &Row| {
        now.processing_time = now.processing_time.max(row.arrival_time);
        now.watermark = now.watermark.max(row.event_time - lag);
        now
    };
    rows.iter().map(after).collect()
}

/// What is wrong with a play, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PlayError {
    line: usize,
    column: Option<&'static str>,
    problem: String,
}

impl fmt::Display for PlayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl std::error::Error for PlayError {}

/// What is wrong with a record, and in which column, if it is one.
struct Wrong(Option<&'static str>, String);

/// Reads a whole play.
pub(crate) fn read(play: &[u8]) -> Result<Vec<Row>, PlayError> {
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(play);
    let mut record = ByteRecord::new();
    let mut rows = None;
    loop {
        let from = reader.position().byte() as usize;
        let on_its_line = |Wrong(column, problem)| {
            let line = line_of(play, from);
            PlayError { line, column, problem }
        };
        let read = reader.read_byte_record(&mut record);
        if !read.map_err(|error| on_its_line(Wrong(None, error.to_string())))? {
            break;
        }
        match &mut rows {
            None => {
                header(&record).map_err(on_its_line)?;
                rows = Some(Vec::new());
            }
            Some(rows) => rows.push(row(&record).map_err(on_its_line)?),
        }
    }
    rows.ok_or_else(|| {
        let problem = format!("the play is empty; it starts with the header {HEADER}");
        PlayError { line: 1, column: None, problem }
    })
}

/// The line on which the record starts that is read from `from` on: blank lines before it are none.
fn line_of(play: &[u8], from: usize) -> usize {
    let (before, rest) = play.split_at(from.min(play.len()));
    let blank = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    1 + before.iter().chain(blank).filter(|byte| **byte == b'\n').count()
}

fn header(record: &ByteRecord) -> Result<(), Wrong> {
    if record.iter().eq(COLUMNS.iter().map(|column| column.as_bytes())) {
        return Ok(());
    }
    let found: Vec<_> = record.iter().map(String::from_utf8_lossy).collect();
    let found = shorten(&found.join(","));
    Err(Wrong(None, format!("the header is `{found}`; it must be {HEADER}")))
}

fn row(record: &ByteRecord) -> Result<Row, Wrong> {
    if record.len() != COLUMNS.len() {
        let mut problem = format!("there are {} fields; {HEADER} are 4", record.len());
        if record.iter().any(|field| field.contains(&b'\n')) {
            problem.push_str(" (a quote may be left open)");
        }
        return Err(Wrong(None, problem));
    }
    let wrong = |place: usize| move |problem| Wrong(Some(COLUMNS[place]), problem);
    let text = |place: usize| {
        let field = &record[place];
        std::str::from_utf8(field).map_err(|error| {
            let byte = field.get(error.valid_up_to()).copied().unwrap_or_default();
            wrong(place)(format!("not UTF-8: byte {byte:#04x}"))
        })
    };
    Ok(Row {
        key: text(0)?.to_string(),
        value: integer(text(1)?).map_err(wrong(1))?,
        event_time: time(text(2)?).and_then(legal).map_err(wrong(2))?,
        arrival_time: time(text(3)?).map_err(wrong(3))?,
    })
}

fn integer(text: &str) -> Result<i64, String> {
    let shown = shorten(text);
    text.trim().parse::<i64>().map_err(|error| match error.kind() {
        IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => {
            format!("`{shown}` does not fit into 64 bits")
        }
        IntErrorKind::Empty => "empty; it must be a whole number".into(),
        _ => format!("`{shown}` is no whole number"),
    })
}

/// Milliseconds since the epoch, or RFC 3339.
fn time(text: &str) -> Result<Timestamp, String> {
    let text = text.trim();
    let shown = shorten(text);
    match text.parse::<i64>() {
        Ok(millis) => {
            let micros = millis.checked_mul(1_000);
            let beyond =
                || format!("`{shown}` ms is beyond what a timestamp holds (292,000 years)");
            micros.map(Timestamp::from_micros).ok_or_else(beyond)
        }
        Err(error)
            if matches!(error.kind(), IntErrorKind::PosOverflow | IntErrorKind::NegOverflow) =>
        {
            Err(format!("`{shown}` ms is beyond what a timestamp holds (292,000 years)"))
        }
        Err(_) => match DateTime::parse_from_rfc3339(text) {
            Ok(time) => Ok(Timestamp::from(time)),
            Err(error) => Err(format!(
                "`{shown}` is no time ({error}); one is 1711843200000, in ms since the epoch, or \
                 2024-03-31T00:00:00Z, as RFC 3339 says"
            )),
        },
    }
}

/// An element lies no later than the end of the global window.
fn legal(event_time: Timestamp) -> Result<Timestamp, String> {
    let last = Timestamp::END_OF_GLOBAL_WINDOW;
    if event_time > last {
        let (given, last) = (event_time.to_millis(), last.to_millis());
        return Err(format!("`{given}` ms lies behind the last legal time, {last} ms"));
    }
    Ok(event_time)
}

/// A field as an error shows it: one line, and not a whole file.
fn shorten(text: &str) -> String {
    let mut shown: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    if text.chars().nth(60).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use watershed::seconds;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }
    fn line(key: &str, value: i64, event_time: i64, arrival_time: i64) -> Row {
        let (event_time, arrival_time) = (at(event_time), at(arrival_time));
        Row { key: key.into(), value, event_time, arrival_time }
    }
    fn rows(lines: &str) -> Result<Vec<Row>, String> {
        read(format!("{HEADER}\n{lines}").as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn rows_come_in_the_order_of_the_file() {
        assert_eq!(
            rows("b,1,2000,10\na,-2,-1000,5\n"),
            Ok(vec![line("b", 1, 2000, 10), line("a", -2, -1000, 5)])
        );
        assert_eq!(rows(""), Ok(vec![]));
        assert_eq!(rows("a,1, 2 , 3"), Ok(vec![line("a", 1, 2, 3)]));
    }

    #[test]
    fn times_are_milliseconds_or_rfc_3339() {
        let row = &rows("a,1,2024-03-31T02:00:00.5+02:00,1969-12-31T23:59:59.999Z").unwrap()[0];
        assert_eq!((row.event_time, row.arrival_time), (at(1_711_843_200_500), at(-1)));
        let far = rows("a,1,9223371950454775,-9223372036854775").unwrap();
        assert_eq!(far[0].event_time, at(9_223_371_950_454_775));
    }

    #[test]
    fn keys_may_be_quoted_and_hold_anything() {
        let lines =
            "\"Paris, \"\"CDG\"\"\",1,2,3\r\n\"two\nlines\",1,2,3\r\n\"\",1,2,3\nÅ 東,1,2,3\n";
        let keys: Vec<String> = rows(lines).unwrap().into_iter().map(|row| row.key).collect();
        assert_eq!(keys, ["Paris, \"CDG\"", "two\nlines", "", "Å 東"]);
    }

    #[test]
    fn an_error_names_the_line_the_column_and_what_is_wrong() {
        for (lines, expected) in [
            ("a,1,2,3\nb,x,2,3", "line 3, column value: `x` is no whole number"),
            ("a,,2,3", "line 2, column value: empty; it must be a whole number"),
            ("a,1.5,2,3", "line 2, column value: `1.5` is no whole number"),
            (
                "a,9223372036854775808,2,3",
                "line 2, column value: `9223372036854775808` does not fit into 64 bits",
            ),
            (
                "a,1,9223372036854776,3",
                "line 2, column event_time: `9223372036854776` ms is beyond what a timestamp holds (292,000 years)",
            ),
            (
                "a,1,9223371950454776,3",
                "line 2, column event_time: `9223371950454776` ms lies behind the last legal time, 9223371950454775 ms",
            ),
            (
                "a,1,2,-99999999999999999999",
                "line 2, column arrival_time: `-99999999999999999999` ms is beyond what a timestamp holds (292,000 years)",
            ),
            ("a,1,2", "line 2: there are 3 fields; key,value,event_time,arrival_time are 4"),
            ("a,1,2,3,4", "line 2: there are 5 fields; key,value,event_time,arrival_time are 4"),
            (
                "a,1,2,3\n\"b,1,2,3\nc,1,2,3",
                "line 3: there are 1 fields; key,value,event_time,arrival_time are 4 (a quote may be left open)",
            ),
        ] {
            assert_eq!(rows(lines), Err(expected.to_string()), "{lines}");
        }
        let error = rows("a,1,yesterday,3").unwrap_err();
        assert!(error.starts_with("line 2, column event_time: `yesterday` is no time"), "{error}");
        assert!(error.contains("1711843200000") && error.contains("RFC 3339"), "{error}");
    }

    #[test]
    fn lines_are_counted_as_an_editor_does() {
        for lines in
            ["a,1,2,3\n\n\nb,x,2,3", "a,1,2,3\r\n\r\n\r\nb,x,2,3", "\"a\nb\nc\",1,2,3\nb,x,2,3"]
        {
            assert!(rows(lines).unwrap_err().starts_with("line 5, column value"), "{lines:?}");
        }
    }

    #[test]
    fn a_file_without_its_header_is_refused() {
        let told = |play: &[u8]| read(play).unwrap_err().to_string();
        for nothing in ["", "\n\n"] {
            assert_eq!(
                told(nothing.as_bytes()),
                "line 1: the play is empty; it starts with the header key,value,event_time,arrival_time"
            );
        }
        assert_eq!(
            told(b"a,1,2,3\n"),
            "line 1: the header is `a,1,2,3`; it must be key,value,event_time,arrival_time"
        );
        assert_eq!(told(b"key;value\n\xff").lines().count(), 1);
        assert!(told(b"key,value,event_time\n").contains("must be"));
        assert_eq!(read(format!("\u{feff}{HEADER}\r\n").as_bytes()), Ok(vec![]));
    }

    #[test]
    fn what_is_not_utf8_is_an_error_and_not_guessed() {
        let play = [HEADER.as_bytes(), b"\na,1,2,3\nb\xff,1,2,3\n"].concat();
        let error = read(&play).unwrap_err().to_string();
        assert_eq!(error, "line 3, column key: not UTF-8: byte 0xff");
    }

    #[test]
    fn clocks_never_go_back() {
        let rows = [line("a", 1, 5000, 10), line("a", 1, 1000, 7), line("a", 1, 6000, 12)];
        let after = |processing_time, watermark| Clocks {
            processing_time: at(processing_time),
            watermark: at(watermark),
        };
        assert_eq!(clocks(&rows, seconds(2)), [after(10, 3000), after(10, 3000), after(12, 4000)]);
        let oldest = [Row { event_time: Timestamp::MIN, ..line("a", 1, 0, 0) }];
        assert_eq!(clocks(&oldest, seconds(2))[0].watermark, Timestamp::MIN);
    }
}
