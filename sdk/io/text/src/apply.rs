//! Reading and writing as transforms.

use watershed_core::{PCollection, PTransform, Pipeline, Written};

use crate::{TextRead, TextWrite, target::Mistake};

impl PTransform<Pipeline> for TextRead {
    type Output = PCollection<String>;

    fn name(&self) -> String {
        "text::read".into()
    }

    #[track_caller]
    fn expand(self, pipeline: &Pipeline) -> PCollection<String> {
        pipeline.read(self.into_source())
    }
}

impl PTransform<PCollection<String>> for TextWrite {
    type Output = Written;

    fn name(&self) -> String {
        "text::write".into()
    }

    #[track_caller]
    fn expand(self, lines: &PCollection<String>) -> Written {
        if let Err(Mistake { problem, mend }) = self.check() {
            lines.pipeline().reject(problem, mend);
        }
        lines.write(self.into_sink())
    }
}
