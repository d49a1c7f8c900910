//! Authoring: typed pipelines, erased once, where a transform is recorded.

pub mod combine;
