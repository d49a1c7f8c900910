use watershed::{ValueState, prelude::*};

#[derive(Clone)]
struct Counts;

impl StatefulDoFn<String, u64> for Counts {
    type Outputs = One<u64>;
    type Cells = ValueState<u64>;

    fn declare(&self, spec: &mut StateSpec) -> ValueState<u64> {
        spec.value::<String>("count")
    }

    fn process(
        &mut self,
        _: u64,
        count: &ValueState<u64>,
        cx: &mut StateContext<'_, String>,
        _: &mut StatefulEmitters<Self, String, u64>,
    ) -> Result<(), BoxError> {
        count.set(cx, "one");
        Ok(())
    }
}

fn main() {
    let pipeline = Pipeline::new();
    pipeline.create([("a".to_owned(), 1u64)]).stateful("counts", Counts);
}
