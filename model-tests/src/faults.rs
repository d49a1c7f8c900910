//! The committed list of deliberate faults, by which the suite shows that its tests bite.
//!
//! Each is one line of the engine, compiled in with the feature `faults` and chosen when the program
//! starts. Then every id that is said to catch it must fail: on the direct runner, if no other line of
//! the matrix is named.

use crate::LineName;

/// A deliberate fault.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// The name by which it stands in the engine: `fault!("name")`.
    pub name: &'static str,
    /// What it breaks.
    pub breaks: &'static str,
    /// The behaviours that must be seen to fail, each of them.
    pub caught_by: &'static [&'static str],
    /// The line of the matrix on which they must.
    pub on: LineName,
}

impl Fault {
    const fn on(self, runner: &'static str, workers: usize, processes: usize) -> Self {
        Fault { on: LineName { runner, workers, processes }, ..self }
    }
}

/// The fault with this name.
pub fn fault(name: &str) -> Option<&'static Fault> {
    FAULTS.iter().find(|fault| fault.name == name)
}

const fn breaking(
    name: &'static str,
    breaks: &'static str,
    caught_by: &'static [&'static str],
) -> Fault {
    let on = LineName { runner: "direct", workers: 1, processes: 1 };
    Fault { name, breaks, caught_by, on }
}

