//! Whole models in every layout that is planned.

use super::*;
use crate::expand::understand;
use crate::graph::Graph;
use crate::plan::layout::What;
use crate::plan::problem::Class;
use crate::report::Errors;
use crate::syntax;

/// A model's graph and its plans, which hold.
pub(crate) fn understood(model: &str) -> (Graph, Plans) {
    let mut errors = Errors::default();
    let model = syntax::parse(model.parse().unwrap(), &mut errors).expect("it is a model");
    let graph = understand(&model, &mut errors);
    let said: Vec<String> = errors.messages().map(|(_, message)| message).collect();
    assert!(said.is_empty(), "{said:?}");
    let plans = plan(&graph, "Net").unwrap_or_else(|defect| panic!("{}", defect.message));
    assert!(verify(&plans).is_ok(), "a plan does not hold");
    (graph, plans)
}

/// A model's plans, which hold.
fn plans(model: &str) -> Plans {
    understood(model).1
}

/// A deep net under some mark.
fn deep(mark: &str) -> Plans {
    plans(&format!(
        "{mark} Net {{
            input x: f32[64]; target y: u32;
            hidden: repeat(8) {{ fc: Linear(64); Silu; }}
            head: Linear(10);
            loss: CrossEntropy <- (head, y);
        }}"
    ))
}

/// Lines of what is rounded in each call of training, in one width.
fn rounded(plans: &Plans, width: usize) -> Vec<u64> {
    let own = plans.train.layouts[width].buffers.iter();
    let own = own.filter(|placed| placed.size.class == Class::Rounded);
    own.map(|placed| {
        assert!(matches!(placed.what, What::Scratch(..)) && placed.first == placed.last);
        placed.lines
    })
    .collect()
}

const LINEAR: &str = "Net {
    input x: f32[5]; target y: f32[10];
    a: Linear(3); b: Linear(64, bias = false); c: Linear(10);
    loss: Mse <- (c, y);
}";

#[test]
fn where_activations_are_as_wide_as_parameters_what_is_rounded_takes_nothing() {
    let plans = plans(LINEAR);
    for (width, widths) in WIDTHS.iter().enumerate().filter(|(_, widths)| !widths.rounds()) {
        let lines = rounded(&plans, width);
        assert!(lines.iter().all(|lines| *lines == 0), "{widths:?}: {lines:?}");
        // Where no layout rounds, no program has anything to do with it.
        assert_eq!(lines.is_empty(), !ROUNDS);
    }
}

#[cfg(not(feature = "cuda"))]
#[test]
fn a_budget_in_bf16_needs_the_feature() {
    let model = "#[checkpoint(fraction = 0.5, device = cuda, dtype = bf16)]
        Net { input x: f32[3]; target y: f32[3]; a: Linear(3); loss: Mse <- (a, y); }";
    let said = "1:53 `dtype = bf16` is planned for by the feature `cuda` of `remat`, which is off -- write `features = [\"cuda\"]` beside `remat` in Cargo.toml";
    assert_eq!(crate::catalogue::mistakes(model.parse().unwrap()), [said]);
}

#[test]
fn a_budget_for_a_gpu_in_f32_is_one_for_the_cpu() {
    let [cpu, named, gpu] = ["", ", device = cpu, dtype = f32", ", device = cuda"].map(|device| {
        let plans = deep(&format!("#[checkpoint(fraction = 0.5{device})]"));
        assert!(!plans.train.program.facts.recomputed.is_empty());
        plans.train.layouts[0].buffers.clone()
    });
    assert!(cpu == named && cpu == gpu);
}

/// Of the layout with activations of two bytes.
#[cfg(feature = "cuda")]
mod narrow {
    use super::*;

