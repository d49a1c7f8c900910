//! Known days, and all days: what windows of the calendar are on both.

use chrono_tz::{Africa, America, Asia, Australia, Europe, Pacific};
use proptest::prelude::*;
use watershed_model::{days, hours, micros, minutes};

use super::*;

const ZONES: [Tz; 16] = [
    Tz::UTC,
    Europe::Berlin,
    Europe::London,
    Europe::Dublin,
    America::New_York,
    America::Sao_Paulo,
    America::Havana,
    America::St_Johns,
    America::Juneau,
    Asia::Beirut,
    Asia::Kathmandu,
    Asia::Manila,
    Africa::Cairo,
    Australia::Lord_Howe,
    Pacific::Apia,
    Pacific::Kwajalein,
];

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}
/// `2024-03-30T23:00Z`.
fn at(text: &str) -> Timestamp {
    DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M%#z").unwrap().into()
}
fn window(calendar: CalendarWindows, timestamp: Timestamp) -> IntervalWindow {
    let mut windows = Vec::new();
    WindowFn::<()>::assign(&calendar, &(), timestamp, &mut windows);
    assert_eq!(windows.len(), 1);
    windows[0]
}
fn between(start: &str, end: &str) -> IntervalWindow {
    IntervalWindow::new(at(start), at(end))
}
/// What the clock shows, up to the reach of chrono.
fn shown(zone: Tz, timestamp: Timestamp) -> chrono::NaiveDateTime {
    zone.from_utc_datetime(
        &DateTime::from_timestamp_micros(timestamp.as_micros()).unwrap().naive_utc(),
    )
    .naive_local()
}

/// Bounds of days at which clocks change, taken from another implementation of the time zone
/// database (Python's zoneinfo) minute by minute.
#[test]
fn days_on_which_clocks_change_are_as_long_as_they_are() {
    for (zone, start, end, length) in [
        (Europe::Berlin, "2024-03-30T23:00Z", "2024-03-31T22:00Z", hours(23)),
        (Europe::Berlin, "2024-10-26T22:00Z", "2024-10-27T23:00Z", hours(25)),
        (Europe::Berlin, "1945-05-23T22:00Z", "1945-05-24T21:00Z", hours(23)),
        (America::New_York, "2024-03-10T05:00Z", "2024-03-11T04:00Z", hours(23)),
        (America::New_York, "1918-03-31T05:00Z", "1918-04-01T04:00Z", hours(23)),
        (Australia::Lord_Howe, "2024-04-06T13:00Z", "2024-04-07T13:30Z", minutes(1470)),
        (Australia::Lord_Howe, "2024-10-05T13:30Z", "2024-10-06T13:00Z", minutes(1410)),
        (Asia::Kathmandu, "2023-12-31T18:15Z", "2024-01-01T18:15Z", hours(24)),
        // These clocks jump from midnight to one o'clock.
        (America::Sao_Paulo, "2018-11-04T03:00Z", "2018-11-05T02:00Z", hours(23)),
        (Asia::Beirut, "2022-03-26T22:00Z", "2022-03-27T21:00Z", hours(23)),
        (Africa::Cairo, "2023-04-27T22:00Z", "2023-04-28T21:00Z", hours(23)),
        (America::Havana, "2024-03-10T05:00Z", "2024-03-11T04:00Z", hours(23)),
        // These go back to midnight: it comes twice on the day, or only at the day's end.
        (America::Havana, "2024-11-03T04:00Z", "2024-11-04T05:00Z", hours(25)),
        (America::Sao_Paulo, "2018-02-17T02:00Z", "2018-02-18T03:00Z", hours(25)),
        (Asia::Beirut, "2022-10-28T21:00Z", "2022-10-29T22:00Z", hours(25)),
    ] {
        let day = between(start, end);
        let calendar = CalendarWindows::days(1).in_time_zone(zone);
        for inside in [day.start, day.start + hours(12), day.end - micros(1)] {
            assert_eq!(window(calendar, inside), day, "{zone} {inside}");
        }
        assert_eq!(day.end.since(day.start), length, "{zone} {start}");
        assert_ne!(window(calendar, day.end), day);
        assert_ne!(window(calendar, day.start - micros(1)), day);
    }
}

