//! Stages as timely operators: how they are wired.

use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc};

use timely::dataflow::{
    Scope, Stream,
    channels::pact::{DistributorPact, Pipeline},
    operators::generic::builder_rc::OperatorBuilder,
};
use watershed_runner_core::{ExchangeId, Route, RunError, StageId};

use crate::{
    container::Parcel,
    exchange::{ByKey, EachProcess, Nothing, Spread},
    head::Head,
    input::{Input, Port, Role},
    look::Look,
    moment::Moment,
    operator::Operator,
    player::Player,
    ports::{Output, Ports, form_of},
    shared::Shared,
    splits::SplitQueue,
    stage::{StageRun, WorkerState},
    wakers::{Wakers, waker},
};

/// What the stages of one worker begin with.
pub(crate) type Heads = Rc<Vec<RefCell<Head>>>;

/// What the stages of one worker are wired with.
struct Wiring<'scope> {
    scope: Scope<'scope, Moment>,
    shared: Arc<Shared>,
    heads: Heads,
    worker: Rc<RefCell<WorkerState>>,
    streams: HashMap<ExchangeId, Stream<'scope, Moment, Parcel>>,
    /// Plays the test streams, if there are any.
    player: Option<Rc<Player>>,
    /// Where each stage tells that it is done with an epoch.
    beats: Vec<Stream<'scope, Moment, Parcel>>,
}

/// Builds a worker's part of the dataflow: all workers do so alike, in the same order.
pub(crate) fn build(
    scope: Scope<'_, Moment>,
    shared: &Arc<Shared>,
    splits: &[Option<Arc<SplitQueue>>],
    worker: &Rc<RefCell<WorkerState>>,
) -> Result<Look, RunError> {
    let index = scope.worker().index();
    let heads = shared.plan.stages.iter().enumerate().map(|(place, stage)| {
        let queue = splits[stage.head.0].as_ref();
        Head::new(shared, StageId(place), index, queue).map(RefCell::new)
    });
    let heads: Vec<RefCell<Head>> = heads.collect::<Result<_, _>>()?;
    let mut wiring = Wiring {
        scope,
        shared: shared.clone(),
        heads: Rc::new(heads),
        worker: worker.clone(),
        streams: HashMap::new(),
        player: shared.script.as_ref().map(|script| Rc::new(Player::new(script, index == 0))),
        beats: Vec::new(),
    };
    let mut doors = Vec::new();
    for place in 0..shared.plan.stages.len() {
        let stage = StageId(place);
        let run = StageRun::start(shared, stage, worker)?;
        doors.push(run.doors());
        wiring.stage(stage, run);
    }
    let heads = wiring.heads.clone();
    wiring.conductor();
    Ok(Look { shared: shared.clone(), heads, doors, state: worker.clone() })
}

