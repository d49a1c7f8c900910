//! Chromium without a screen, driven by chromedriver over WebDriver's plain HTTP.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use base64::Engine;
use serde_json::{Value, json};
use ureq::{Agent, http::Request};

const FLAGS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1400,1000",
];

/// A browser with one window, and what it keeps; all of it goes with this.
pub(crate) struct Browser {
    agent: Agent,
    /// Where the session answers.
    session: String,
    driver: Child,
    /// Kept open: the driver may say more.
    _told: BufReader<ChildStdout>,
    _profile: tempfile::TempDir,
}

impl Browser {
    pub(crate) fn start() -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("chromedriver: {error}; apt-get install chromium chromium-driver")
            });
        let mut told = BufReader::new(driver.stdout.take().unwrap());
        let mut port = None;
        while port.is_none() {
            let mut line = String::new();
            assert!(told.read_line(&mut line).unwrap() > 0, "chromedriver ended and told no port");
            port = line
                .trim()
                .rsplit_once("successfully on port ")
                .map(|(_, port)| port.trim_end_matches('.').parse::<u16>().unwrap());
        }
        let agent = Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(90)))
            .http_status_as_error(false)
            .proxy(None)
            .build()
            .new_agent();
        let profile = tempfile::tempdir().unwrap();
        let mut flags = FLAGS.map(str::to_owned).to_vec();
        flags.push(format!("--user-data-dir={}", profile.path().display()));
        let mut browser = Browser {
            agent,
            session: format!("http://127.0.0.1:{}/session", port.unwrap()),
            driver,
            _told: told,
            _profile: profile,
        };
        let wanted = json!({ "goog:chromeOptions": { "args": flags } });
        let session = browser.post("", &json!({ "capabilities": { "alwaysMatch": wanted } }));
        browser.session += &format!("/{}", session["sessionId"].as_str().unwrap());
        browser.post("/timeouts", &json!({ "script": 80_000 }));
        browser
    }

    fn post(&self, command: &str, body: &Value) -> Value {
        let request = Request::post(format!("{}{command}", self.session))
            .header("content-type", "application/json")
            .body(body.to_string())
            .unwrap();
        self.run(request)
    }

    fn get(&self, command: &str) -> Value {
        self.run(Request::get(format!("{}{command}", self.session)).body(String::new()).unwrap())
    }

    fn run(&self, request: Request<String>) -> Value {
        let what = request.uri().to_string();
        let mut answer = self.agent.run(request).unwrap();
        let body = answer.body_mut().with_config().limit(64 << 20).read_to_string().unwrap();
        let mut body: Value = serde_json::from_str(&body).unwrap();
        assert!(answer.status().is_success(), "{what}: {body}");
        body["value"].take()
    }

    pub(crate) fn open(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    /// Runs a script in the page and returns what it returns.
    pub(crate) fn eval(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Waits until an expression is true in the page.
    #[track_caller]
    pub(crate) fn wait(&self, expression: &str) {
        // The page's policy allows no `eval`, so the expression stands in the script itself.
        let script = format!(
            "const done = arguments[0], until = performance.now() + 60000;
             const look = () => {{
               let is = false, why = '';
               try {{ is = ({expression}); }} catch (error) {{ why = String(error); }}
               if (is) done(null);
               else if (performance.now() > until) done(why + document.body.innerText.slice(0, 3000));
               else setTimeout(look, 10);
             }};
             look();"
        );
        let seen = self.post("/execute/async", &json!({ "script": script, "args": [] }));
        assert!(seen.is_null(), "{expression} is not so: {seen}");
    }

    /// Clicks as a mouse does, in the middle of an element.
    pub(crate) fn click(&self, selector: &str) {
        self.post(&format!("/element/{}/click", self.find(selector)), &json!({}));
    }

    /// Types into an element; `\u{e007}` is Enter.
    pub(crate) fn keys(&self, selector: &str, text: &str) {
        self.post(&format!("/element/{}/value", self.find(selector)), &json!({ "text": text }));
    }

    fn find(&self, selector: &str) -> String {
        let found = self.post("/element", &json!({ "using": "css selector", "value": selector }));
        let id = found.as_object().unwrap().values().next().unwrap();
        id.as_str().unwrap().to_owned()
    }

    /// Lets the page think that its user likes it dark.
    pub(crate) fn darken(&self) {
        let dark = json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] });
        let command = json!({ "cmd": "Emulation.setEmulatedMedia", "params": dark });
        self.post("/goog/cdp/execute", &command);
    }

    /// Keeps a picture for whoever wants to look: `target/tmp/NAME.png`.
    pub(crate) fn picture(&self, name: &str) {
        let picture = self.get("/screenshot");
        let picture = base64::prelude::BASE64_STANDARD.decode(picture.as_str().unwrap()).unwrap();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        std::fs::write(folder.join(format!("{name}.png")), picture).unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Whether the browser can still be told or not, its driver is ended.
        let _ = self.agent.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
