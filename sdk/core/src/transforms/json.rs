//! Elements from JSON, and as JSON.

use watershed_model::{Bundle, Element, Location, Primitive, fault};

use crate::{Failed, PCollection, kernel::map_bundle};

impl<T: Element> PCollection<T> {
    /// Reads an element from each text, which holds one JSON value. What cannot be read so comes out in the
    /// second collection, with the text, the reason, and the line and column in that text. (Beam:
    /// `ParseJsons`, or `JsonToRow.withExceptionReporting`.)
    ///
    /// What is read is what the type's `Deserialize` takes: by default fields that it does not know are passed
    /// over, and one that is missing is an error unless it is an `Option`.
    ///
    /// ```
    /// use serde::{Deserialize, Serialize};
    /// use watershed_core::Pipeline;
    ///
    /// #[derive(Clone, Serialize, Deserialize)]
    /// struct Play {
    ///     user: String,
    ///     points: i64,
    /// }
    ///
    /// let pipeline = Pipeline::new();
    /// let lines = pipeline.create([r#"{"user": "ada", "points": 3}"#, r#"{"user": "bob"}"#].map(String::from));
    /// let (plays, broken) = lines.parse_json::<Play>("parse");
    /// plays.for_each(|play| println!("{}: {}", play.user, play.points));
    /// broken.for_each(|failed| eprintln!("{failed}")); // … missing field `points` at line 1 column 15 …
    /// ```
    #[track_caller]
    pub fn parse_json<O: Element>(&self, name: &str) -> (PCollection<O>, PCollection<Failed<T>>)
    where
        T: AsRef<str>,
    {
        self.try_map(name, |text| {
            serde_json::from_str::<O>(text.as_ref()).map_err(|error| {
                if fault!("json-errors-lose-their-place") {
                    "no JSON that was looked for".to_owned()
                } else {
                    error.to_string()
                }
            })
        })
    }

    /// Each element as JSON, on a line of its own: a file of such lines is one of newline-delimited JSON.
    /// (Beam: `AsJsons`, `ToJson`.)
    ///
    /// JSON has no numbers that are infinite or none at all: they are written as `null`. A map whose keys are
    /// neither text nor numbers cannot be written, and fails the run.
    #[track_caller]
    pub fn to_json(&self) -> PCollection<String> {
        let written = map_bundle(|| {
            |bundle: Bundle<T>| {
                let lines = bundle.values.iter().map(|element| {
                    serde_json::to_string(element)
                        .map_err(|error| format!("an element cannot be written as JSON: {error}"))
                });
                let lines = lines.collect::<Result<Vec<String>, String>>()?;
                Ok(Bundle::new(lines, bundle.metadata))
            }
        });
        let primitive = Primitive::ParDo(written);
        self.pipeline().add_step("ToJson", Location::caller(), primitive, self.id())
    }
}
