//! The page in a browser: Chromium, driven over WebDriver.

#![cfg(feature = "browser")]
#![allow(clippy::unwrap_used)] // what goes wrong here fails the test, as it should

mod driver;
mod fake;

use driver::Browser;
use fake::Fake;
use serde_json::{Value, json};
use watershed::{Holder, WorkerStatus, prelude::*};
