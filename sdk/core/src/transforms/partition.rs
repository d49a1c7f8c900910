//! A collection cut into several by a function.

use watershed_model::{
    AnyBundle, Bundle, Element, KernelOutput, Location, Primitive, Subject, fault,
};

use crate::{Emitter, Func, PCollection, kernel::bundle_fn};

impl<T: Element> PCollection<T> {
    /// Cuts the collection into `parts`; `part` says where an element goes, counted from 0. A number
    /// that is too large is an error of the run. (Beam: `Partition`.)
    #[track_caller]
    pub fn partition(
        &self,
        parts: usize,
        part: impl Fn(&T) -> usize + Func,
    ) -> Vec<PCollection<T>> {
        let partition = bundle_fn(move || {
            let part = part.clone();
            move |bundle: Bundle<T>, out: &mut KernelOutput| {
                let tracked = !bundle.metadata.is_uniform();
                let mut outputs: Vec<Emitter<T>> =
                    (0..parts).map(|port| Emitter::new(out.is_wanted(port), tracked)).collect();
                for (i, value) in bundle.values.into_iter().enumerate() {
                    let to = part(&value) + usize::from(fault!("partition-is-off-by-one"));
                    let Some(output) = outputs.get_mut(to) else {
                        return Err(format!(
                            "the partition function gave {to}, but there are {parts} parts, counted from 0"
                        )
                        .into());
                    };
                    output.begin(i);
                    output.emit(value);
                }
                for (port, output) in outputs.into_iter().enumerate() {
                    out.put(port, AnyBundle::new(output.into_bundle(&bundle.metadata)?));
                }
                Ok(None)
            }
        });
        let pipeline = self.pipeline();
        let primitive = Primitive::ParDo(partition);
        let mut graph = pipeline.graph();
        let node = graph.add_node("Partition", Location::caller(), primitive, vec![self.id()]);
        if parts == 0 {
            graph.problem(
                Subject::Node(node),
                "a partition into 0 parts has no place for any element",
                "ask for at least one part",
            );
        }
        drop(graph);
        (0..parts).map(|_| pipeline.add_output(node, self.id())).collect()
    }
}
