//! Calendar windows: days, weeks, months and years as people in a time zone count them.
//!
//! A window's bounds are midnights on the wall clock of the zone, so a day lasts 23 or 25 hours when
//! the clocks change, and a month has as many days as it has. A bound is the *first* instant at which
//! the clock shows that midnight or something later:
//!
//! ```text
//!   the clocks jump over midnight     ..23:59 | 01:00..           the day starts at 01:00
//!   midnight comes twice              ..23:59 | 00:00..00:59, 00:00..   at the earlier one
//!   a whole day is left out           29th..23:59 | 31st 00:00..  the 30th is no window
//! ```
//!
//! Elements go by instants, not by the date that the clock shows: where clocks go back from 00:01 to
//! 23:01, the new day has begun, and what comes in the repeated hour belongs to it. So windows stand
//! side by side without gap or overlap, whatever clocks do.

use chrono::{
    DateTime, Datelike, Days, MappedLocalTime, Months, NaiveDate, NaiveTime, Offset, TimeZone,
    Weekday,
};
use chrono_tz::{GapInfo, Tz};
use watershed_model::{IntervalWindow, Timestamp, fault};

use super::WindowFn;

/// The calendar's reach. chrono counts some 262,142 years either way, a [`Timestamp`] more.
const FIRST: NaiveDate = january_first(-262_000);
const LAST: NaiveDate = january_first(262_000);
const EPOCH: NaiveDate = january_first(1970);
/// The reach as instants, two days wider than in dates, so that no zone's offset matters.
const REACH: (i64, i64) = (micros_at(FIRST) - 2 * DAY, micros_at(LAST) + 2 * DAY);
const DAY: i64 = 86_400_000_000;
const MAX_YEARS: u32 = 1_000;

const fn january_first(year: i32) -> NaiveDate {
    match NaiveDate::from_ymd_opt(year, 1, 1) {
        Some(date) => date,
        None => NaiveDate::MIN,
    }
}

const fn micros_at(date: NaiveDate) -> i64 {
    date.and_time(NaiveTime::MIN).and_utc().timestamp_micros()
}

/// Windows of calendar days, weeks, months or years, in UTC or another time zone. (Beam:
/// `CalendarWindows`.)
///
/// ```
/// use watershed_core::{CalendarWindows, chrono::Weekday, chrono_tz::Europe::Berlin};
///
/// CalendarWindows::days(1).in_time_zone(Berlin);       // 23, 24 or 25 hours
/// CalendarWindows::weeks(1, Weekday::Mon);
/// CalendarWindows::months(3);                          // the quarters of a year
/// CalendarWindows::years(1);
/// ```
///
/// Bounds are midnights in the zone. A midnight that its clocks jump over is the first instant after
/// the jump, one that comes twice is the earlier. The rules of time zones are known from their
/// beginnings to 2099; before and after, a zone keeps the offset that it had first or has last.
///
/// Times before the year −262,000 all fall into the first window, which starts at
/// [`Timestamp::MIN`]; those after the year 262,000 into the last, which ends at [`Timestamp::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalendarWindows {
    unit: Unit,
    number: u32,
    start: NaiveDate,
    zone: Tz,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Days,
    Weeks,
    Months,
    Years,
}

impl CalendarWindows {
    fn new(unit: Unit, number: u32, start: NaiveDate) -> Self {
        CalendarWindows { unit, number, start, zone: Tz::UTC }
    }

    /// Windows of `number` days, one of which starts on 1 January 1970.
    pub fn days(number: u32) -> Self {
        CalendarWindows::new(Unit::Days, number, EPOCH)
    }

    /// Windows of `number` weeks that start on `first_day`; one of them starts on that day of the
    /// week from Monday, 29 December 1969, to Sunday, 4 January 1970.
    pub fn weeks(number: u32, first_day: Weekday) -> Self {
        let start = EPOCH.week(Weekday::Mon).first_day()
            + Days::new(u64::from(first_day.num_days_from_monday()));
        CalendarWindows::new(Unit::Weeks, number, start)
    }

    /// Windows of `number` months from the first of a month; one of them starts on 1 January 1970.
    pub fn months(number: u32) -> Self {
        CalendarWindows::new(Unit::Months, number, EPOCH)
    }

    /// Windows of `number` years from 1 January; one of them starts in 1970.
    pub fn years(number: u32) -> Self {
        CalendarWindows::new(Unit::Years, number, EPOCH)
    }

    /// Takes the midnights of this time zone instead of those of UTC.
    pub fn in_time_zone(self, zone: Tz) -> Self {
        CalendarWindows { zone, ..self }
    }

    /// Makes one of the windows start on `day`; the others follow and precede it. It sets the day of
    /// the week for weeks, that of the month for months, and that of the year for years. A month
    /// without that day (the 31st, say) is entered on its last.
    pub fn starting_at(self, day: NaiveDate) -> Self {
        CalendarWindows { start: day, ..self }
    }

