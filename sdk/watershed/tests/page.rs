//! The page of a job, asked over a real socket.

#![cfg(feature = "ui")]
#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

mod fake;

use std::{
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
        mpsc::channel,
    },
    time::Instant,
};

use fake::{Fake, LIMIT, ask, noon};
use watershed::{
    prelude::*,
    ui::{GraphView, JobPage, JobView, UiAddress},
};

#[test]
fn the_graph_and_the_status_are_json() {
    let mut fake = Fake::with_a_few_steps();
    fake.step("Lengths").report.elements_in = 7;
    fake.tell();
    let graph: GraphView = serde_json::from_str(&fake.body("/graph.json")).unwrap();
    let names: Vec<_> = graph.steps.iter().map(|step| step.name.clone()).collect();
    assert_eq!(names, fake.names);
    assert_eq!(graph.steps[1].inputs, [0]);

    let job: JobView = serde_json::from_str(&fake.body("/status.json")).unwrap();
    assert_eq!((job.runner.as_str(), job.state.as_str(), job.workers), ("fake", "running", 1));
    let at = |name: &str| job.steps.iter().find(|step| step.name.contains(name)).unwrap();
    assert_eq!(at("Lengths").elements_in, 7);
    let watermark = &at("Lengths").output_watermark;
    assert_eq!(
        (watermark.text.as_str(), watermark.ms),
        ("2026-01-31T12:00:00Z", Some(noon().to_millis()))
    );
    // All ends are held by the split that the source reads.
    assert_eq!(job.holders, [0]);
    assert!(job.steps.iter().all(|step| step.held_by == Some(0)));
    assert!(at("Words").is_congested && at("Words").holder.kind == "split");
}

#[test]
fn instants_without_a_number_are_told_in_words() {
    let mut fake = Fake::with_a_few_steps();
    (fake.steps[0].input_watermark, fake.steps[0].output_watermark) =
        (Timestamp::MIN, Timestamp::MAX);
    fake.tell();
    let text = fake.body("/status.json");
    assert!(!text.contains("922337203685") && !text.contains("-9223"), "{text}");
    let job: JobView = serde_json::from_str(&text).unwrap();
    let step = &job.steps[0];
    assert_eq!(
        (step.input_watermark.text.as_str(), step.input_watermark.ms),
        ("the beginning", None)
    );
    assert_eq!((step.output_watermark.text.as_str(), step.lag_ms), ("the end", None));
}

#[test]
fn a_step_is_explained_and_an_unknown_one_is_answered_with_those_there_are() {
    let fake = Fake::with_a_few_steps();
    let text = fake.body("/explain?step=Lengths");
    assert!(
        text.contains("held by: its input `Words/Read`") && text.contains("words.txt"),
        "{text}"
    );
    let text = fake.body("/explain?step=Words&window=2026-01-31T12%3A00%3A00Z");
    assert!(text.contains("it keeps no windows"), "{text}");
    // A form sends a window that nobody has filled in.
    assert_eq!(fake.body("/explain?step=Words&window="), fake.body("/explain?step=Words"));

    let unknown = fake.get("/explain?step=nowhere");
    assert!(unknown.starts_with("HTTP/1.1 404 "), "{unknown}");
    assert!(
        unknown.contains("no step is called `nowhere`") && unknown.contains("`Lengths`"),
        "{unknown}"
    );
    for path in ["/explain", "/explain?window=global", "/explain?step="] {
        let missing = fake.get(path);
        assert!(missing.starts_with("HTTP/1.1 400 ") && missing.contains("step=NAME"), "{missing}");
    }
}

#[test]
fn the_page_comes_with_a_policy_that_lets_its_own_script_run_and_nothing_else() {
    let fake = Fake::with_a_few_steps();
    let (first, second) = (fake.get("/"), fake.get("/"));
    let nonce = |answer: &str| {
        let (_, rest) = answer.split_once("script-src 'nonce-").unwrap();
        rest.split_once('\'').unwrap().0.to_owned()
    };
    assert!(first.contains(&format!("<script nonce=\"{}\">", nonce(&first))), "{first}");
    assert_ne!(nonce(&first), nonce(&second));
    let lower = first.to_lowercase();
    for header in ["content-security-policy: default-src 'none'", "x-content-type-options: nosniff"]
    {
        assert!(lower.contains(header), "{first}");
    }
    assert!(!lower.contains("access-control-allow"), "{first}");
    let (_, body) = first.split_once("\r\n\r\n").unwrap();
    for outside in ["src=\"http", "href=\"http", "url(http", "@import"] {
        assert!(!body.contains(outside), "the page has {outside}");
    }
}

#[test]
fn only_get_and_head_are_answered() {
    let fake = Fake::with_a_few_steps();
    let request = |method: &str, path: &str| {
        let text =
            format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        ask(fake.shown.address(), text.as_bytes())
    };
    for path in ["/", "/graph.json", "/status.json", "/metrics", "/explain?step=Words"] {
        let head = request("HEAD", path);
        assert!(head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n"), "{head}");
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let answer = request(method, path);
            assert!(answer.starts_with("HTTP/1.1 405 "), "{method} {path}: {answer}");
        }
    }
    let nothing = request("GET", "/elsewhere");
    assert!(nothing.starts_with("HTTP/1.1 404 ") && nothing.contains("/status.json"), "{nothing}");
}

