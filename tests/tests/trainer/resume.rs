//! A run that goes on from a state is the run that never stopped.

use std::fs;

use remat::data::Windows;
use remat::prelude::*;
use remat::state;
use remat::train::{At, Callback, Every, Flow, Saver, Step};
use remat_tests::states;

/// One network under several plans, each with its name: a state says nothing of the plan.
macro_rules! plans {
    ($($module:ident: $marks:tt)*) => {
        $(plans!(@ $module $marks);)*
    };
    (@ $module:ident [$($marks:tt)*]) => {
        mod $module {
            remat_tests::gpt!(Net: $($marks)*);
        }
    };
}
plans! {
    store_all: [model [] blocks [] attn [] mlp [] act []]
    blocks: [model [] blocks [#[checkpoint]] attn [] mlp [] act []]
    planned: [model [#[checkpoint(fraction = 0.5)]] blocks [] attn [] mlp [] act []]
}

/// What happens under one plan, until so many steps are taken.
macro_rules! run {
    ($module:ident, $threads:expr, $prefetch:expr, $until:expr, $folder:expr, $losses:expr) => {{
        // A state brings its own seed: what a model is made with must not show.
        let seed = if $folder.states().unwrap().is_empty() { 5 } else { 99 };
        let mut net = $module::Net::new(&Cpu::with_threads($threads).unwrap(), seed).unwrap();
        let mut opt = AdamW::new(&net, AdamWConfig { lr: 0.0, ..Default::default() }).unwrap();
        Trainer::steps($until)
            .batch(3)
            .accumulate(2)
            .shuffle(seed)
            .prefetch($prefetch)
            .schedule(Schedule::cosine(0.02, 9, 0.002).unwrap().warm_up(3).unwrap())
            .clip_norm(0.5)
            .evaluate(held_out(), Every::Epochs(1))
            .callback(Losses($losses))
            .callback(Saver::new($folder.clone()))
            .resume($folder)
            .run(&mut net, &mut opt, text())
            .unwrap()
    }};
}

/// Eleven windows: two steps of 6, one of 5.
fn text() -> Windows<'static> {
    let tokens: Vec<u32> = (0..111).map(|i| i * i % 17).collect();
    Windows::of_tokens(tokens, 10).unwrap()
}

fn held_out() -> Windows<'static> {
    let tokens: Vec<u32> = (0..51).map(|i| i * 5 % 17).collect();
    Windows::of_tokens(tokens, 10).unwrap()
}

/// Notes the bits of each loss, gradient's norm and rate.
struct Losses<'a>(&'a mut Vec<[u64; 3]>);

impl<M: remat::model::Trainable> Callback<M> for Losses<'_> {
    fn step(&mut self, _at: &At<'_, M>, step: &Step) -> Result<Flow, Error> {
        self.0.push([step.loss, step.grad_norm, step.lr].map(f64::to_bits));
        Ok(Flow::Continue)
    }
}

/// Steps of a whole run: more than two epochs of four steps each (the last of an epoch is shorter).
const STEPS: u64 = 7;

#[test]
fn it_ends_with_the_same_bits_wherever_it_stopped_under_any_plan_on_any_number_of_threads() {
    let folder = |name| {
        let whole = states::Folder::new(name);
        let states = state::Folder::new(whole.path("states")).unwrap();
        (whole, states)
    };
    let (_whole, straight) = folder("straight");
    let mut expected = vec![];
    let finished = run!(store_all, 1, 0, STEPS, &straight, &mut expected);
    assert_eq!((expected.len(), finished.progress.epoch, finished.progress.data.position), (7, 3, 6));
    let (step, path) = straight.states().unwrap().remove(0);
    assert_eq!(step, STEPS);
    let expected_state = fs::read(path).unwrap();

    for stop in 1..STEPS {
        let (_whole, resumed) = folder("resumed");
        let mut losses = vec![];
        run!(store_all, 1, 0, stop, &resumed, &mut losses);
        let finished = match stop % 3 {
            0 => run!(store_all, 2, 2, STEPS, &resumed, &mut losses),
            1 => run!(blocks, 2, 0, STEPS, &resumed, &mut losses),
            _ => run!(planned, 1, 1, STEPS, &resumed, &mut losses),
        };
        assert_eq!(finished.resumed.unwrap().progress.step, stop);
        assert!(losses == expected, "losses, gradients' norms or rates differ after a stop at {stop}");
        let (_, path) = resumed.states().unwrap().pop().unwrap();
        assert!(fs::read(path).unwrap() == expected_state, "the state differs after a stop at {stop}");
    }
}
