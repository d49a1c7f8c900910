//! What is logged, on standard error.

use tracing_subscriber::EnvFilter;

/// What is told: a level (`info`), or levels by target (`warn,my_program=debug`).
pub(crate) fn parse(text: &str) -> Result<String, String> {
    match EnvFilter::builder().parse(text) {
        Ok(_) if !text.trim().is_empty() => Ok(text.to_owned()),
        Ok(_) => Err("a level is meant, like info, or levels by target".to_owned()),
        Err(error) => Err(format!(
            "{error}; a level is meant (error, warn, info, debug or trace), or levels by target, like \
             warn,my_program=debug"
        )),
    }
}

/// Begins to log, unless the program has seen to that by itself.
pub(crate) fn install(levels: &str) {
    let Ok(filter) = EnvFilter::builder().parse(levels) else { return };
    let lines = tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter);
    // A program that has its own subscriber keeps it.
    let _ = lines.try_init();
}
