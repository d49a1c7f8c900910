//! The page in a browser. Each test starts its own.

#![cfg(feature = "browser")]
#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

mod driver;
mod fake;

use driver::Browser;
use fake::{Fake, noon};
use watershed::{DistributionValue, GaugeValue, Holder, OpenWindow, StateSize, prelude::*};

/// The text of a step's row.
fn row(step: &str) -> String {
    format!(
        "[...document.querySelectorAll('#rows tr')].find((row) => row.innerText.startsWith('{step}')).innerText"
    )
}

#[test]
fn counts_change_the_holder_is_marked_and_a_click_explains() {
    let mut fake = Fake::with_a_few_steps();
    fake.step("Lengths").report.elements_in = 7;
    let group = fake.step("CombinePerKey");
    group.state = StateSize { entries: 2, elements: 5 };
    group.report.sent = 1_500;
    let start = noon();
    group.windows.push(OpenWindow {
        window: watershed::model::Window::Interval { start, end: start + minutes(1) },
        end: start + minutes(1),
        expiry: start + minutes(1),
        keys: 2,
        closed: 0,
        elements: 5,
        deadline: None,
    });
    fake.tell();
    let browser = Browser::start();
    browser.open(&fake.shown.url());
    browser.wait(&format!("{}.includes('\\t7\\t')", row("Lengths")));
    // The style and the script are let in by the page's own policy.
    browser.wait("getComputedStyle(document.querySelector('main')).display === 'flex'");
    browser
        .wait("document.querySelectorAll('#nodes .node').length === watershed.last.steps.length");

    let lengths = fake.step("Lengths");
    lengths.report.elements_in = 123_456;
    lengths.report.elements_out[0] = 123_456;
    fake.tell();
    browser.wait(&format!("{}.includes('\\t123,456\\t')", row("Lengths")));
    browser.wait("[...document.querySelectorAll('.node text')].some((text) => /in [1-9].*k?\\/s/.test(text.textContent))");
    browser.wait("document.querySelector('.edge.flows')");
    browser.wait("[...document.querySelectorAll('.waits')].some((text) => text.textContent === '1.5k waiting')");

    // The source's split holds all; then a window does.
    let held = |step: &str| {
        format!(
            "[...document.querySelectorAll('.node.holds title')].map((title) => title.textContent).join() === '{step}'"
        )
    };
    browser.wait(&held("Words/Read"));
    browser.wait("document.querySelectorAll('.node.congested').length === 1");
    let name = fake.names.iter().find(|name| name.contains("CombinePerKey")).unwrap().clone();
    let window = fake.step("CombinePerKey").windows[0].window.clone();
    fake.step("CombinePerKey").holder = Holder::Window { window, at: start };
    fake.tell();
    browser.wait(&held(&name));
    browser.picture("page-few");

    let place = fake.names.iter().position(|step| *step == name).unwrap();
    browser.click(&format!("#nodes [data-step='{place}'] rect"));
    browser.wait("!document.getElementById('details').hidden");
    browser.wait("document.getElementById('why').textContent.includes('held by: window [2026-01-31T12:00:00Z')");
    browser.wait("document.getElementById('windows').innerText.includes('2 keys, 5 elements')");
    // What its author counted.
    browser.wait("document.getElementById('fact-counted').hidden");
    let metrics = &mut fake.step("CombinePerKey").report.metrics;
    metrics.counters.insert("negative".into(), 1_234);
    let sizes = DistributionValue { count: 2, sum: 5, min: 1, max: 4 };
    metrics.distributions.insert("sizes".into(), sizes);
    metrics.gauges.insert("open".into(), GaugeValue { at: start, value: -7 });
    metrics.string_sets.insert("seen".into(), ["a", "<b>"].map(String::from).into());
    fake.tell();
    let counted = "negative 1,234; sizes 1 to 4, mean 2.500 of 2; open -7; seen {<b>, a}";
    browser.wait(&format!("document.getElementById('fact-counted').textContent === '{counted}'"));
    browser.keys("#window", "2026-01-31T13:00:00Z\u{e007}");
    browser.wait("document.getElementById('why').textContent.includes('window 2026-01-31T13:00:00Z: is not open')");
    browser.picture("page-details");

    // Without a mouse: from the first step to the next, and in.
    browser.click("#close");
    browser.wait("document.getElementById('details').hidden");
    browser.eval("document.querySelector('#nodes .node').focus()");
    browser.keys("#nodes [data-step='0']", "\u{e014}");
    browser.wait("document.activeElement.dataset.step === '1'");
    browser.keys("#nodes [data-step='1']", "\u{e007}");
    browser.wait("document.getElementById('title').textContent === watershed.last.steps[1].name");
    browser.wait("document.getElementById('why').textContent.includes('held by')");
    browser.darken();
    browser.picture("page-dark");

    drop(fake.shown);
    browser.wait("document.getElementById('notice').textContent === 'the job has ended or cannot be reached'");
    browser.wait(&format!("{}.includes('\\t123,456\\t')", row("Lengths")));
}

