//! Composites: transforms made of transforms.

use watershed_model::short_type_name;

/// A transform from `In` (a [`Pipeline`](crate::Pipeline), a [`PCollection`](crate::PCollection) or
/// several) to whatever it makes. What it applies stands in a scope of names of its own, so a
/// composite may be applied many times.
///
/// ```
/// use watershed_core::{PCollection, PTransform, Pipeline};
///
/// /// The lengths of lines that are not empty.
/// struct LineLengths;
///
/// impl PTransform<PCollection<String>> for LineLengths {
///     type Output = PCollection<u64>;
///     fn expand(self, lines: &PCollection<String>) -> PCollection<u64> {
///         lines.filter(|line| !line.is_empty()).map(|line| line.len() as u64)
///     }
/// }
///
/// let pipeline = Pipeline::new();
/// let lengths = pipeline.create(["to be".to_string()]).apply(LineLengths);
/// lengths.for_each(|length| println!("{length}"));
/// assert_eq!(pipeline.build().unwrap().nodes()[1].name, "LineLengths/Filter");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be applied to a `{In}`",
    label = "does not take a `{In}`",
    note = "turn the elements into what it takes first, with .map(..) say; a source is applied to the Pipeline, all else to a PCollection"
)]
pub trait PTransform<In: ?Sized>: Sized {
    /// What it makes: a collection, a tuple of them, or [`Written`](crate::Written).
    type Output;

    /// The name of its scope, unless the author gives another: by default the type's name.
    fn name(&self) -> String {
        let name = short_type_name::<Self>();
        name.split('<').next().unwrap_or(&name).to_owned()
    }

    /// Applies what it is made of.
    fn expand(self, input: &In) -> Self::Output;
}
