//! The program `watershed`, which asks a running job.

#![cfg(all(feature = "cli", feature = "ui"))]
#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

mod fake;

use std::{
    io::{Read, Write},
    net::TcpListener,
};

use assert_cmd::Command;
use fake::Fake;

/// Runs the program, and returns its exit code, what it wrote, and what it complained about.
fn watershed(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("watershed").unwrap().args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_step_is_explained_on_standard_output() {
    let fake = Fake::with_a_few_steps();
    for job in [
        fake.shown.address().to_string(),
        fake.shown.url(),
        fake.shown.address().port().to_string(),
    ] {
        let (code, out, err) = watershed(&["explain", "--job", &job, "--step", "Lengths"]);
        assert_eq!((code, err.as_str()), (0, ""));
        assert!(out.starts_with("step `Lengths` (") && out.contains("words.txt"), "{out}");
    }
    let job = fake.shown.address().to_string();
    let window = "2026-01-31T12:00:00Z";
    let (code, out, _) =
        watershed(&["explain", "--job", &job, "--step", "Lengths", "--window", window]);
    assert!(code == 0 && out.contains("it keeps no windows"), "{out}");
}

#[test]
fn an_unknown_step_is_answered_with_those_there_are() {
    let fake = Fake::with_a_few_steps();
    let job = fake.shown.address().to_string();
    let (code, out, err) = watershed(&["explain", "--job", &job, "--step", "Length of"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.starts_with("error: no step is called `Length of`"), "{err}");
    assert!(err.contains("`Lengths`"), "{err}");
}

#[test]
fn the_status_is_a_table() {
    let mut fake = Fake::with_a_few_steps();
    fake.step("Lengths").report.elements_in = 1234;
    fake.tell();
    let (code, out, err) = watershed(&["status", "--job", &fake.shown.url()]);
    assert_eq!((code, err.as_str()), (0, ""));
    let lines: Vec<_> = out.lines().collect();
    assert!(lines[0].starts_with("fake runner, running, "), "{out}");
    assert_eq!(lines.len(), 2 + fake.names.len(), "{out}");
    let lengths = lines.iter().find(|line| line.starts_with("Lengths ")).unwrap();
    assert!(lengths.contains(" 1234 ") && lengths.ends_with("  Words/Read"), "{lengths}");
}

#[test]
fn nobody_there_is_told_with_what_to_do() {
    // A port that was free a moment ago.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    for arguments in
        [vec!["status", "--job", &free], vec!["explain", "--job", &free, "--step", "a"]]
    {
        let (code, out, err) = watershed(&arguments);
        assert_eq!((code, out.as_str()), (1, ""));
        assert!(
            err.contains(&free) && err.contains("no job answers") && err.contains("--ui PORT"),
            "{err}"
        );
    }
}

#[test]
fn another_server_is_no_page_of_a_job() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
        "220 mail.example\r\n",
    ] {
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = other.local_addr().unwrap().to_string();
        let serves = std::thread::spawn(move || {
            let (mut stream, _) = other.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(answer.as_bytes());
        });
        let (code, out, err) = watershed(&["explain", "--job", &at, "--step", "a"]);
        assert_eq!((code, out.as_str()), (1, ""));
        assert!(err.contains("no job's page"), "{err}");
        serves.join().unwrap();
    }
}

#[test]
fn what_is_no_address_is_a_mistake_in_the_command() {
    for job in ["nowhere", "host:0", "https://a:1", ""] {
        let (code, _, err) = watershed(&["status", "--job", job]);
        assert_eq!(code, 2, "{err}");
        assert!(err.contains("such as 127.0.0.1:7000"), "{err}");
    }
}
