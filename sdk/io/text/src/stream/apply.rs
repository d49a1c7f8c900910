//! Reading text that goes on, as a transform.

use std::sync::Arc;

use watershed_core::{PCollection, PTransform, Pipeline};

use super::{
    feed::FeedSource,
    follow::FollowSource,
    options::{Origin, TextStream},
};

impl PTransform<Pipeline> for TextStream {
    type Output = PCollection<String>;

    fn name(&self) -> String {
        match self.origin {
            Origin::Files(_) => "text::follow".into(),
            Origin::Socket(_) => "text::read_socket".into(),
            Origin::Stdin => "text::read_stdin".into(),
        }
    }

    #[track_caller]
    fn expand(self, pipeline: &Pipeline) -> PCollection<String> {
        match self.origin.clone() {
            Origin::Files(pattern) => pipeline.read(FollowSource::new(pattern, self)),
            Origin::Socket(_) | Origin::Stdin => pipeline.read(FeedSource(Arc::new(self))),
        }
    }
}
