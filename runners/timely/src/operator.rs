//! What a stage's operator does when timely activates it.

use std::{
    cell::RefCell,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use timely::progress::frontier::MutableAntichain;
use watershed_model::{AnyBundle, CollectionId, Epoch, Form, Timestamp, fault};
use watershed_runner_core::{RunError, StageId, std_duration};

use crate::{
    head::{Head, Step},
    input::{Input, Role},
    moment::Moment,
    player::Player,
    ports::Ports,
    reading::Reading,
    shared::Shared,
    stage::StageRun,
    wakers::Wakers,
};

/// How long a source waits before it looks again whether the way is clear.
const CONGESTED: Duration = Duration::from_micros(200);

/// A source tells its watermark after so many elements or so much time. Every step of the watermark
/// costs messages between workers, and flushes what an exchange has gathered; a worker alone has neither,
/// and windows that close sooner leave the cache to others.
const TELL_ELEMENTS: usize = 64 << 10;
const TELL_ELEMENTS_ALONE: usize = 8 << 10;
const TELL_TIME: Duration = Duration::from_millis(2);

/// No longer than this bundles are taken in before others on the worker have their turn.
const TAKE_TIME: Duration = Duration::from_millis(2);

/// How long who waits for others, or by a test's clock, does so before it looks again.
const LOOK_TIME: Duration = Duration::from_millis(10);

/// One stage on one worker, as timely sees it.
pub(crate) struct Operator {
    shared: Arc<Shared>,
    stage: StageId,
    heads: Rc<Vec<RefCell<Head>>>,
    run: StageRun,
    ports: Ports,
    inputs: Vec<(Input, Role)>,
    wakers: Wakers,
    player: Option<Rc<Player>>,
    /// The epoch that is not closed yet.
    epoch: Epoch,
    /// The input watermark.
    watermark: Timestamp,
    /// The output watermark.
    passed: Timestamp,
    /// What came in the open epoch to a grouping or a stateful step, which handles it as one bundle, at its end.
    set_aside: Vec<(AnyBundle, Form)>,
    /// When a source last told its watermark.
    told: Instant,
    /// How many bundles a source has read in the open epoch.
    bundles: u64,
    ended: bool,
}

impl Operator {
    #[expect(clippy::too_many_arguments, reason = "its parts, each made by the wiring")]
    pub(crate) fn new(
        shared: Arc<Shared>,
        stage: StageId,
        heads: Rc<Vec<RefCell<Head>>>,
        run: StageRun,
        ports: Ports,
        inputs: Vec<(Input, Role)>,
        wakers: Wakers,
        player: Option<Rc<Player>>,
    ) -> Self {
        Operator {
            shared,
            stage,
            heads,
            run,
            ports,
            inputs,
            wakers,
            player,
            epoch: Epoch(0),
            watermark: Timestamp::MIN,
            passed: Timestamp::MIN,
            set_aside: Vec::new(),
            told: Instant::now(),
            bundles: 0,
            ended: false,
        }
    }

    /// Does what there is to do; `true` while there may be more one day.
    pub(crate) fn activate(&mut self, frontiers: &[MutableAntichain<Moment>]) -> bool {
        if self.ended || self.shared.is_over() {
            return !self.ended;
        }
        let heads = self.heads.clone();
        let head = &mut *heads[self.stage.0].borrow_mut();
        let outcome = match head {
            Head::Source(reading) => self.read(reading),
            Head::Script => self.play(),
            _ => self.receive(head, frontiers),
        };
        let outcome = outcome.and_then(|step| {
            if step == Step::End {
                self.end(head)?;
            }
            Ok(step)
        });
        match outcome {
            Ok(Step::More) => self.wakers.activator.activate(),
            Ok(Step::Congested) => self.wakers.activate_after(CONGESTED),
            Ok(Step::Rest(span)) => self.wakers.activate_after(span),
            Ok(Step::Wait | Step::End) => {}
            Err(error) => self.shared.fail(error),
        }
        !self.ended
    }

    fn read(&mut self, reading: &mut Reading) -> Result<Step, RunError> {
        let (shared, run, ports) = (&self.shared, &mut self.run, &mut self.ports);
        let step = reading.read(shared, self.stage, run, ports, &self.wakers.wake)?;
        run.is_congested(self.stage, step == Step::Congested);
        if step == Step::End {
            return Ok(step);
        }
        let is_time = self.told.elapsed() >= TELL_TIME;
        let enough = match self.shared.options.all_workers() {
            1 => TELL_ELEMENTS_ALONE,
            _ => TELL_ELEMENTS,
        };
        let has_nothing = matches!(step, Step::Wait | Step::Rest(_));
        if self.closes_epoch(step) || reading.since >= enough || is_time || has_nothing {
            self.told = Instant::now();
            self.watermark = reading.look();
            self.pass_on(Timestamp::MAX)?;
            // Others read on, and this worker must not hold their watermark back.
            if step == Step::Wait && self.watermark > Timestamp::MIN {
                self.wakers.activate_after(LOOK_TIME);
            }
        }
        Ok(step)
    }

    /// Whether a source has read its last bundle of an epoch, which then is over; a look at which there
    /// was nothing counts as one, so that who waits holds no epoch open. Under a test stream epochs are
    /// events.
    fn closes_epoch(&mut self, step: Step) -> bool {
        let Some(most) = self.shared.options.epoch_bundles.filter(|_| self.player.is_none()) else {
            return false;
        };
        self.bundles += u64::from(step != Step::Congested);
        if self.bundles < most.max(1) {
            return false;
        }
        self.bundles = 0;
        self.epoch = Epoch(self.epoch.0 + 1);
        true
    }

    fn play(&mut self) -> Result<Step, RunError> {
        let Some(player) = self.player.clone() else { return Ok(Step::End) };
        let id = self.shared.plan.stages[self.stage.0].head;
        if let Some(event) = player.event(id) {
            if let Some(bundle) = event.elements {
                self.shared.job.read(bundle.len() as u64, 0);
                self.run.count_in(id, bundle.len());
                let ports = &mut self.ports;
                self.run
                    .emit(id, 0, bundle, &mut |exchange, bundle| ports.send(exchange, bundle))?;
            }
            self.watermark = event.watermark.unwrap_or(self.watermark);
            player.has_played();
        }
        let Some(epoch) = player.epoch() else { return Ok(Step::End) };
        self.epoch = epoch;
        self.pass_on(Timestamp::MAX)?;
        Ok(Step::Wait)
    }

    /// Takes in what has arrived, and moves on as far as the input has.
    fn receive(
        &mut self,
        head: &mut Head,
        frontiers: &[MutableAntichain<Moment>],
    ) -> Result<Step, RunError> {
        self.look_at_views(|view| self.view_watermark(frontiers, view));
        let some_are_left = self.take_in(head)?;
        let moments = || frontiers.iter().flat_map(|frontier| frontier.frontier().to_owned());
        if self.shared.stops_reading() {
            head.drain(&self.shared, self.stage)?;
        }
        let Some(epoch) = moments().map(|moment| moment.epoch).min() else {
            return self.finish_work(head);
        };
        let watermark = self.input_watermark(frontiers);
        if self.player.is_some() && epoch == self.epoch {
            return Ok(Step::Wait);
        }
        if head.is_busy() && self.player.is_none() && self.shared.is_congested() {
            return Ok(if some_are_left { Step::More } else { Step::Congested });
        }
        self.settle(head, epoch, watermark)?;
        Ok(if some_are_left { Step::More } else { self.rest(head) })
    }

    /// When there is something to do next.
    fn rest(&mut self, head: &Head) -> Step {
        if head.is_busy() {
            return Step::More;
        }
        if self.player.is_none() {
            self.wake_for(head.next_deadline());
        }
        // Others work on, and this worker must not hold their watermark back.
        if head.may_be_given() {
            self.wakers.activate_after(LOOK_TIME);
        }
        Step::Wait
    }

    /// Nothing more comes, but some work may not be done yet.
    fn finish_work(&mut self, head: &mut Head) -> Result<Step, RunError> {
        if !head.has_work_left() {
            return Ok(Step::End);
        }
        if self.player.is_none() && self.shared.is_congested() {
            return Ok(Step::Congested);
        }
        self.settle(head, Epoch(u64::MAX), Timestamp::MAX)?;
        Ok(match head.has_work_left() {
            true if self.player.is_some() => Step::More,
            true => self.rest(head),
            false => Step::More,
        })
    }

    /// The watermark of the elements that come.
    fn input_watermark(&self, frontiers: &[MutableAntichain<Moment>]) -> Timestamp {
        let of_elements = std::iter::zip(&self.inputs, frontiers)
            .filter(|((_, role), _)| matches!(role, Role::Elements(_)));
        let moments = of_elements.flat_map(|(_, frontier)| frontier.frontier().to_owned());
        let least = match fault!("epochs-outrun-watermarks") {
            true => moments.min().map(|moment| moment.watermark),
            false => moments.map(|moment| moment.watermark).min(),
        };
        least.unwrap_or(Timestamp::MAX)
    }

    /// Notes how far the views have come that the stage reads.
    fn look_at_views(&self, watermark: impl Fn(CollectionId) -> Timestamp) {
        let head = self.shared.plan.stages[self.stage.0].head;
        let views = &self.shared.graph.node(head).side_inputs;
        if !views.is_empty() {
            let watermarks = views.iter().map(|view| watermark(*view)).collect();
            self.run.views_have_come_to(self.stage, watermarks);
        }
    }

    /// How far a view has come that the stage reads.
    fn view_watermark(
        &self,
        frontiers: &[MutableAntichain<Moment>],
        view: CollectionId,
    ) -> Timestamp {
        let of_view = std::iter::zip(&self.inputs, frontiers)
            .filter(|((_, role), _)| *role == Role::View(view));
        let moments = of_view.flat_map(|(_, frontier)| frontier.frontier().to_owned());
        moments.map(|moment| moment.watermark).min().unwrap_or(Timestamp::MAX)
    }

    /// Sees that the operator is activated at the next deadline. A test's clock has to be looked at.
    fn wake_for(&mut self, deadline: Option<Timestamp>) {
        let Some(deadline) = deadline else { return };
        let clock = &self.shared.options.clock;
        self.wakers.activate_after(match clock.is_told() {
            true => LOOK_TIME,
            false => std_duration(deadline.since(clock.now())).max(Duration::from_micros(1)),
        });
    }

    /// Takes in what has arrived, or as much as can be in a while; whether some is left. Of a test stream's event
    /// nothing may be left.
    fn take_in(&mut self, head: &mut Head) -> Result<bool, RunError> {
        let sets_aside = self.player.is_some() && head.sets_aside();
        if !sets_aside {
            head.tell_the_time(|| self.shared.options.clock.now());
        }
        let Operator { shared, stage, run, ports, set_aside, .. } = self;
        let (started, is_played) = (Instant::now(), self.player.is_some());
        let goes_on = || is_played || started.elapsed() < TAKE_TIME;
        let (mut outcome, mut some_are_left) = (Ok(()), false);
        for (input, role) in &mut self.inputs {
            let Role::Elements(form) = role else {
                // Nothing comes by it, but it has to be looked at.
                input.take_some(|_, _| {}, || true);
                continue;
            };
            let take = |bundle: AnyBundle, counted| {
                if counted {
                    shared.taken(bundle.len());
                }
                if outcome.is_err() || shared.is_over() {
                    return;
                }
                match sets_aside {
                    true => set_aside.push((bundle, *form)),
                    false => {
                        outcome = head.take(shared, *stage, run, ports, bundle, *form);
                        run.take_metrics(shared.plan.stages[stage.0].head);
                    }
                }
            };
            some_are_left |= input.take_some(take, goes_on);
        }
        outcome.map(|()| some_are_left)
    }

    /// An epoch has ended, or the watermark has moved: what was set aside is handled first, then what is
    /// due by the watermark, then by the processing time.
    fn settle(
        &mut self,
        head: &mut Head,
        epoch: Epoch,
        watermark: Timestamp,
    ) -> Result<(), RunError> {
        let now = match (&self.player, &*head) {
            (Some(player), _) => player.now(Epoch(epoch.0.saturating_sub(1))),
            (None, Head::General(_) | Head::Stateful(_) | Head::Splittable(_)) => {
                self.shared.options.clock.now()
            }
            (None, _) => Timestamp::MIN,
        };
        head.tell_the_time(|| now);
        let form = self.set_aside.first().map(|(_, form)| *form);
        let aside = self.set_aside.drain(..).map(|(bundle, _)| bundle);
        if let (Some(form), Some(bundle)) = (form, AnyBundle::concatenate(aside)) {
            head.take(&self.shared, self.stage, &mut self.run, &mut self.ports, bundle, form)?;
        }
        self.epoch = epoch;
        self.watermark = watermark;
        if fault!("the-end-runs-ahead") && watermark == Timestamp::MAX {
            self.pass_on(Timestamp::MAX)?;
        }
        head.advance(&self.shared, self.stage, &mut self.run, &mut self.ports, watermark, now)?;
        self.run.take_metrics(self.shared.plan.stages[self.stage.0].head);
        self.pass_on(head.hold())
    }

    /// What was folded before an exchange goes out as far as the output watermark has come, and then the
    /// moment is passed on.
    fn pass_on(&mut self, hold: Timestamp) -> Result<(), RunError> {
        // What is kept of late elements holds it where it is, and never drags it back.
        self.passed = self.watermark.min(hold).max(self.passed);
        let (watermark, ports) = (self.passed, &mut self.ports);
        let folded = if fault!("doors-ignore-holds") { self.watermark } else { watermark };
        self.run.advance(folded, &mut |exchange, bundle| ports.send(exchange, bundle))?;
        self.run.has_come_to(self.stage, self.watermark, watermark);
        self.ports.advance_to(Moment { epoch: self.epoch, watermark });
        Ok(())
    }

    /// Nothing more comes.
    fn end(&mut self, head: &mut Head) -> Result<(), RunError> {
        self.look_at_views(|_| Timestamp::MAX);
        self.settle(head, Epoch(u64::MAX), Timestamp::MAX)?;
        head.end(&self.shared, self.stage)?;
        self.run.take_metrics(self.shared.plan.stages[self.stage.0].head);
        self.run.finish()?;
        self.run.has_come_to(self.stage, Timestamp::MAX, Timestamp::MAX);
        self.ports.release();
        self.ended = true;
        Ok(())
    }
}
