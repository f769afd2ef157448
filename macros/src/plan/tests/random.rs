//! Random problems: any graph, any marks.

use super::nets::{Layer, Net};
use crate::plan::lend::lend;
use crate::plan::problem::{Class, Extent, NodeId, Over, ParamId, Problem, Size, ValueId};

/// A seeded generator (splitmix64).
pub(super) struct Rng(pub(super) u64);

impl Rng {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    pub(super) fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }
}

/// How a random problem is drawn.
struct Odds {
    /// How far back a node looks for what it reads.
    reach: usize,
    shared_param: usize,
    marked: usize,
    segments: usize,
    rounded: usize,
}

/// A problem of up to `most` nodes, the loss not counted, drawn from `seed`.
pub(super) fn problem(seed: u64, most: usize) -> Problem {
    let mut rng = Rng(seed);
    let odds = Odds {
        reach: 1 + rng.below(8),
        shared_param: rng.below(40),
        marked: [0, 0, 20, 60][rng.below(4)],
        segments: rng.below(7),
        rounded: [0, 0, 30][(seed % 3) as usize],
    };
    let mut net = Net::default();
    let mut seen = Vec::new();
    for _ in 0..1 + rng.below(2) {
        let size = random_size(&mut rng);
        seen.push(net.input(if rng.percent(50) { Class::Elem } else { Class::Index }, size));
    }
    let nodes = 1 + rng.below(most);
    while net.nodes() < nodes {
        random_layer(&mut rng, &odds, &mut net, &mut seen);
    }
    let reads = sources(&mut rng, &odds, &seen);
    let needs_input = rng.percent(70);
    let stat = rng.below(3) as u64;
    let loss = net.layer(Layer { reads: &reads, size: 0, stat, needs_input, ..Layer::default() });
    for _ in 0..rng.below(3).saturating_sub(1) {
        net.problem.outputs.push(seen[rng.below(seen.len())]);
    }
    thin_out_reads(&mut rng, &mut net.problem);
    random_segments(&mut rng, &odds, &mut net);
    let mut problem = net.loss(loss);
    random_wholes(&mut rng, &mut problem);
    if seed % 3 != 1 {
        random_overs(&mut rng, &mut problem);
        random_values_over(&mut rng, &mut problem);
    }
    if seed % 5 != 2 {
        random_copies(&mut rng, &mut problem);
        lend(&mut problem);
    }
    if seed % 4 == 1 {
        random_hosts(&mut rng, &mut problem);
    }
    problem
}

/// Backwards that do what forward does as well: most of the losses that could be so, some of the others.
fn random_wholes(rng: &mut Rng, problem: &mut Problem) {
    for node in &mut problem.nodes {
        let odds = if node.makes[0] == problem.loss { 60 } else { 10 };
        let alone = node.makes.len() == 1;
        if let Some(backward) = node.backward.as_mut().filter(|_| alone && rng.percent(odds)) {
            backward.whole = true;
            backward.reads.extend(&node.reads);
            backward.reads.sort_unstable();
            backward.reads.dedup();
        }
    }
}

/// Values of epilogues that may be written over what the first node of their call reads, where that is of their size.
fn random_values_over(rng: &mut Rng, problem: &mut Problem) {
    for id in 1..problem.nodes.len() {
        let (before, node) = (&problem.nodes[id - 1], &problem.nodes[id]);
        let (made, read) = (node.makes[0], before.reads[rng.below(before.reads.len())]);
        let may = node.epilogue && rng.percent(70);
        problem.nodes[id].over = may;
        // So that it often is.
        let size = problem.values[read].size;
        if may && size.is_per_sample() && made != problem.loss && rng.percent(70) {
            problem.values[made].size = size;
        }
    }
}

/// Gradients that may be written over what they are computed from, where that is of their size.
fn random_overs(rng: &mut Rng, problem: &mut Problem) {
    for node in &mut problem.nodes {
        let (made, Some(backward)) = (node.makes[0], &mut node.backward) else { continue };
        let Some(&last) = backward.grads.last() else { continue };
        if rng.percent(50) {
            // So that it often is.
            let (of_made, of_last) = (problem.values[made].size, problem.values[last].size);
            if of_made.is_per_sample() && of_last.is_per_sample() && made != problem.loss && rng.percent(50) {
                problem.values[made].size = of_last;
            }
            backward.over = Some(Over::Grad);
        } else if rng.percent(50) {
            if !backward.reads.contains(&last) {
                backward.reads.push(last);
            }
            backward.over = Some(Over::Value(last));
        }
    }
}

/// Gradients that are handed on as they are, where what they are of is of one size.
fn random_copies(rng: &mut Rng, problem: &mut Problem) {
    let Problem { nodes, values, loss, .. } = problem;
    for node in nodes {
        let (made, Some(backward)) = (node.makes[0], &mut node.backward) else { continue };
        for &value in &backward.grads {
            let are_sized = [made, value].iter().all(|&of| values[of].size.is_per_sample());
            // So that it often is.
            if are_sized && value != *loss && rng.percent(50) {
                values[value].size = values[made].size;
            }
            if rng.percent(70) {
                backward.copies.push(value);
            }
        }
    }
}