#[test]
fn a_name_is_text_whatever_stands_in_it() {
    let pipeline = Pipeline::new();
    let name = "<img src=x onerror=alert(1)>";
    pipeline.create([1]).map(|n: i32| n).named(name).for_each(|_| {});
    let fake = Fake::of(&pipeline);
    fake.tell();
    let browser = Browser::start();
    browser.open(&fake.shown.url());
    browser.wait(&format!("{}.length > 0", row(name)));
    assert_eq!(browser.eval("return document.images.length"), 0);
}

#[test]
fn boxes_lie_apart_and_each_behind_what_it_reads() {
    let pipeline = Pipeline::new();
    let first = pipeline.create([1]).named("First");
    let second = pipeline.create([2]).named("Second");
    let doubled = first.map(|n: i32| n).named("Once").map(|n| n).named("Twice");
    // Read over several layers, by steps with several inputs, and by many.
    let joined = pipeline.flatten([doubled.clone(), first.clone(), second.clone()]);
    let last = joined.map(|n| n).named("On").map(|n| n).named("And on");
    last.flatten_with(&first).flatten_with(&doubled).for_each(|_| {});
    for branch in 0..6 {
        doubled.map(|n| n).named(&format!("Branch {branch}")).for_each(|_| {});
    }
    let fake = Fake::of(&pipeline);
    fake.tell();
    let browser = Browser::start();
    browser.open(&fake.shown.url());
    browser.wait("watershed.last");
    browser.picture("page-shape");
    let apart = browser.eval(
        "const boxes = [...document.querySelectorAll('.node rect')].map((rect) => rect.getBoundingClientRect());
         return boxes.every((a, i) => boxes.every((b, j) => i === j || a.right <= b.left || b.right <= a.left
           || a.bottom <= b.top || b.bottom <= a.top));",
    );
    assert_eq!(apart, true);
    let outline = fake.state.outline();
    let inputs: Vec<_> = outline.steps.iter().map(|step| step.inputs.clone()).collect();
    let behind = browser.eval(&format!(
        "const boxes = [...document.querySelectorAll('.node rect')].map((rect) => rect.getBoundingClientRect());
         return {inputs:?}.every((inputs, i) => inputs.every((j) => boxes[j].right < boxes[i].left));"
    ));
    assert_eq!(behind, true);
    let edges = browser.eval("return document.querySelectorAll('.edge').length");
    assert_eq!(edges, inputs.iter().map(Vec::len).sum::<usize>());
}

#[test]
fn a_thousand_steps_are_usable() {
    let pipeline = Pipeline::new();
    let numbers = pipeline.create([1]).named("Numbers");
    for branch in 0..27 {
        let mut chain = numbers.map(|n: i32| n).named(&format!("Branch {branch}"));
        for step in 0..35 {
            chain = chain
                .map(|n: i32| n)
                .named(&format!("A rather long name, as composites make them: {branch}.{step}"));
        }
        chain.for_each(|_| {});
    }
    let mut fake = Fake::of(&pipeline);
    assert!(fake.steps.len() >= 1_000, "{}", fake.steps.len());
    fake.tell();
    let browser = Browser::start();
    browser.open(&fake.shown.url());
    browser.wait("watershed.last && document.querySelectorAll('.node').length === watershed.last.steps.length");
    let ready = browser.eval("return performance.now()").as_f64().unwrap();
    assert!(ready < 10_000.0, "usable after {ready} ms");
    browser.picture("page-thousand");

    // Each update changes each step. The least of some is taken: the machine may do other things too.
    for step in &mut fake.steps {
        step.report.elements_in = 1;
    }
    fake.tell();
    let took = browser.eval(
        "const times = [];
         for (let n = 1; n < 8; n++) {
           const job = structuredClone(watershed.last);
           job.elapsed_ms += 1000;
           job.now.ms += 1000;
           for (const step of job.steps) {
             step.elements_in += 1000 * n;
             step.elements_out = step.elements_out.map((out) => out + 999 * n);
             step.waiting = 17 * n;
             step.lag_ms = 1234 * n;
           }
           const from = performance.now();
           watershed.update(job);
           times.push(performance.now() - from);
         }
         return times;",
    );
    let times: Vec<f64> = took.as_array().unwrap().iter().filter_map(|ms| ms.as_f64()).collect();
    let least = times.iter().copied().fold(f64::INFINITY, f64::min);
    println!("usable after {ready:.0} ms; updates took {times:.1?} ms");
    assert!(least < 100.0, "{times:?}");

    browser.keys("#wanted", "made them: nowhere\u{e007}");
    browser.wait("document.getElementById('found').textContent === 'no such step'");
    browser.eval("document.getElementById('wanted').value = ''");
    browser.keys("#wanted", "them: 26.3\u{e007}");
    browser.wait("document.getElementById('title').textContent.endsWith(': 26.3')");
    browser.wait("document.getElementById('why').textContent.includes('26.3')");
    browser.picture("page-thousand-found");
    browser.click("#fit");
    browser.picture("page-thousand-fit");
}