#[test]
fn a_day_that_has_begun_does_not_end_when_clocks_go_back_over_its_midnight() {
    // At 00:01 on 7 November 2010 the clocks of St John's went back to 23:01.
    let calendar = CalendarWindows::days(1).in_time_zone(America::St_Johns);
    let day = between("2010-11-07T02:30Z", "2010-11-08T03:30Z");
    let repeated = at("2010-11-07T03:00Z");
    assert_eq!(shown(America::St_Johns, repeated).to_string(), "2010-11-06 23:30:00");
    assert_eq!(window(calendar, repeated), day);
    assert_eq!(
        window(calendar, at("2010-11-07T02:29Z")),
        between("2010-11-06T02:30Z", "2010-11-07T02:30Z")
    );
}

#[test]
fn a_date_that_a_zone_left_out_is_no_window() {
    // Samoa crossed the date line: there was no 30 December 2011.
    let calendar = CalendarWindows::days(1).in_time_zone(Pacific::Apia);
    let jump = at("2011-12-30T10:00Z");
    assert_eq!(window(calendar, jump - micros(1)).end, jump);
    assert_eq!(window(calendar, jump), between("2011-12-30T10:00Z", "2011-12-31T10:00Z"));
    let year = CalendarWindows::years(1).in_time_zone(Pacific::Apia);
    let year = window(year, jump);
    assert_eq!(year.end.since(year.start), days(364));
}

#[test]
fn weeks_start_on_the_day_that_was_asked_for() {
    let monday = CalendarWindows::weeks(1, Weekday::Mon);
    let week = between("2024-02-26T00:00Z", "2024-03-04T00:00Z");
    assert_eq!(window(monday, at("2024-02-29T12:00Z")), week);
    assert_eq!(window(monday, at("2024-03-03T23:59Z")), week);
    let sunday = CalendarWindows::weeks(1, Weekday::Sun).in_time_zone(Europe::Berlin);
    let week = between("2024-03-30T23:00Z", "2024-04-06T22:00Z");
    assert_eq!(window(sunday, at("2024-04-01T00:00Z")), week);
    let pairs = CalendarWindows::weeks(2, Weekday::Mon);
    assert_eq!(
        window(pairs, Timestamp::from_seconds(0)),
        between("1969-12-29T00:00Z", "1970-01-12T00:00Z")
    );
}

#[test]
fn months_and_years_follow_the_calendar_and_their_start() {
    let months = CalendarWindows::months(1).in_time_zone(Europe::Berlin);
    assert_eq!(
        window(months, at("2024-03-31T21:59Z")),
        between("2024-02-29T23:00Z", "2024-03-31T22:00Z")
    );
    let quarters = CalendarWindows::months(3);
    assert_eq!(
        window(quarters, at("1969-12-31T23:59Z")),
        between("1969-10-01T00:00Z", "1970-01-01T00:00Z")
    );
    let from_the_last = CalendarWindows::months(1).starting_at(date("2023-01-31"));
    assert_eq!(
        window(from_the_last, at("2024-02-29T00:00Z")),
        between("2024-02-29T00:00Z", "2024-03-31T00:00Z")
    );
    assert_eq!(
        window(from_the_last, at("2024-02-28T23:59Z")),
        between("2024-01-31T00:00Z", "2024-02-29T00:00Z")
    );
    let fiscal = CalendarWindows::years(1).starting_at(date("2000-04-01"));
    assert_eq!(
        window(fiscal, at("2024-03-31T23:59Z")),
        between("2023-04-01T00:00Z", "2024-04-01T00:00Z")
    );
    let decades = CalendarWindows::years(10);
    assert_eq!(
        window(decades, at("1969-05-01T00:00Z")),
        between("1960-01-01T00:00Z", "1970-01-01T00:00Z")
    );
}

#[test]
fn several_days_are_counted_from_their_start_in_both_directions() {
    let calendar = CalendarWindows::days(10).starting_at(date("2024-01-05"));
    let windows = [
        (at("2024-01-04T23:59Z"), between("2023-12-26T00:00Z", "2024-01-05T00:00Z")),
        (at("2024-01-05T00:00Z"), between("2024-01-05T00:00Z", "2024-01-15T00:00Z")),
        (at("2024-01-24T23:59Z"), between("2024-01-15T00:00Z", "2024-01-25T00:00Z")),
    ];
    for (inside, expected) in windows {
        assert_eq!(window(calendar, inside), expected);
    }
}

