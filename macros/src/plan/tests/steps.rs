//! What a plan does, step by step.
//!
//! `F3` is the Forward of node 3, `R` a Recompute, `B` a Backward, `F3+4` a node with its epilogue, `-v5`
//! frees value 5 and `-d5` its gradient; `>v5` begins to copy value 5 to the host and `<v5` back, and `>v5!`, `<v5!` wait for
//! that; `B3~v2` writes a gradient over value 2, and `B3~d` over that of what node 3 makes. In the chains below node `i` reads value `i` and makes value
//! `i + 1`; value 0 is the input, and each node's Backward reads what the node read.

use super::nets::{Layer, Net};
use super::{F32, layout, planned, schedule, verify};
use crate::plan::problem::{Class, NodeId, Over, Problem, ValueId};
use crate::plan::program::{Kept, Kind, Mode, Program, Step, Way, Why};

/// All steps, in words short enough to be read in a row.
pub(super) fn text(program: &Program) -> String {
    let words = program.steps.iter().map(|step| match step {
        Step::Run(run) => {
            let letter = match run.kind {
                Kind::Forward => "F",
                Kind::Recompute => "R",
                Kind::Backward => "B",
            };
            let epilogues: String = run.nodes().skip(1).map(|node| format!("+{node}")).collect();
            let over = run.over.map_or(String::new(), |over| match over {
                Over::Grad => String::from("~d"),
                Over::Value(value) => format!("~v{value}"),
            });
            format!("{letter}{}{epilogues}{over}", run.node)
        }
        Step::Free(value) => format!("-v{value}"),
        Step::FreeGrad(value) => format!("-d{value}"),
        Step::Copy(Way::Out, value) => format!(">v{value}"),
        Step::Copied(Way::Out, value) => format!(">v{value}!"),
        Step::Copy(Way::Back, value) => format!("<v{value}"),
        Step::Copied(Way::Back, value) => format!("<v{value}!"),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The steps that run, without those that free and copy.
pub(super) fn runs(program: &Program) -> String {
    text(program).split(' ').filter(|word| !word.starts_with(['-', '<', '>'])).collect::<Vec<_>>().join(" ")
}

/// What follows the first Backward, it included.
pub(super) fn backward(program: &Program) -> String {
    let runs = runs(program);
    runs[runs.find('B').unwrap_or(0)..].to_owned()
}

pub(super) fn kept(program: &Program) -> Vec<(ValueId, Why)> {
    program.facts.kept.iter().map(|&Kept { value, why, .. }| (value, why)).collect()
}

/// A layer with a parameter, whose Backward reads what it read.
pub(super) fn link(net: &mut Net, x: ValueId) -> ValueId {
    let params = [net.param(16)];
    net.layer(Layer {
        reads: &[x],
        size: 16,
        needs_input: true,
        params: &params,
        flops: 1,
        ..Layer::default()
    })
}

/// Links `0..nodes` and what the last of them makes.
pub(super) fn chain(nodes: usize) -> (Net, ValueId) {
    let mut net = Net::default();
    let mut x = net.input(Class::Elem, 16);
    for _ in 0..nodes {
        x = link(&mut net, x);
    }
    (net, x)
}

/// Adds a loss whose Backward reads what it read.
pub(super) fn loss(mut net: Net, x: ValueId) -> Problem {
    let loss = net.layer(Layer { reads: &[x], size: 0, needs_input: true, ..Layer::default() });
    net.loss(loss)
}

/// A chain of `nodes` and a loss under `segments`.
fn chain_under(nodes: usize, segments: &[std::ops::Range<NodeId>]) -> Program {
    let (mut net, x) = chain(nodes);
    segments.iter().for_each(|nodes| net.segment(nodes.clone()));
    planned(&loss(net, x)).0
}

#[test]
fn without_marks_everything_that_backward_reads_is_kept_and_each_buffer_goes_after_its_last_use() {
    let program = chain_under(2, &[]);
    assert_eq!(text(&program), "F0 F1 F2 B2 -v2 -d3 B1 -v1 -d2 B0 -v0 -d1");
    let backward = [(0, Why::Given), (1, Why::Backward(1)), (2, Why::Backward(2)), (3, Why::Output)];
    assert_eq!(kept(&program), backward);
    assert_eq!((program.facts.forward_flops, program.facts.recompute_flops), (2, 0));
}

#[test]
fn a_scope_cut_by_boundaries_keeps_them_and_recomputes_what_is_between() {
    // Boundaries after nodes 1 and 3; the last part holds the loss, node 6.
    let program = chain_under(6, &[0..2, 2..4, 4..7]);
    // The tail is not recomputed, and neither is what a boundary holds: nodes 1 and 3 run once.
    assert_eq!(runs(&program), "F0 F1 F2 F3 F4 F5 F6 B6 B5 B4 R2 B3 B2 R0 B1 B0");
    assert_eq!(
        kept(&program),
        [
            (0, Why::Given),
            (2, Why::Boundary(0)),
            (4, Why::Boundary(1)),
            (5, Why::Backward(5)),
            (6, Why::Backward(6)),
            (7, Why::Output)
        ]
    );
    assert_eq!((&program.facts.resident, &program.facts.tail), (&vec![2], &vec![2]));
    assert_eq!(program.facts.recomputed, [(0, 1), (2, 1)]);
    assert_eq!((program.facts.forward_flops, program.facts.recompute_flops), (6, 2));
}

#[test]
fn a_segment_before_the_loss_is_recomputed_since_the_loss_stands_between() {
    let program = chain_under(3, &[0..3]);
    assert_eq!(runs(&program), "F0 F1 F2 F3 B3 R0 R1 B2 B1 B0");
    assert_eq!(kept(&program), [(0, Why::Given), (3, Why::Boundary(0)), (4, Why::Output)]);
}

#[test]
fn what_stands_around_a_segment_keeps_its_own_rule() {
    let program = chain_under(4, &[1..3]);
    assert_eq!(runs(&program), "F0 F1 F2 F3 F4 B4 B3 R1 B2 B1 B0");
    let kept = kept(&program);
    assert!(kept.contains(&(1, Why::InputOf(0))), "{kept:?}");
    assert!(kept.contains(&(3, Why::Boundary(0))), "{kept:?}");
    assert!(!kept.iter().any(|&(value, _)| value == 2), "{kept:?}");
}

#[test]
fn segments_inside_a_segment_cut_its_recompute_again() {
    // One segment of six nodes, in it three of two.
    let program = chain_under(6, &[0..6, 0..2, 2..4, 4..6]);
    // Recomputing 0..6 makes values 2 and 4 and drops 1 and 3; its last part, 4..6, is not run again on
    // its own, while 2..4 and 0..2 are.
    assert_eq!(runs(&program), "F0 F1 F2 F3 F4 F5 F6 B6 R0 R1 R2 R3 R4 B5 B4 R2 B3 B2 R0 B1 B0");
    assert_eq!(program.facts.recomputed, [(0, 2), (1, 1), (2, 2), (3, 1), (4, 1)]);
    // It ends no more than the segment around it: what it keeps is kept for long.
    assert_eq!((&program.facts.resident, &program.facts.tail), (&vec![3], &vec![]));
    assert_eq!(kept(&program), [(0, Why::Given), (6, Why::Boundary(0)), (7, Why::Output)]);
}

#[test]
fn a_segment_that_leads_to_no_recompute_is_reported() {
    // A single node whose Backward reads its input, which is kept anyway.
    let program = chain_under(3, &[1..2]);
    assert_eq!(backward(&program), "B3 B2 B1 B0");
    assert_eq!(program.facts.idle_segments, [0]);
}

#[test]
fn a_long_skip_is_kept_as_the_frontier_of_the_segment_it_leaves() {
    // Value 1 is made inside the first segment and read in the last.
    let (mut net, x) = chain(6);
    let y = net.layer(Layer { reads: &[x, 1], size: 16, needs_input: true, ..Layer::default() });
    net.cut(0..8, &[2, 4]);
    let (program, _) = planned(&loss(net, y));
    assert_eq!(
        kept(&program)[..4],
        [(0, Why::Given), (1, Why::Frontier(0)), (2, Why::Boundary(0)), (4, Why::Boundary(1))]
    );
    // Value 1 being there, nothing of the first segment is recomputed.
    assert_eq!(backward(&program), "B7 B6 B5 B4 R2 B3 B2 B1 B0");
}

#[test]
fn a_skip_that_no_backward_and_no_recompute_reads_is_not_kept() {
    let (mut net, x) = chain(6);
    let y = net.add(x, 1, 16);
    net.cut(0..8, &[2, 4]);
    let (program, _) = planned(&loss(net, y));
    assert!(!kept(&program).iter().any(|&(value, _)| value == 1));
    assert_eq!(backward(&program), "B7 B6~d B5 B4 R2 B3 B2 R0 B1 B0");
}

#[test]
fn a_shared_parameter_is_written_by_its_last_use_and_added_to_by_the_others() {
    let mut net = Net::default();
    let (mut x, shared) = (net.input(Class::Elem, 16), net.param(16));
    for _ in 0..3 {
        x = net.layer(Layer {
            reads: &[x],
            size: 16,
            needs_input: true,
            params: &[shared],
            ..Layer::default()
        });
    }
    let (program, _) = planned(&loss(net, x));
    let modes: Vec<_> = program.runs().flat_map(|run| run.params.iter().map(|&(_, mode)| mode)).collect();
    assert_eq!(modes, [Mode::Write, Mode::Add, Mode::Add]);
}

#[test]
fn a_value_read_twice_gets_its_gradient_from_both_readers_the_later_one_first() {
    let (mut net, x) = chain(1);
    let y = link(&mut net, x);
    let sum = net.add(y, x, 16);
    let (program, _) = planned(&loss(net, sum));
    let to_x: Vec<_> = program
        .runs()
        .flat_map(|run| run.grads.iter().filter(|&&(value, _)| value == x).map(|&(_, mode)| (run.node, mode)))
        .collect();
    assert_eq!(to_x, [(2, Mode::Write), (1, Mode::Add)]);
}

#[test]
fn a_layer_whose_backward_reads_nothing_keeps_nothing() {
    // As dropout does, which draws its mask again: its input goes at once, its output to the next layer.
    let (mut net, x) = chain(1);
    let dropped = net.dropout(x, 16);
    let y = link(&mut net, dropped);
    let (program, _) = planned(&loss(net, y));
    assert_eq!(text(&program), "F0 F1 -v1 F2 F3 B3 -v3 -d4 B2 -v2 -d3 B1 -d2 B0 -v0 -d1");
}

#[test]
fn an_epilogue_runs_with_its_node_and_the_value_between_is_stored_only_for_another_reader() {
    let with = |needs_input, needs_output| {
        let (mut net, x) = chain(1);
        let layer =
            Layer { reads: &[x], size: 16, needs_input, needs_output, epilogue: true, ..Layer::default() };
        let active = net.layer(layer);
        planned(&loss(net, active)).0
    };
    let made = |program: &Program| program.runs().next().map(|run| run.makes.clone());
    let (reads_input, reads_output) = (with(true, false), with(false, true));
    assert_eq!(runs(&reads_input), "F0+1 F2 B2 B1 B0");
    assert_eq!(made(&reads_input), Some(vec![1, 2]));
    assert_eq!(made(&reads_output), Some(vec![2]));
}

#[test]
fn a_fused_pair_is_recomputed_as_a_pair_or_only_the_half_that_is_missing() {
    let with = |segments: &[std::ops::Range<NodeId>], recompute| {
        let (mut net, x) = chain(2);
        let layer =
            Layer { reads: &[x], size: 16, needs_input: true, epilogue: true, recompute, ..Layer::default() };
        let active = net.layer(layer);
        let y = link(&mut net, active);
        segments.iter().for_each(|nodes| net.segment(nodes.clone()));
        planned(&loss(net, y)).0
    };
    assert_eq!(runs(&with(&[0..4], false)), "F0 F1+2 F3 F4 B4 R0 R1+2 B3 B2 B1 B0");
    assert_eq!(runs(&with(&[], true)), "F0 F1+2 F3 F4 B4 R2 B3 B2 B1 B0");
}

#[test]
fn three_nodes_run_in_one_call_where_each_two_may_and_need_nothing_else_of_each_other() {
    // Node 1 drops out; node 2 adds what is in `reads`, with what node 1 makes; node 3 reads that, and `also`.
    let with = |reads: &[ValueId], also: &[ValueId], outputs: &[ValueId]| {
        let (mut net, x) = chain(1);
        let layer = |reads| Layer { reads, size: 16, epilogue: true, ..Layer::default() };
        let dropped = net.layer(Layer { reads: &[x], size: 16, ..Layer::default() });
        let sum = net.layer(Layer { over: true, ..layer(reads) });
        let of_sum = [&[sum], also].concat();
        let norm = net.layer(Layer { over: true, ..layer(&of_sum) });
        net.problem.outputs.extend(outputs);
        assert_eq!([x, dropped, sum, norm], [1, 2, 3, 4]);
        planned(&loss(net, norm)).0
    };
    let forward = |program: &Program| text(program).split(" B").next().map(String::from);
    let whole = with(&[2, 0], &[], &[]);
    assert_eq!(forward(&whole).as_deref(), Some("F0 F1+2+3~v1 F4"));
    // What is handed over is stored where something else reads it.
    assert_eq!(forward(&with(&[2, 0], &[], &[2])).as_deref(), Some("F0 F1+2+3~v1 F4"));
    let made = |program: &Program| program.runs().nth(1).map(|run| run.makes.clone());
    assert_eq!(made(&whole), Some(vec![4]));
    assert_eq!(made(&with(&[2, 0], &[], &[2, 3])), Some(vec![2, 3, 4]));
    // Not over what another of them reads, nor all at once if one reads what is handed to another.
    assert_eq!(forward(&with(&[2, 1], &[], &[])).as_deref(), Some("F0 F1+2+3 -v1 F4"));
    assert_eq!(forward(&with(&[2, 0], &[1], &[])).as_deref(), Some("F0 F1+2+3 -v1 F4"));
    assert_eq!(forward(&with(&[2, 0], &[2], &[])).as_deref(), Some("F0 F1+2~v1 F3 -v3 -v2 F4"));
}

#[test]
fn statistics_are_stored_only_where_something_reads_them() {
    // In a segment that is recomputed, forward does not store what recompute makes again.
    let mut net = Net::default();
    let x = net.input(Class::Elem, 32);
    let normed = net.norm(x, 2, 16);
    let y = link(&mut net, normed);
    net.segment(0..2);
    let (program, _) = planned(&loss(net, y));
    let made: Vec<_> =
        program.runs().map(|run| run.makes.clone()).filter(|makes| !makes.is_empty()).collect();
    assert_eq!(runs(&program), "F0 F1 F2 B2 R0 B1 B0");
    assert_eq!(made, [vec![1], vec![3], vec![4], vec![1, 2]]);
}

#[test]
fn nothing_runs_backward_before_the_first_trained_layer_and_nothing_is_kept_for_it() {
    let mut net = Net::default();
    let mut x = net.input(Class::Elem, 16);
    for _ in 0..2 {
        x = net.layer(Layer { reads: &[x], size: 16, needs_input: true, ..Layer::default() });
    }
    let y = link(&mut net, x);
    let (program, _) = planned(&loss(net, y));
    assert_eq!(text(&program), "F0 -v0 F1 -v1 F2 F3 B3 -v3 -d4 B2 -v2 -d3");
}

#[test]
fn a_model_without_parameters_has_no_backward() {
    let mut net = Net::default();
    let x = net.input(Class::Elem, 16);
    let program = planned(&loss(net, x)).0;
    assert_eq!((text(&program).as_str(), program.seed), ("F0 -v0", None));
}

#[test]
fn an_output_stays_until_the_step_ends_and_is_not_made_again() {
    let (mut net, x) = chain(3);
    let side = link(&mut net, 2);
    net.segment(0..3);
    net.problem.outputs = vec![side, 2];
    let (program, _) = planned(&loss(net, x));
    // Node 3 runs though the loss does not need it, and has no Backward.
    assert_eq!(text(&program), "F0 F1 -v1 F2 F3 F4 B4 -v3 -d5 R0 B2 -d3 B1 -v1 -d2 B0 -v0 -d1");
    assert_eq!(
        kept(&program)[1..],
        [(2, Why::Output), (3, Why::Boundary(0)), (4, Why::Output), (5, Why::Output)]
    );
}

#[test]
fn a_forward_program_runs_what_is_wanted_and_reads_only_the_inputs_of_that() {
    let (mut net, x) = chain(3);
    let target = net.input(Class::Index, 1);
    let aside = link(&mut net, 1);
    let cross_entropy = net.cross_entropy(x, target, 1);
    let problem = net.loss(cross_entropy);
    let wanted = [aside];
    let program = schedule::forward(&problem, &wanted);
    assert_eq!(text(&program), "F0 -v0 F3 -v1");
    assert_eq!((program.inputs.as_slice(), program.outputs.as_slice()), (&[0][..], &[aside][..]));
    let layout = layout(&problem, &program, F32).expect("it is small");
    assert_eq!(verify::forward(&problem, &wanted, &program, &layout, F32), Ok(()));
    // Gradients of parameters stand where the training program has them, so they survive.
    assert_eq!(layout.param_lines, problem.params.len() as u64);
}

#[test]
fn recompute_waits_until_its_value_is_read_where_that_lowers_the_peak() {
    // A segment with two arms of one input, each with a large value inside. Both are missing when backward
    // reaches the segment, before node 5. That of the first arm, node 1, waits until the other is freed.
    let (mut net, x) = chain(1);
    let arms: Vec<ValueId> = (0..2)
        .map(|_| {
            let params = [net.param(16)];
            let wide = net.layer(Layer {
                reads: &[x],
                size: 1600,
                needs_input: true,
                params: &params,
                ..Layer::default()
            });
            net.layer(Layer {
                reads: &[wide],
                size: 16,
                needs_input: true,
                params: &params,
                ..Layer::default()
            })
        })
        .collect();
    let sum = net.add(arms[0], arms[1], 16);
    net.segment(1..6);
    let (program, _) = planned(&loss(net, sum));
    assert_eq!(backward(&program), "B6 R3 B5 B4 R1 B3 B2 B1 B0");
}

#[test]
fn equal_layers_in_sqrt_long_segments_keep_sqrt_many_boundaries() {
    for layers in [4_usize, 16, 64, 256] {
        let length = (1..).find(|k| k * k >= layers).unwrap_or(layers);
        let segments: Vec<_> = (0..layers).step_by(length).map(|i| i..(i + length).min(layers)).collect();
        let (mut net, x) = chain(layers);
        segments.into_iter().for_each(|nodes| net.segment(nodes));
        let (program, layout) = planned(&loss(net, x));
        // A value here is one line per sample; the loss is not per sample.
        let kept = program.facts.kept.iter().filter(|kept| kept.value <= layers).count();
        assert!(kept <= length + 1, "{layers} layers keep {kept} values");
        // At the peak: the boundaries, the input, a segment's inside, and two gradients.
        assert!(
            layout.per_sample.peak <= 2 * length as u64 + 3,
            "{layers} layers take {:?}",
            layout.per_sample
        );
        assert_eq!(program.facts.recomputed.len(), layers - layers.div_ceil(length));
    }
}