/// Values that are to wait on the host, and stages of a few nodes that they cross.
fn random_hosts(rng: &mut Rng, problem: &mut Problem) {
    for node in &problem.nodes {
        let value = &mut problem.values[node.makes[0]];
        value.host = value.size.is_per_sample() && rng.percent(70);
    }
    let mut start = 0;
    while start < problem.nodes.len() {
        let end = problem.nodes.len().min(start + 1 + rng.below(3));
        problem.stages.push(start..end);
        start = end;
    }
}

fn random_size(rng: &mut Rng) -> u64 {
    let lines = if rng.percent(50) { 1 + rng.below(4) } else { 1 + rng.below(40) };
    (lines * 16 - rng.below(16)) as u64
}

/// One to three of what was made last; rarely one of them twice.
fn sources(rng: &mut Rng, odds: &Odds, seen: &[ValueId]) -> Vec<ValueId> {
    let count = 1 + [0, 0, 0, 1, 1, 2][rng.below(6)];
    let reach = if rng.percent(10) { seen.len() } else { odds.reach.min(seen.len()) };
    (0..count).map(|_| seen[seen.len() - 1 - rng.below(reach)]).collect()
}

fn random_layer(rng: &mut Rng, odds: &Odds, net: &mut Net, seen: &mut Vec<ValueId>) {
    // What the node before makes, an epilogue often alone reads, so that nothing later may.
    let before = net.problem.nodes.last().map(|node| node.makes[0]);
    let epilogue = before.filter(|value| rng.percent(25) && seen.last() == Some(value) && seen.len() > 2);
    let read_before = |value| net.problem.nodes.iter().any(|node| node.reads.contains(&value));
    let epilogue = epilogue.filter(|&value| !read_before(value));
    let epilogue = epilogue.filter(|_| !net.problem.nodes.last().is_some_and(|node| node.restores));
    let mut reads = epilogue.map_or_else(|| sources(rng, odds, seen), |value| vec![value]);
    if let Some(between) = epilogue {
        seen.pop();
        if rng.percent(40) {
            seen.insert(seen.len() - 1, between);
        }
        if rng.percent(30) {
            reads.push(seen[rng.below(seen.len())]);
        }
    }
    let mut params: Vec<ParamId> = Vec::new();
    for _ in 0..rng.below(3) {
        let known = net.problem.params.len();
        let param = if known > 0 && rng.percent(odds.shared_param) {
            rng.below(known)
        } else {
            net.param(random_size(rng))
        };
        if !params.contains(&param) {
            params.push(param);
        }
    }
    if rng.percent(5)
        && let Some(&param) = params.first()
    {
        net.problem.params[param] = None;
    }
    let made = net.layer(Layer {
        reads: &reads,
        size: random_size(rng),
        stat: if rng.percent(30) { random_size(rng) } else { 0 },
        needs_input: rng.percent(60),
        whole: false,
        needs_output: rng.percent(30),
        params: &params,
        scratch: if rng.percent(20) { random_size(rng) } else { 0 },
        rounded: params.iter().filter_map(|&param| net.problem.params[param]).sum(),
        epilogue: epilogue.is_some(),
        over: false,
        recompute: rng.percent(odds.marked),
        flops: rng.below(1000) as u64,
        copies: false,
    });
    if rng.percent(8) {
        // A value whose size does not depend on the batch, such as an auxiliary loss.
        net.problem.values[made].size =
            Size { class: Class::Scalar, extent: Extent::Fixed(random_size(rng)) };
    } else if rng.percent(odds.rounded) {
        seen.push(net.rounded(made));
        return;
    }
    seen.push(made);
}

/// Backward reads only some of what it could.
fn thin_out_reads(rng: &mut Rng, problem: &mut Problem) {
    for backward in problem.nodes.iter_mut().filter_map(|node| node.backward.as_mut()) {
        backward.reads.sort_unstable();
        backward.reads.dedup();
        backward.reads.retain(|_| !rng.percent(25));
    }
}

/// Ranges inside ranges: cut into consecutive ones, or one somewhere.
fn random_segments(rng: &mut Rng, odds: &Odds, net: &mut Net) {
    let mut around = vec![0..net.nodes()];
    for _ in 0..odds.segments {
        let outer = around.swap_remove(rng.below(around.len()));
        if outer.len() < 2 {
            around.push(outer);
            continue;
        }
        let mut ends: Vec<NodeId> = (0..2).map(|_| outer.start + rng.below(outer.len() + 1)).collect();
        ends.sort_unstable();
        let parts = if rng.percent(50) {
            vec![outer.start..ends[0], ends[0]..ends[1], ends[1]..outer.end]
        } else {
            vec![ends[0]..ends[1]]
        };
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            net.segment(part.clone());
            around.push(part);
        }
        if around.is_empty() {
            return;
        }
    }
}