/// All faults.
pub const FAULTS: &[Fault] = &[
    breaking(
        "a-changed-accumulator-passes",
        "an accumulator whose encoding changes on a round trip is not noticed",
        &["GP-05"],
    ),
    breaking(
        "a-changed-encoding-passes",
        "an element whose encoding changes on a round trip is not noticed",
        &["GP-18"],
    ),
    breaking(
        "a-cut-restriction-loses-a-position",
        "a restriction that is cut loses a position",
        &["SR-03"],
    ),
    breaking(
        "a-drain-is-told-as-done",
        "the report of a drained run says that it came to its end",
        &["MT-03"],
    ),
    breaking("a-failed-run-commits", "sinks commit though a step failed", &["EW-06", "EW-11"]),
    breaking(
        "a-jump-fires-twice",
        "a jump of the watermark past end and expiry is two steps",
        &["PA-10"],
    ),
    breaking(
        "a-jump-passes-one-time-only",
        "a step of the watermark fires only what is due first",
        &["WM-06"],
    ),
    breaking(
        "a-map-view-takes-the-last",
        "of two values of one key a map view shows the last",
        &["SI-08"],
    ),
    breaking("a-single-view-shows-any", "of several values a singleton view shows one", &["SI-02"]),
    breaking(
        "as-of-looks-ahead",
        "an as-of join gives what is in force a microsecond later",
        &["GP-29"],
    ),
    breaking("assertions-always-hold", "a difference from what was expected passes", &["SR-05"]),
    breaking("assertions-see-all-panes", "an assertion on some panes sees all", &["SR-05"]),
    breaking("assertions-see-all-windows", "an assertion on one window sees all", &["SR-05"]),
    breaking(
        "async-calls-are-not-made-again",
        "an asynchronous call that failed is not made again",
        &["EW-19"],
    ),
    breaking(
        "async-calls-know-no-bound",
        "all asynchronous calls of a bundle run at once",
        &["EW-19"],
    ),
    breaking(
        "batches-grow-past-their-bytes",
        "a value joins a batch that it makes too large",
        &["GP-16"],
    ),
    breaking(
        "batches-wait-for-ever",
        "a batch that has waited long enough does not go out",
        &["GP-16"],
    ),
    breaking("bytes-are-not-counted", "reports say that elements take no bytes", &["MT-02"]),
    breaking(
        "bytes-of-a-key-may-differ",
        "equal keys with unequal bytes are not noticed",
        &["GP-18"],
    ),
    breaking(
        "calendars-know-no-time-zones",
        "calendar windows begin at midnight in UTC, whatever the zone",
        &["WN-04"],
    ),
    breaking(
        "closed-drops-count-as-late",
        "what a closed window drops is counted as late",
        &["WM-13", "WM-18"],
    ),
    breaking(
        "composed-merges-lose-the-last",
        "merging composed accumulators forgets the last part",
        &["GP-08"],
    ),
    breaking(
        "counters-take-the-greatest",
        "of what is counted here and there the greater counts",
        &["MT-01"],
    ),
    breaking(
        "create-loses-an-element-when-cut",
        "elements from memory: a cut reader loses one element",
        &["SR-01"],
    ),
    breaking(
        "create-splits-overlap",
        "elements from memory: each split begins where the one before it does",
        &["SR-01"],
    ),
    breaking(
        "custom-windows-lose-their-fields",
        "of an author's window only its end is kept",
        &["WN-05", "WN-18"],
    ),
    breaking(
        "deadlines-come-late",
        "processing time is due only after its target",
        &["TR-04", "TR-13"],
    ),
    breaking(
        "deltas-go-by-the-newest",
        "a batch by delta ends at a change from the value before, not from the first",
        &["GP-31"],
    ),
    breaking("direct-keeps-its-instances", "instances are never replaced", &["EW-14"]),
    breaking("direct-keeps-the-order", "elements are never permuted", &["GP-21"]),
    breaking(
        "direct-loses-a-cut-split",
        "what was cut off a running split is not read",
        &["SR-01"],
    ),
    breaking(
        "direct-loses-the-rest-of-a-cut-bundle",
        "a bundle that is cut at random loses its last part",
        &["EW-01", "EW-04", "GP-01"],
    ),
    breaking(
        "direct-serves-only-the-first-reader",
        "a collection's second reader gets nothing",
        &["EW-10"],
    ),
    breaking("distinct-says-it-again", "distinct gives a value in every pane", &["GP-24"]),
    breaking(
        "doors-ignore-holds",
        "what is folded before an exchange is judged by the input's watermark, not the output's",
        &["WM-01", "WM-07", "WM-12"],
    )
    .on("timely", 1, 1),
    breaking("drains-leave-no-mark", "panes that a drain makes do not say so", &["WM-08"]),
    breaking("dropped-elements-are-not-told", "what is dropped is counted only", &["WM-18"]),
    breaking("duplicates-pass", "an id that was there is let through again", &["GP-27"]),
    breaking(
        "early-panes-count-as-on-time",
        "the on-time index counts early panes too",
        &["PA-01", "PA-07"],
    ),
    breaking(
        "emitter-loses-an-output",
        "the sixth output of a bundle is lost",
        &["EW-01", "EW-04", "EW-07"],
    ),
    breaking(
        "empty-panes-always-leave",
        "an empty pane leaves though nobody asked for it",
        &["PA-09"],
    ),
    breaking(
        "endless-groups-pass",
        "a grouping without end, windows or trigger is taken",
        &["GP-10"],
    ),
    breaking(
        "epochs-outrun-watermarks",
        "of several inputs the one in the oldest epoch alone tells the watermark",
        &["EQ-05"],
    )
    .on("timely", 1, 1),
    breaking(
        "equal-times-go-by-arrival",
        "elements of one time come to a time-sorted DoFn as they arrived",
        &["GP-31", "ST-10"],
    ),
    breaking(
        "events-come-in-parts",
        "a grouping handles each bundle of an event by itself",
        &["EQ-04", "TR-12"],
    ),
    breaking(
        "events-do-not-wait",
        "an event of a test stream is played before the one before it is done",
        &["EQ-01"],
    )
    .on("timely", 1, 1),
    breaking(
        "expirations-do-not-hold",
        "what comes out when a window expires does not hold the watermark until then",
        &["EQ-03"],
    ),
    breaking(
        "expired-windows-stay",
        "what is kept of a window stays when it has expired",
        &["WN-14"],
    ),
    breaking(
        "explicit-times-are-ignored",
        "an output keeps its input's time though another was given",
        &["EW-03", "EW-05", "EW-13"],
    ),
    breaking(
        "explicit-windows-are-ignored",
        "an output keeps its input's window though another was given",
        &["EW-03"],
    ),
    breaking("failed-attempts-count", "what a failed attempt counted counts", &["EW-15"]),
    breaking("failed-kernel-is-not-torn-down", "no teardown after an error or a panic", &["EW-11"]),
    breaking(
        "fan-out-accumulates-twice",
        "the first stage of a fan-out accumulates too",
        &["GP-20", "PA-03"],
    ),
    breaking("fan-out-counts-twice", "the second stage of a fan-out merges twice", &["GP-03"]),
    breaking(
        "fan-out-tears-sessions-apart",
        "a fan-out spreads sessions, whose parts are over before the whole is",
        &["PA-03"],
    ),
    breaking(
        "filter-keeps-the-wrong-metadata",
        "filter drops values and keeps what the dropped ones carried",
        &["EW-01"],
    ),
    breaking(
        "finish-bundle-is-not-called",
        "a bundle ends without finish_bundle",
        &["EW-02", "EW-03", "EW-14"],
    ),
    breaking(
        "flatten-takes-an-input-once",
        "a collection flattened with itself is not doubled",
        &["EW-10", "GP-13"],
    ),
    breaking(
        "grouping-loses-the-last-element",
        "a grouping loses the last element of each bundle",
        &["GP-01", "GP-05", "MT-06"],
    ),
    breaking("groups-are-the-whole-match", "a group of a match is the whole of it", &["EW-17"]),
    breaking(
        "heirs-of-or-finally-end",
        "a grouping behind one by or_finally fires no more after its second trigger",
        &["EQ-03"],
    ),
    breaking(
        "heirs-wait-again",
        "a second grouping has the trigger of the first",
        &["TR-09", "TR-17"],
    ),
    breaking(
        "holds-are-ignored",
        "what waits in a grouping does not hold its output watermark",
        &["WM-01", "WM-07", "WM-12"],
    ),
    breaking(
        "idle-workers-take-no-restrictions",
        "a worker that has nothing does not say so, and gets no restrictions of others",
        &["SR-03"],
    )
    .on("timely", 2, 1),
    breaking(
        "illegal-times-are-read",
        "a source may give times behind the end of time",
        &["WN-11"],
    ),
    breaking("illegal-times-pass", "an output may lie behind the end of time", &["EW-13"]),
    breaking(
        "ingestion-goes-by-the-reading",
        "ingestion time is that of the reading, however long an element waited",
        &["WN-19"],
    ),
    breaking(
        "input-is-not-sorted",
        "elements are handled as they come, whatever order their DoFn asks for",
        &["ST-10", "ST-17"],
    ),
    breaking(
        "intervals-are-a-microsecond-longer",
        "an interval join pairs what lies a microsecond too far ahead",
        &["GP-28"],
    ),
    breaking(
        "json-errors-lose-their-place",
        "a dead letter does not say where its text is no JSON",
        &["EW-18"],
    ),
    breaking("kernel-is-not-torn-down", "no teardown at the end of a run", &["EW-02"]),
    breaking("kernel-is-torn-down-twice", "two teardowns at the end of a run", &["EW-02"]),
    breaking("keys-may-share-bytes", "unequal keys with equal bytes are not noticed", &["GP-18"]),
    breaking("large-elements-pass", "no limit for elements that are grouped", &["GP-17"]),
    breaking(
        "late-elements-pass",
        "an element for an expired window is taken in",
        &["GP-13", "WM-09", "WN-14"],
    ),
    breaking(
        "late-windows-begin-on-time",
        "a window that begins after its end begins with an on-time pane",
        &["PA-08"],
    ),
    breaking(
        "lateness-ends-at-a-grouping",
        "behind a grouping no lateness is allowed",
        &["EQ-02", "EQ-03"],
    ),
    breaking(
        "lateness-is-forgotten",
        "windows expire at their end, whatever lateness is allowed",
        &["WM-03", "WM-09"],
    ),
    breaking("latest-is-earliest", "the latest value is the earliest", &["GP-15"]),
    breaking(
        "lifting-loses-the-last-partial",
        "what is folded before an exchange loses its last partial",
        &["EQ-04", "GP-05"],
    )
    .on("timely", 1, 1),
    breaking("merged-groups-lose-a-part", "merging groups forgets one", &["GP-02"]),
    breaking("merged-means-count-one-more", "merging means counts a value too many", &["GP-15"]),
    breaking(
        "merged-sessions-merge-again",
        "a second grouping merges the sessions of the first",
        &["GP-19", "WN-08"],
    ),
    breaking(
        "merged-sketches-lose-a-part",
        "of merged counts of different values only one part counts",
        &["GP-15"],
    ),
    breaking(
        "merged-windows-count-on",
        "a merged window counts on from one of its parts",
        &["PA-12"],
    ),
    breaking(
        "merged-windows-leave-their-hold",
        "a window that was merged away holds the watermark for ever",
        &["WN-13"],
    ),
    breaking(
        "names-lose-their-scope",
        "a step's name is its own alone",
        &["EW-06", "EW-11", "EW-12"],
    ),
    breaking(
        "no-identity-for-nothing",
        "combine_globally of nothing gives nothing",
        &["EW-08", "GP-06"],
    ),
    breaking(
        "no-tombstone-stays",
        "a window whose trigger has finished takes elements again",
        &["TR-05", "TR-19", "WM-13"],
    ),
    breaking(
        "one-acknowledgement-is-enough",
        "only one acknowledgement of a run is called",
        &["SR-10"],
    ),
    breaking(
        "one-expired-window-loses-the-element",
        "an element is dropped when any of its windows has expired",
        &["WM-10"],
    ),
    breaking(
        "only-elements-move-the-watermark",
        "a source's watermark is looked at only when it gave something",
        &["WM-16"],
    ),
    breaking(
        "only-the-first-process-observes",
        "results are not seen in the other processes of a job",
        &["EQ-01", "SR-05"],
    )
    .on("timely", 1, 2),
    breaking(
        "outer-joins-are-inner",
        "an outer join forgets what has no partner",
        &["GP-11", "GP-25"],
    ),
    breaking(
        "outputs-all-go-to-the-first",
        "every output of a DoFn goes to its first collection",
        &["EW-01", "EW-04"],
    ),
    breaking(
        "panes-always-lie-at-the-end",
        "a pane lies at its window's end, whatever was asked for",
        &["WN-07", "WN-16"],
    ),
    breaking(
        "panes-never-accumulate",
        "an accumulating pane has only what is new",
        &["GP-20", "PA-02", "PA-03", "PA-04"],
    ),
    breaking("panics-lose-their-words", "the message of a panic is not told", &["EW-06", "EW-11"]),
    breaking(
        "parcels-lose-their-metadata",
        "what elements carry does not cross between processes",
        &["EQ-01", "GP-01", "GP-12"],
    )
    .on("timely", 1, 2),
    breaking(
        "parcels-lose-their-times",
        "the times of elements do not cross between processes",
        &["EQ-01", "GP-12"],
    )
    .on("timely", 1, 2),
    breaking("partition-is-off-by-one", "partition routes to the part behind", &["GP-14"]),
    breaking("parts-match-as-a-whole", "text matches as a whole if a part of it does", &["EW-17"]),
    breaking(
        "passing-on-loses-metadata",
        "flatten and reshuffle put everything into the global window",
        &["GP-12", "GP-13", "GP-26"],
    ),
    breaking("poison-elements-are-lost", "elements that fail by themselves vanish", &["EW-16"]),
    breaking(
        "policies-do-not-slide",
        "the last values go out after each one, whatever was asked for",
        &["GP-31"],
    ),
    breaking(
        "policies-lose-the-last-batch",
        "what a policy has not ended when its window expires does not come out",
        &["GP-31"],
    ),
    breaking(
        "prepared-output-is-left",
        "what was prepared stays when another sink cannot prepare",
        &["EW-06"],
    ),
    breaking(
        "processes-are-idle-alone",
        "a process whose splits are all idle holds the others back",
        &["WM-05"],
    )
    .on("timely", 1, 2),
    breaking(
        "processing-goes-by-the-arrival",
        "processing time is that at which an element was taken in",
        &["WN-19"],
    ),
    breaking(
        "punctuation-begins-the-next",
        "a value that ends a batch is the first of the next",
        &["GP-31"],
    ),
    breaking("quantiles-lie-a-tenth-off", "a quantile is given a tenth too high", &["GP-15"]),
    breaking(
        "quiet-splits-are-never-idle",
        "a split that has nothing holds the watermark for ever",
        &["WM-05"],
    ),
    breaking(
        "readers-do-not-wait",
        "elements see an empty view where there is no pane yet",
        &["SI-01", "SI-04", "SI-07", "SI-09"],
    ),
    breaking(
        "restrictions-do-not-hold",
        "restrictions in hand do not hold the watermark",
        &["SR-03"],
    ),
    breaking(
        "secondary-keys-are-ignored",
        "values are sorted by their bytes, whatever key was given",
        &["GP-30"],
    ),
    breaking(
        "sessions-never-merge",
        "sessions are as long as one element makes them",
        &["GP-19", "WN-03", "WN-08", "WN-13"],
    ),
    breaking(
        "setbacks-are-not-counted",
        "nobody is told that a source's watermark went back",
        &["WM-14"],
    ),
    breaking(
        "settings-take-the-windows-away",
        "settings alone make the windows global ones",
        &["WN-15"],
    ),
    breaking("setup-is-not-called", "an instance begins without setup", &["EW-02", "EW-11"]),
    breaking("skew-is-not-checked", "an output may be as early as it likes", &["EW-05", "WN-09"]),
    breaking(
        "sliding-windows-hold-only-the-newest",
        "an element is in only one of its sliding windows",
        &["WN-02"],
    ),
    breaking("sources-make-panes", "what no grouping made says that it is on time", &["PA-11"]),
    breaking(
        "splits-are-idle-unasked",
        "a split that was not asked yet counts as idle",
        &["WM-19"],
    ),
    breaking(
        "state-outlives-its-window",
        "what is kept for a key and window stays when that is gone",
        &["ST-02"],
    ),
    breaking(
        "stateful-steps-take-late-elements",
        "a stateful step handles what comes for a window that has expired",
        &["ST-02", "ST-06", "WM-11"],
    ),
    breaking(
        "stateful-steps-take-merging-windows",
        "state is kept by windows that merge",
        &["ST-08", "ST-15"],
    ),
    breaking(
        "steps-apart-lose-single-elements",
        "a step that is a stage of its own loses a bundle of one element",
        &["EQ-04", "GP-12"],
    )
    .on("timely", 1, 1),
    breaking(
        "streams-play-one-after-the-other",
        "several test streams do not take turns",
        &["SR-04", "SR-08"],
    ),
    breaking("sums-wrap", "a sum that overflows wraps around", &["GP-22"]),
    breaking(
        "table-merge-loses-a-part",
        "merging two accumulators forgets one",
        &["GP-02", "GP-05"],
    ),
    breaking(
        "text-ranges-repeat-a-line",
        "a range of a text file begins with a piece of the line before",
        &["SR-01"],
    ),
    breaking(
        "the-end-runs-ahead",
        "the last watermark is told before the last panes go out",
        &["WM-15"],
    )
    .on("timely", 1, 1),
    breaking(
        "the-first-lateness-wins",
        "a flatten takes the lateness of its first input",
        &["GP-13"],
    ),
    breaking(
        "the-first-trigger-stays",
        "a trigger that was said first cannot be replaced",
        &["WN-06"],
    ),
    breaking(
        "the-last-batch-is-lost",
        "a batch that is not full when its window expires does not come out",
        &["GP-16"],
    ),
    breaking(
        "the-last-input-is-not-joined",
        "a co-grouping or join lacks what its last input brings",
        &["GP-11", "GP-25"],
    ),
    breaking(
        "the-last-sliding-window-is-shown",
        "of the sliding windows that hold an instant a view shows the last to end",
        &["EQ-03"],
    ),
    breaking(
        "the-watermark-is-that-of-one-input",
        "a flatten goes by its first input alone",
        &["EQ-02", "EQ-03", "WM-01"],
    ),
    breaking("ties-stay-unbroken", "of two that tie the first to come wins", &["GP-23", "GP-30"]),
    breaking(
        "timers-are-not-replaced",
        "a timer that is set again fires for both times, and one that is cleared all the same",
        &["ST-04", "ST-12"],
    ),
    breaking(
        "timers-do-not-hold",
        "what a timer will put out does not hold the watermark",
        &["ST-05", "ST-14"],
    ),
    breaking(
        "timers-fire-in-the-order-of-setting",
        "timers that are due fire in the order in which they were set",
        &["ST-03", "ST-11"],
    ),
    breaking(
        "timers-loop-on",
        "a timer that sets itself goes on for an hour of event time when the elements have ended",
        &["ST-04", "ST-07"],
    ),
    breaking(
        "timers-outlive-windows",
        "a timer may be set for when its window is gone",
        &["ST-06"],
    ),
    breaking("times-go-back", "a test stream's times may go back", &["SR-08"]),
    breaking("touching-sessions-merge", "two sessions one gap apart become one", &["WN-12"]),
    breaking("try-map-loses-failures", "a dead letter is dropped", &["EW-01", "EW-07"]),
    breaking("unchecked-assertions-pass", "an assertion that never ran passes", &["SR-05"]),
    breaking("unclaimed-work-passes", "work may be left unclaimed", &["SR-09"]),
    breaking(
        "unlike-triggers-are-flattened",
        "collections with different triggers are flattened",
        &["GP-13"],
    ),
    breaking(
        "unlike-windows-are-joined",
        "inputs of unlike windows are co-grouped and joined",
        &["GP-25"],
    ),
    breaking("unread-outputs-are-made", "outputs that nobody reads are made", &["EW-04"]),
    breaking(
        "unsafe-triggers-pass",
        "triggers that lose data are not refused",
        &["TR-05", "TR-18"],
    ),
    breaking(
        "untimed-elements-are-not-told",
        "a printed graph is silent on windows of elements without times",
        &["WN-17"],
    ),
    breaking(
        "values-stay-as-they-came",
        "sorted values are in the order in which they came",
        &["GP-30"],
    ),
    breaking(
        "views-add-what-accumulates",
        "a pane that accumulates is added to the one before",
        &["SI-05", "SI-13"],
    ),
    breaking(
        "views-are-kept",
        "windows of views that nobody can ask for are not forgotten",
        &["SI-14"],
    ),
    breaking("views-may-merge", "a collection in windows that merge may be a view", &["SI-11"]),
    breaking("wait-on-does-not-wait", "what waits for a collection goes on at once", &["SR-07"]),
    breaking(
        "waiting-processing-timers-are-forgotten",
        "timers of processing time that are set when the input ends are never called",
        &["ST-07"],
    ),
    breaking(
        "what-is-behind-counts-for-the-time",
        "an element behind the watermark takes part in its pane's time",
        &["WN-16"],
    ),
    breaking(
        "what-is-left-at-expiry-is-lost",
        "what has not fired when its window expires does not come out",
        &["PA-03", "TR-10", "TR-16"],
    ),
    breaking(
        "what-is-left-of-a-restriction-is-lost",
        "what is left of a restriction is not done",
        &["SR-03"],
    ),
    breaking(
        "what-waits-for-a-view-does-not-hold",
        "elements that wait for a view do not hold the watermark",
        &["SI-09"],
    ),
    breaking(
        "who-may-get-restrictions-does-not-hold",
        "a worker that has nothing lets the watermark pass what it may yet get of others",
        &["SR-09"],
    )
    .on("timely", 2, 1),
    breaking(
        "windows-are-looked-at-together",
        "a DoFn that looks at windows is called once for all of them",
        &["WN-10"],
    ),
    breaking(
        "windows-end-a-microsecond-early",
        "a window is complete when the watermark is at its last instant",
        &["WM-02", "WM-09"],
    ),
    breaking("windows-hold-unseen", "it is not told that a window holds the watermark", &["MT-05"]),
    breaking(
        "windows-pass-what-waits-for-a-view",
        "windows of a stateful step close before what waits for a view",
        &["SI-10"],
    ),
    breaking(
        "windows-round-towards-the-epoch",
        "a time before the epoch falls into the window behind it",
        &["WN-01", "WN-02"],
    ),
    breaking("windows-share-a-cell", "all windows of a key are grouped together", &["GP-01"]),
];