impl<'scope> Wiring<'scope> {
    fn stage(&mut self, stage: StageId, run: StageRun) {
        let shared = self.shared.clone();
        let node = shared.graph.node(shared.plan.stages[stage.0].head);
        let mut builder = OperatorBuilder::new(node.name.clone(), self.scope);

        let inputs: Vec<_> = shared.plan.inputs(stage).collect();
        let inputs = inputs
            .into_iter()
            .map(|(id, exchange)| {
                let role = match exchange.route {
                    Route::Progress => Role::View(exchange.collection),
                    route => Role::Elements(form_of(route)),
                };
                (self.input(&mut builder, stage, id, exchange.route), role)
            })
            .collect();

        let mut outputs = Vec::new();
        for (id, _) in shared.plan.outputs(stage) {
            let (output, stream) = builder.new_output::<Parcel>();
            self.streams.insert(id, stream);
            outputs.push((id, Output::from(output)));
        }
        if self.player.is_some() {
            let (_, beat) = builder.new_output::<Parcel>();
            self.beats.push(beat);
        }

        let address = builder.operator_info().address;
        let wakers = Wakers::new(
            self.scope.activator_for(address.clone()),
            self.scope.worker().sync_activator_for(address.to_vec()),
        );
        if let Head::Splittable(operator) = &mut *self.heads[stage.0].borrow_mut() {
            let waker = waker(&wakers.wake);
            shared.tell_of_drain(waker.clone());
            if let Some(all) = shared.restrictions(shared.plan.stages[stage.0].head) {
                operator.share(all, self.scope.worker().index(), waker);
            }
        }
        if !node.side_inputs.is_empty() {
            shared.views.listen(waker(&wakers.wake));
        }
        if let Some(player) = &self.player
            && matches!(*self.heads[stage.0].borrow(), Head::Script)
        {
            player.will_wake(self.scope.activator_for(address));
        }
        let (heads, worker, player) =
            (self.heads.clone(), self.worker.clone(), self.player.clone());
        // An operator without outputs has no capability to stay alive by; so each says itself that it has
        // not ended, and timely keeps it.
        builder.build_reschedule(move |bases| {
            let ports = Ports::new(&shared, outputs, bases, &heads, &worker);
            let mut operator =
                Operator::new(shared, stage, heads, run, ports, inputs, wakers, player);
            move |frontiers| operator.activate(frontiers)
        });
    }

    fn input(
        &mut self,
        builder: &mut OperatorBuilder<'scope, Moment>,
        stage: StageId,
        id: ExchangeId,
        route: Route,
    ) -> Input {
        let Some(stream) = self.streams.remove(&id) else {
            unreachable!("stages stand behind those that feed them")
        };
        let node = self.shared.graph.node(self.shared.plan.stages[stage.0].head);
        let by_key = |key| {
            let (shared, step) = (self.shared.clone(), node.name.clone());
            DistributorPact(move |peers| ByKey::new(id, key, shared, step, peers))
        };
        let port = match (route, &node.primitive) {
            _ if self.scope.worker().peers() == 1 => {
                Port::Local(builder.new_input(stream, Pipeline))
            }
            (Route::ByKey, keyed) if let Some(key) = keyed.key() => {
                Port::Crossing(builder.new_input(stream, by_key(key.clone())))
            }
            (Route::PartialsByKey, keyed) if let Some(grouping) = keyed.grouping() => {
                Port::Crossing(builder.new_input(stream, by_key(grouping.partial_key.clone())))
            }
            (Route::EachProcess, _) => {
                let shared = self.shared.clone();
                let each = DistributorPact(move |_: usize| EachProcess::new(shared));
                Port::Crossing(builder.new_input(stream, each))
            }
            (Route::Progress, _) => {
                let nothing = DistributorPact(|_: usize| Nothing);
                Port::Crossing(builder.new_input(stream, nothing))
            }
            (Route::Spread, _) => {
                let (shared, first) = (self.shared.clone(), self.scope.worker().index());
                let spread = DistributorPact(move |_: usize| Spread::new(shared, first));
                Port::Crossing(builder.new_input(stream, spread))
            }
            _ => Port::Local(builder.new_input(stream, Pipeline)),
        };
        Input::new(port)
    }

    /// Watches how far all stages have come, and lets the player go on.
    fn conductor(self) {
        let Some(player) = self.player else { return };
        let mut builder = OperatorBuilder::new("Conductor".to_owned(), self.scope);
        let inputs: Vec<_> =
            self.beats.into_iter().map(|beat| builder.new_input(beat, Pipeline)).collect();
        builder.build_reschedule(move |_| {
            // Nothing comes by them, but they must be there.
            let _inputs = inputs;
            move |frontiers| {
                let _ = &_inputs;
                let epochs = frontiers.iter().flat_map(|frontier| frontier.frontier().to_owned());
                player.has_drained(epochs.map(|moment: Moment| moment.epoch).min());
                false
            }
        });
    }
}