#[test]
fn times_beyond_the_calendar_fall_into_its_first_and_last_window() {
    for zone in [Tz::UTC, America::Juneau, Asia::Manila] {
        for calendar in kinds(7).map(|kind| kind.in_time_zone(zone)) {
            let first = window(calendar, Timestamp::MIN);
            assert_eq!(first.start, Timestamp::MIN);
            assert_eq!(window(calendar, Timestamp::from_micros(micros_at(FIRST))), first);
            let last = window(calendar, Timestamp::MAX);
            assert_eq!(last.end, Timestamp::MAX);
            assert_eq!(window(calendar, last.start), last);
            assert_eq!(window(calendar, Timestamp::END_OF_GLOBAL_WINDOW), last);
        }
    }
    let anchors = [NaiveDate::MIN, NaiveDate::MAX];
    for calendar in anchors.map(|day| CalendarWindows::years(1).starting_at(day)) {
        let year = window(calendar, at("2024-05-05T00:00Z"));
        assert!(year.end.since(year.start) <= days(366));
    }
}

#[test]
fn a_length_of_none_or_of_ages_is_refused() {
    for number in [0, 1_000_000, u32::MAX] {
        for calendar in kinds(number) {
            let (problem, mend) = WindowFn::<()>::check(&calendar).unwrap_err();
            assert!(problem.contains(&number.to_string()) && mend.contains("CalendarWindows"));
            window(calendar, Timestamp::MAX); // no panic, though the pipeline is refused
        }
    }
    assert!(kinds(1).iter().all(|calendar| WindowFn::<()>::check(calendar).is_ok()));
}

#[test]
fn the_identity_names_every_parameter() {
    let calendar = CalendarWindows::weeks(2, Weekday::Sat).in_time_zone(Europe::Berlin);
    assert_eq!(
        format!("{calendar:?}"),
        "CalendarWindows { unit: Weeks, number: 2, start: 1970-01-03, zone: Europe/Berlin }"
    );
}

fn kinds(number: u32) -> [CalendarWindows; 4] {
    [
        CalendarWindows::days(number),
        CalendarWindows::weeks(number, Weekday::Wed),
        CalendarWindows::months(number),
        CalendarWindows::years(number),
    ]
}

fn calendars() -> impl Strategy<Value = CalendarWindows> {
    let anchor = prop::option::of((1700..2200i32, 1..=366u32));
    (0..4usize, 1..20u32, prop::sample::select(&ZONES[..]), anchor).prop_map(
        |(kind, number, zone, anchor)| {
            let calendar = kinds(number)[kind].in_time_zone(zone);
            let day = anchor.and_then(|(year, day)| NaiveDate::from_yo_opt(year, day));
            day.map_or(calendar, |day| calendar.starting_at(day))
        },
    )
}

/// Times of the 19th to the 21st century, mostly, and near changes of clocks; and any at all.
fn times() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        6 => (-6_000_000_000..7_000_000_000i64).prop_map(Timestamp::from_seconds),
        1 => any::<i64>().prop_map(Timestamp::from_micros),
        1 => (micros_at(LAST) - 9 * DAY..micros_at(LAST) + 9 * DAY).prop_map(Timestamp::from_micros),
        1 => (micros_at(FIRST) - 9 * DAY..micros_at(FIRST) + 9 * DAY).prop_map(Timestamp::from_micros),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn windows_hold_their_elements_and_stand_side_by_side(
        calendar in calendars(), timestamp in times(), steps in 1..40usize,
    ) {
        let first = window(calendar, timestamp);
        prop_assert!(first.start <= timestamp && (timestamp < first.end || timestamp == Timestamp::MAX));
        let mut here = first;
        for _ in 0..steps {
            if here.end == Timestamp::MAX {
                break;
            }
            let next = window(calendar, here.end);
            prop_assert_eq!(next.start, here.end);
            prop_assert_eq!(window(calendar, here.end - micros(1)), here);
            prop_assert!(next.end > next.start);
            here = next;
        }
    }

    /// A bound is the first instant whose clock is not before its midnight: looked for by going
    /// back minute by minute.
    #[test]
    fn a_day_starts_at_the_first_instant_of_its_date(
        zone in prop::sample::select(&ZONES[..]), second in -6_000_000_000..7_000_000_000i64,
    ) {
        let start = window(
            CalendarWindows::days(1).in_time_zone(zone), Timestamp::from_seconds(second),
        ).start;
        let midnight = shown(zone, start).date().and_time(NaiveTime::MIN);
        prop_assert!(shown(zone, start - micros(1)) < midnight);
        for back in 1..36 * 60 {
            prop_assert!(shown(zone, start - minutes(back)) < midnight);
        }
    }

    #[test]
    fn days_add_up_to_longer_windows(
        calendar in calendars(), timestamp in times(),
    ) {
        let day = window(CalendarWindows::days(1).in_time_zone(calendar.zone), timestamp);
        let longer = window(calendar, timestamp);
        prop_assert!(longer.start <= day.start && day.end <= longer.end);
    }
}
