use watershed::{ValueState, prelude::*};

#[derive(Clone)]
struct Counts;

impl StatefulDoFn<String, u64> for Counts {
    type Outputs = One<u64>;
    type Cells = ValueState<u64>;

    fn declare(&self, spec: &mut StateSpec) -> ValueState<u64> {
        spec.value("count")
    }

    fn process(
        &mut self,
        _: u64,
        count: &ValueState<u64>,
        cx: &mut StateContext<'_, String>,
        _: &mut StatefulEmitters<Self, String, u64>,
    ) -> Result<(), BoxError> {
        *count.get_or_default(cx) += 1;
        Ok(())
    }
}

fn main() {
    let pipeline = Pipeline::new();
    pipeline.create([1u64, 2]).stateful("counts", Counts);
}
