//! Plans on offer.

use super::F32;
use super::nets::{Plan, gpt};
use crate::plan::budget::{Bounds, offers};

#[test]
fn explore() {
    for blocks in [6, 12, 96] {
        let problem = gpt(blocks, Plan::StoreAll);
        let start = std::time::Instant::now();
        let offers = offers(&problem, Bounds::default(), F32);
        let took = start.elapsed();
        let total: u64 = problem.nodes.iter().map(|node| node.time).sum();
        println!("{blocks}: {} offers in {took:?}", offers.len());
        for offer in &offers {
            println!(
                "  {:8.3} MiB {:6.2} % {} segments {} dropped",
                offer.live as f64 / 1048576.0,
                100.0 * offer.time as f64 / (3 * total) as f64,
                offer.choice.segments.len(),
                offer.choice.dropped.len(),
            );
        }
    }
}
