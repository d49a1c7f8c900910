//! The test streams of a graph, as one script.

use watershed_model::{
    AnyBundle, Boundedness, BoxError, Graph, NodeId, Primitive, TestEvent, Timestamp, fault,
};

use crate::RunError;

/// What happens in one event of a script.
#[derive(Clone, Debug)]
pub struct ScriptEvent {
    /// The test stream that it is an event of.
    pub node: NodeId,
    /// Elements that arrive there, in one bundle.
    pub elements: Option<AnyBundle>,
    /// The stream's watermark from here on, if it moves.
    pub watermark: Option<Timestamp>,
    /// The job's processing time at this event.
    pub now: Timestamp,
}

/// All test streams of a graph in turn: the first event of each in the order of declaration, then the
/// second of each, and so on. Every step handles an event wholly before the next.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// The events in order.
    pub events: Vec<ScriptEvent>,
}

impl Script {
    /// Sees that a graph with test streams reads nothing without end beside them: the first event would
    /// wait for ever.
    ///
    /// # Errors
    /// Names the source.
    pub fn check(graph: &Graph) -> Result<(), RunError> {
        let has_stream =
            graph.nodes().iter().any(|node| matches!(node.primitive, Primitive::TestStream(_)));
        let endless = graph.nodes().iter().find(|node| match &node.primitive {
            Primitive::Read(read) => read.source.boundedness() == Boundedness::Unbounded,
            _ => false,
        });
        match endless.filter(|_| has_stream) {
            None => Ok(()),
            Some(node) => Err(RunError::step(
                &node.name,
                BoxError::from(
                    "may never end, and a test stream plays only when all sources have ended: give it                      as a test stream too, or as elements from memory",
                ),
            )),
        }
    }

    /// The script of a graph; `None` if it has no test stream.
    pub fn of(graph: &Graph) -> Option<Self> {
        let streams = graph.nodes().iter().enumerate().filter_map(|(id, node)| {
            let Primitive::TestStream(stream) = &node.primitive else { return None };
            Some((NodeId(id), stream.events.clone()))
        });
        let streams: Vec<_> = streams.collect();
        let longest = streams.iter().map(|(_, events)| events.len()).max()?;
        let mut now = Timestamp::MIN;
        let mut script = Script::default();
        for turn in 0..longest {
            for (node, events) in &streams {
                let (elements, watermark) = match events.get(turn) {
                    None => continue,
                    Some(TestEvent::Elements(bundle)) => (Some(bundle.clone()), None),
                    Some(TestEvent::Advance { watermark, processing_time }) => {
                        now = processing_time.map_or(now, |time| time.max(now));
                        (None, *watermark)
                    }
                };
                script.events.push(ScriptEvent { node: *node, elements, watermark, now });
            }
        }
        if fault!("streams-play-one-after-the-other") {
            script.events.sort_by_key(|event| event.node);
        }
        Some(script)
    }
}
