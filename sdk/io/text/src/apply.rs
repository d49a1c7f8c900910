//! Reading and writing as transforms.

use watershed_core::{PCollection, PTransform, Pipeline, Written};

use crate::{TextRead, TextWrite};

impl PTransform<Pipeline> for TextRead {
    type Output = PCollection<String>;

    fn name(&self) -> String {
        "text::read".into()
    }

    fn expand(self, pipeline: &Pipeline) -> PCollection<String> {
        pipeline.read(self.into_source())
    }
}

impl PTransform<PCollection<String>> for TextWrite {
    type Output = Written;

    fn name(&self) -> String {
        "text::write".into()
    }

    fn expand(self, lines: &PCollection<String>) -> Written {
        if let Err(problem) = self.validate() {
            lines.pipeline().reject(problem, "ask for at least one shard, .shards(1)");
        }
        lines.write(self.into_sink())
    }
}