    const GPT: &str = "Gpt {
        const D = 48;
        input tokens: u32[40]; target next: u32[40];
        embed: Embedding(90, D); pos: PositionEmbedding(40);
        #[checkpoint] blocks: repeat(3) {
            residual { ln_1: LayerNorm; qkv: Linear(3 * D); CausalAttention(heads = 4); proj: Linear(D); }
            residual { ln_2: LayerNorm; up: Linear(4 * D); #[recompute] Gelu; down: Linear(D); Dropout(0.1); }
        }
        norm: LayerNorm; head: Linear(90, bias = false, weight = embed);
        loss: CrossEntropy <- (head, next);
    }";

    /// Without products, so without anything to round.
    const PLAIN: &str = "Net {
        input x: f32[8, 256]; target y: f32[8, 256];
        level: LayerNorm; gate: Sigmoid; gated: Mul <- (gate, level); soft: Softmax; moved: Transpose(0, 1);
        back: Transpose(0, 1); bias: Parameter(8, 256, init = zeros); sum: Add <- (back, bias);
        loss: Mse <- (sum, y);
    }";

    /// Bytes of a step: for each sample, and whatever the batch.
    fn peak(layout: &Layout) -> (u64, u64) {
        (layout.per_sample.peak * 64, layout.fixed.peak * 64)
    }

    #[test]
    fn its_layout_takes_half_of_the_activations_and_all_of_the_rest() {
        let models = [GPT, PLAIN, LINEAR];
        let all = models.map(plans).into_iter().chain([deep(""), deep("#[checkpoint(every = 2)]")]);
        for plans in all {
            for planned in [&plans.train, &plans.evaluate, &plans.forward] {
                let [wide, _, narrow] = &planned.layouts[..] else { panic!("three layouts") };
                assert!(narrow.stretched.is_none());
                let ((wide, _), (narrow, _)) = (peak(wide), peak(narrow));
                // Lines are whole.
                assert!(2 * narrow >= wide && narrow < wide, "{narrow} of {wide}");
                let [base, .., other] = &planned.layouts[..] else { panic!("three layouts") };
                assert_eq!(base.param_lines, other.param_lines, "gradients of parameters are of f32");
            }
        }
        let plans = plans(PLAIN);
        let [wide, _, narrow] = &plans.train.layouts[..] else { panic!("three layouts") };
        let ((wide, wide_fixed), (narrow, narrow_fixed)) = (peak(wide), peak(narrow));
        assert!((narrow as f64) < 0.51 * wide as f64, "{narrow} of {wide}");
        assert_eq!(narrow_fixed, wide_fixed);
    }

    #[test]
    fn a_product_rounds_its_weight_and_bias_forward_and_its_weight_back() {
        // 15 elements and, from 32 on, 3; 192; 640 and 10. Back from the last to the second: 640, 192; what `a` reads
        // has no gradient.
        assert_eq!(rounded(&plans(LINEAR), 2), [2, 6, 21, 20, 6]);
        let frozen = LINEAR.replace("a: Linear", "#[frozen] a: Linear");
        assert_eq!(rounded(&plans(&frozen), 2), [2, 6, 21, 20]);
        // A weight that is tied is rounded by each that uses it as a weight: 90 * 48 elements.
        let plans = plans(GPT);
        let tied = rounded(&plans, 2).into_iter().filter(|lines| *lines == 135);
        assert_eq!(tied.count(), 2);
    }

    #[test]
    fn what_is_rounded_is_counted_in_the_peak() {
        let layout = &plans(LINEAR).train.layouts[2];
        // 21 lines of the last product, beside the loss or its gradient.
        assert_eq!(layout.fixed.peak, layout.fixed.live);
        assert!((22..=23).contains(&(layout.fixed.peak - layout.param_lines)), "{:?}", layout.fixed);
    }

    #[test]
    fn a_budget_in_bf16_is_met_by_its_layout_alone() {
        let plain = deep("");
        let bytes = |plans: &Plans, width: usize| {
            let all = [&plans.train, &plans.evaluate, &plans.forward].map(|planned| {
                let (layout, params) = (&planned.layouts[width], planned.layouts[width].param_lines);
                layout.per_sample.peak * 32 + layout.fixed.peak - params
            });
            (all.into_iter().max().unwrap() + plans.train.layouts[width].param_lines) * 64
        };
        let (wide, narrow) = (bytes(&plain, 0), bytes(&plain, 2));
        assert!(narrow < wide);
        let planned = |budget: u64, more: &str| {
            deep(&format!("#[checkpoint(budget = \"{budget} B\", batch = 32{more})]"))
        };
        let again = |plans: &Plans| plans.train.program.facts.recomputed.len();
        // What a step takes in bf16 without any mark is too little for f32.
        assert!(again(&planned(narrow, "")) > 0);
        assert_eq!(again(&planned(narrow, ", device = cuda, dtype = bf16")), 0);
        let tight = planned(narrow - 1, ", device = cuda, dtype = bf16");
        assert!(again(&tight) > 0 && bytes(&tight, 2) < narrow);
    }
}
