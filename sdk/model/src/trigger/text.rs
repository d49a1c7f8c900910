//! How a trigger prints; [`parse`](super::parse) reads the same.

use std::fmt;

use super::Trigger;

impl fmt::Display for Trigger {
    /// The trigger as it is written on a command line, without spaces.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Trigger::Default
            | Trigger::Never
            | Trigger::AfterSynchronizedProcessingTime
            | Trigger::AfterWatermark { early: None, late: None } => Ok(()),
            Trigger::AfterWatermark { early: Some(early), late: None } => {
                write!(f, "(early={early})")
            }
            Trigger::AfterWatermark { early: None, late: Some(late) } => write!(f, "(late={late})"),
            Trigger::AfterWatermark { early: Some(early), late: Some(late) } => {
                write!(f, "(early={early},late={late})")
            }
            Trigger::AfterCount(count) => write!(f, "({count})"),
            Trigger::AfterProcessingTime { delay, align: None } => write!(f, "({delay})"),
            Trigger::AfterProcessingTime { delay, align: Some(align) } => {
                write!(f, "({delay},align={align})")
            }
            Trigger::Repeatedly(inner) => write!(f, "({inner})"),
            Trigger::OrFinally(first, until) => write!(f, "({first},{until})"),
            Trigger::AfterEach(parts) | Trigger::AfterAll(parts) | Trigger::AfterFirst(parts) => {
                f.write_str("(")?;
                for (i, part) in parts.iter().enumerate() {
                    let comma = if i == 0 { "" } else { "," };
                    write!(f, "{comma}{part}")?;
                }
                f.write_str(")")
            }
        }
    }
}