#[test]
fn what_is_not_http_harms_nothing() {
    let fake = Fake::with_a_few_steps();
    let tls = [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, 13, 10, 13, 10];
    let long = vec![b'a'; 1 << 20];
    for bytes in [&tls[..], b"\0\0\0\0\r\n\r\n", b"hello\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", &long]
    {
        let answer = ask(fake.shown.address(), bytes);
        let is_refused = answer.is_empty() || answer.starts_with("HTTP/1.1 4");
        assert!(is_refused, "{answer}");
    }
    assert!(fake.get("/status.json").starts_with("HTTP/1.1 200 "));
}

#[test]
fn another_name_for_this_machine_is_refused() {
    let fake = Fake::with_a_few_steps();
    let port = fake.shown.address().port();
    let by = |host: &str| {
        let text = format!("GET /status.json HTTP/1.1\r\n{host}Connection: close\r\n\r\n");
        ask(fake.shown.address(), text.as_bytes())
    };
    for host in [
        format!("Host: 127.0.0.1:{port}\r\n"),
        "Host: localhost:1\r\n".into(),
        "Host: [::1]\r\n".into(),
    ] {
        assert!(by(&host).starts_with("HTTP/1.1 200 "), "{host}");
    }
    for host in ["Host: evil.example\r\n", "Host: localhost.evil.example:80\r\n", "Host: \r\n", ""]
    {
        assert!(by(host).starts_with("HTTP/1.1 403 "), "{host}: {}", by(host));
    }
    let absolute =
        b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert!(ask(fake.shown.address(), absolute).starts_with("HTTP/1.1 403 "));
}

#[test]
fn many_who_look_at_once_share_an_answer() {
    let fake = Fake::with_a_few_steps();
    let from = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..40 {
            scope.spawn(|| fake.body("/status.json"));
        }
    });
    // A question is a number, so the last tells how many there were: five a second, and one at once.
    let most = 1 + from.elapsed().as_millis() as u64 / 200;
    assert!(fake.state.board().question() <= most, "{}", fake.state.board().question());
}

#[test]
fn a_worker_that_does_not_answer_is_told_as_silent() {
    let fake = Fake::with_a_few_steps();
    fake.state.board().expect(0..2);
    let job: JobView = serde_json::from_str(&fake.body("/status.json")).unwrap();
    assert_eq!(job.silent_workers, [1]);
}

#[test]
fn the_page_goes_with_the_run_and_waits_for_nobody() {
    let fake = Fake::with_a_few_steps();
    let at = fake.shown.address();
    // One who says nothing, and one who stops in the middle.
    let _silent = TcpStream::connect(at).unwrap();
    let mut half = TcpStream::connect(at).unwrap();
    std::io::Write::write_all(&mut half, b"GET / HT").unwrap();
    assert!(fake.get("/").starts_with("HTTP/1.1 200 "));
    let from = Instant::now();
    drop(fake.shown);
    let took = from.elapsed();
    // One who says nothing would be waited for ten seconds.
    assert!(took.as_secs() < 8, "{took:?}");
    assert!(TcpStream::connect(at).is_err());
    drop(fake.goes_on);
    assert!(fake.handle.wait_for(LIMIT).is_ok());
}

#[test]
fn a_port_in_use_is_told_before_anything_runs() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let has_run = Arc::new(AtomicBool::new(false));
    let runs = has_run.clone();
    let pipeline = Pipeline::new();
    pipeline
        .create([1])
        .map(move |n: i32| {
            runs.store(true, SeqCst);
            n
        })
        .for_each(|_| {});
    let options =
        PipelineOptions { ui: Some(UiAddress::local(port)), ..PipelineOptions::default() };
    let error = pipeline.run(&options).unwrap_err().to_string();
    assert!(error.contains(&format!("port {port} is in use")), "{error}");
    assert!(error.contains("choose another one with --ui, or 0"), "{error}");
    assert!(!has_run.load(SeqCst));

    let elsewhere = UiAddress { host: "192.0.2.1".into(), port: 0 };
    let error = JobPage::bind(&elsewhere).unwrap_err().to_string();
    assert!(error.contains("`192.0.2.1` must be a name or an address of this machine"), "{error}");
}

#[test]
fn a_real_job_has_its_page_while_it_runs() {
    let (go_on, may_end) = channel::<()>();
    let (begins, has_begun) = channel::<()>();
    let (may_end, begins) = (Arc::new(Mutex::new(may_end)), Mutex::new(begins));
    let begins = Arc::new(begins);
    let pipeline = Pipeline::new();
    pipeline
        .create([1])
        .map(move |n: i32| {
            let _ = begins.lock().unwrap().send(());
            let _ = may_end.lock().unwrap().recv();
            n
        })
        .named("Waits")
        .for_each(|_| {});
    let page = JobPage::bind(&UiAddress::local(0)).unwrap();
    let job = pipeline.start(&PipelineOptions::default()).unwrap();
    let shown = page.serve(job.state()).unwrap();
    has_begun.recv_timeout(LIMIT).unwrap();
    let request = b"GET /status.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answer = ask(shown.address(), request);
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let status: JobView = serde_json::from_str(body).unwrap();
    assert_eq!((status.runner.as_str(), status.state.as_str()), ("direct", "running"));
    assert!(status.steps.iter().any(|step| step.name == "Waits"));
    // The worker is in the author's code.
    assert_eq!(status.silent_workers, [0]);
    drop(go_on);
    job.wait().unwrap();
    let options = PipelineOptions { ui: Some(UiAddress::local(0)), ..PipelineOptions::default() };
    let pipeline = Pipeline::new();
    pipeline.create([1]).map(|n: i32| n).for_each(|_| {});
    pipeline.run(&options).unwrap();
}