    /// The length in days, if it is one, or else in months. A check has refused zero.
    fn length(&self) -> (i64, bool) {
        let number = i64::from(self.number.max(1));
        match self.unit {
            Unit::Days => (number, true),
            Unit::Weeks => (7 * number, true),
            Unit::Months => (number, false),
            Unit::Years => (12 * number, false),
        }
    }

    /// The number of the window that a date is in, if the clock shows the truth.
    fn window_of(&self, date: NaiveDate) -> i64 {
        let (length, in_days) = self.length();
        if in_days {
            return (days_of(date) - days_of(self.start)).div_euclid(length);
        }
        let months = months_of(date) - months_of(self.start);
        let entered = date.day() >= self.start.day()
            || add_months(self.start, months).is_some_and(|day| date >= day);
        (months - i64::from(!entered)).div_euclid(length)
    }

    /// The start of a window by its number.
    fn start_of(&self, window: i64) -> Timestamp {
        let (length, in_days) = self.length();
        let span = window.saturating_mul(length);
        let date = match in_days {
            true => i32::try_from(days_of(self.start).saturating_add(span))
                .ok()
                .and_then(NaiveDate::from_num_days_from_ce_opt),
            false => add_months(self.start, span),
        };
        match date {
            Some(date) if date <= FIRST => Timestamp::MIN,
            Some(date) if date <= LAST => midnight(date, self.zone),
            None if span < 0 => Timestamp::MIN,
            _ => Timestamp::MAX,
        }
    }
}

fn days_of(date: NaiveDate) -> i64 {
    i64::from(date.num_days_from_ce())
}

fn months_of(date: NaiveDate) -> i64 {
    i64::from(date.year()) * 12 + i64::from(date.month0())
}

/// The same day of another month, or that month's last.
fn add_months(date: NaiveDate, months: i64) -> Option<NaiveDate> {
    let span = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
    if months < 0 { date.checked_sub_months(span) } else { date.checked_add_months(span) }
}

/// The first instant at which clocks show midnight of this date or something later.
fn midnight(date: NaiveDate, zone: Tz) -> Timestamp {
    let clock = date.and_time(NaiveTime::MIN);
    let shown = Timestamp::from_micros(micros_at(date));
    if fault!("calendars-know-no-time-zones") {
        return shown;
    }
    match zone.offset_from_local_datetime(&clock) {
        MappedLocalTime::Single(offset) | MappedLocalTime::Ambiguous(offset, _) => {
            shown - watershed_model::seconds(i64::from(offset.fix().local_minus_utc()))
        }
        MappedLocalTime::None => {
            // The clock jumps when its former offset has reached the gap: there is always one.
            let before = GapInfo::new(&clock, &zone).and_then(|gap| gap.begin);
            before
                .map_or(shown, |(clock, offset)| Timestamp::from((clock - offset.fix()).and_utc()))
        }
    }
}

impl<T> WindowFn<T> for CalendarWindows {
    type Window = IntervalWindow;

    fn assign(&self, _: &T, timestamp: Timestamp, windows: &mut Vec<IntervalWindow>) {
        let instant = timestamp.as_micros().clamp(REACH.0, REACH.1);
        let utc = DateTime::from_timestamp_micros(instant).unwrap_or_default().naive_utc();
        let offset = self.zone.offset_from_utc_datetime(&utc).fix();
        let shown = (utc + offset).date().clamp(FIRST, LAST);
        let mut window = self.window_of(shown);
        let mut start = self.start_of(window);
        let mut end = self.start_of(window + 1);
        // Clocks have gone back over a midnight that counts: the window after has begun already.
        while timestamp >= end && end < Timestamp::MAX {
            window += 1;
            (start, end) = (end, self.start_of(window + 1));
        }
        windows.push(IntervalWindow::new(start, end));
    }

    fn window_at(&self, at: Timestamp) -> Option<IntervalWindow> {
        let mut windows = Vec::new();
        WindowFn::<()>::assign(self, &(), at, &mut windows);
        windows.pop()
    }

    fn check(&self) -> Result<(), (String, String)> {
        let (unit, limit, example) = match self.unit {
            Unit::Days => ("days", MAX_YEARS * 366, "days(1)"),
            Unit::Weeks => ("weeks", MAX_YEARS * 53, "weeks(1, Weekday::Mon)"),
            Unit::Months => ("months", MAX_YEARS * 12, "months(1)"),
            Unit::Years => ("years", MAX_YEARS, "years(1)"),
        };
        if (1..=limit).contains(&self.number) {
            return Ok(());
        }
        Err((
            format!("the windows' length is {} {unit}", self.number),
            format!("give a length from 1 to {limit} {unit}: CalendarWindows::{example}"),
        ))
    }
}

#[cfg(test)]
mod tests;
