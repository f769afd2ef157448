//! `profile = "remat.profile"`: what each kernel call took on a machine, instead of what the planner expects.
//!
//! The runtime's `profile` writes the file (`runtime/src/profile.rs` says what stands in it). The calls of forward and
//! backward are the same under every plan, so it may be measured under any, but for marks that round, or that keep an activation
//! from the dropout behind it.

use std::path::PathBuf;

use proc_macro2::TokenStream;
use quote::quote;

use crate::defect::Defect;
use crate::graph::lower::{Lowered, Role};
use crate::graph::marks::model::Profile;
use crate::graph::{Graph, NodeId};
use crate::plan::program::Kind;
use crate::plan::schedule;

/// What tells the layers of a model from others: a hash of what each does forward and backward, of what sizes, what it
/// reads, and which parameters it has (Fowler, Noll, Vo: FNV-1a with 64 bits).
pub(crate) fn key(graph: &Graph, training: &Lowered) -> u64 {
    let problem = &training.problem;
    let mut hash = Hash::default();
    // What a layer does is the same for all that are alike.
    let mut known: Vec<Option<u64>> = vec![None; graph.nodes.len()];
    for (id, node) in problem.nodes.iter().enumerate() {
        let (layer, role) = (training.nodes[id].layer, training.nodes[id].role);
        let does = known[graph.nodes[layer].alike].get_or_insert_with(|| {
            let mut own = Hash::default();
            own.text(&does_what(graph, layer));
            own.0
        });
        hash.add(*does);
        match role {
            Role::Dropped(dropout) => hash.text(&does_what(graph, dropout)),
            role => hash.text(&format!("{role:?}")),
        }
        hash.add(node.flops);
        hash.all(&node.reads);
        hash.all(&graph.nodes[layer].params);
        // What is trained, and whose gradients pass: a layer that is frozen takes less time.
        if let Some(backward) = &node.backward {
            [&backward.reads, &backward.grads, &backward.params].into_iter().for_each(|list| hash.all(list));
        }
        node.makes.iter().for_each(|&value| hash.add(problem.values[value].size.f32_bytes()));
    }
    hash.0
}

fn does_what(graph: &Graph, layer: NodeId) -> String {
    let op = graph.nodes[layer].resolved.as_ref();
    op.map_or_else(String::new, |op| format!("{} {:?}", op.module, op.spec))
}

struct Hash(u64);

impl Default for Hash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hash {
    fn add(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(0x0100_0000_01b3);
    }

    /// A list, and how long it is.
    fn all(&mut self, numbers: &[usize]) {
        self.add(numbers.len() as u64);
        numbers.iter().for_each(|&number| self.add(number as u64));
    }

    fn text(&mut self, text: &str) {
        text.bytes().for_each(|byte| self.add(byte.into()));
    }
}

/// Puts what the file says into the problem.
pub(crate) fn apply(
    graph: &Graph,
    profile: &Profile,
    model: &str,
    training: &mut Lowered,
) -> Result<(), Defect> {
    let anew = "remove `profile`, call `profile` of the model, and write `profile` again";
    let refuse = |message: String, fix: &str| Defect {
        message,
        fix: Some(fix.to_owned()),
        span: Some(profile.span),
        also: None,
    };
    let name = &profile.path;
    let text = std::fs::read_to_string(path(name)).map_err(|error| {
        let message = format!(
            "the profile `{name}` could not be read beside the manifest of this crate: {}",
            error.kind()
        );
        refuse(message, anew)
    })?;
    let malformed = |line: usize, should: &str| {
        refuse(format!("`{name}` is no profile: line {line} should be {should}"), anew)
    };
    let mut lines = text.trim_end().lines();
    let mut field = |line: usize, word: &str, should: &str| {
        let found = lines.next().and_then(|found| found.strip_prefix(word));
        found.map(str::trim).ok_or_else(|| malformed(line, should))
    };
    if !field(1, "remat profile 1", "`remat profile 1`")?.is_empty() {
        return Err(malformed(1, "`remat profile 1`"));
    }
    let of = field(2, "model ", "`model NAME`")?;
    let found = field(3, "key ", "`key NUMBER`")?;
    let batch = field(4, "batch ", "`batch NUMBER`")?;
    let batch =
        batch.parse::<u64>().ok().filter(|batch| *batch > 0).ok_or_else(|| malformed(4, "`batch NUMBER`"))?;
    if of != model {
        return Err(refuse(format!("`{name}` is of the model `{of}`, and this is `{model}`"), anew));
    }
    if found != format!("{:016x}", key(graph, training)) {
        let message = format!("`{name}` was measured on other layers than `{model}` has now");
        return Err(refuse(message, anew));
    }
    let problem = &mut training.problem;
    let program = schedule::store_all(problem);
    // What is rounded is restored by recomputes, which no profile has.
    let measured = || program.runs().filter(|run| run.kind != Kind::Recompute);
    let calls = measured().count();
    let mut times: Vec<u64> = Vec::with_capacity(calls);
    for (at, line) in lines.enumerate() {
        times.push(line.trim().parse().map_err(|_| malformed(5 + at, "a number of nanoseconds"))?);
    }
    if times.len() != calls {
        let message = format!("`{name}` has {} calls but a step of `{model}` has {calls}", times.len());
        return Err(refuse(message, anew));
    }
    // In thousandths of a nanosecond for each sample.
    let each = |nanoseconds: u64| nanoseconds.saturating_mul(1000) / batch;
    let mut backward = 0u64;
    for (run, nanoseconds) in measured().zip(times) {
        if run.kind == Kind::Backward {
            backward = backward.saturating_add(each(nanoseconds));
            continue;
        }
        // Of nodes in one call, each has its part of what is expected of all.
        let expected: u64 = run.nodes().map(|node| problem.nodes[node].time).sum();
        for node in run.nodes() {
            let part = u128::from(each(nanoseconds)) * u128::from(problem.nodes[node].time);
            problem.nodes[node].time = u64::try_from(part / u128::from(expected.max(1))).unwrap_or(u64::MAX);
        }
    }
    problem.backward_time = Some(backward);
    Ok(())
}

fn path(name: &str) -> PathBuf {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    manifest.join(name)
}

/// What makes the compiler look at the file again when it changes.
pub(crate) fn watch(profile: &Profile) -> TokenStream {
    let name = &profile.path;
    let path = if std::path::Path::new(name).is_absolute() {
        quote!(#name)
    } else {
        let name = format!("/{name}");
        quote!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), #name))
    };
    quote! {
        const _: &[::core::primitive::u8] = ::core::include_bytes!(#path);
    }
}

#[cfg(test)]
mod tests {
    use crate::catalogue::mistakes;

    /// What is said of a model that is planned by a file with this text.
    fn said(text: &str) -> Vec<String> {
        static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let file = std::env::temp_dir().join(format!("remat-{}-{number}.profile", std::process::id()));
        std::fs::write(&file, text).unwrap();
        let path = file.to_str().unwrap();
        let model = format!(
            "#[checkpoint(fraction = 0.9, profile = {path:?})]
            Net {{ input x: f32[8]; target y: f32[8]; a: Linear(8); b: Linear(8); loss: Mse <- (b, y); }}"
        );
        let found = mistakes(model.parse().unwrap());
        std::fs::remove_file(&file).unwrap();
        found.into_iter().map(|line| line.replace(path, "FILE")).collect()
    }

    /// The key of that model, as the message about another does not say it.
    fn header(key: &str) -> String {
        format!("remat profile 1\nmodel Net\nkey {key}\nbatch 4\n")
    }

    const FIX: &str = "-- remove `profile`, call `profile` of the model, and write `profile` again";

    #[test]
    fn a_file_that_is_no_profile_is_refused_at_the_line() {
        for (text, line, should) in [
            ("", 1, "`remat profile 1`"),
            ("remat profile 2\n", 1, "`remat profile 1`"),
            ("remat profile 1\n", 2, "`model NAME`"),
            ("remat profile 1\nmodel Net\nkeys\n", 3, "`key NUMBER`"),
            ("remat profile 1\nmodel Net\nkey 0\nbatch -1\n", 4, "`batch NUMBER`"),
            ("remat profile 1\nmodel Net\nkey 0\nbatch 0\n", 4, "`batch NUMBER`"),
        ] {
            let expected = format!("1:40 `FILE` is no profile: line {line} should be {should} {FIX}");
            assert_eq!(said(text), [expected]);
        }
    }

    #[test]
    fn a_profile_of_another_model_or_of_other_layers_is_refused() {
        let other = header("0123456789abcdef").replace("Net", "Other");
        assert_eq!(said(&other), [format!("1:40 `FILE` is of the model `Other`, and this is `Net` {FIX}")]);
        let stale = header("0123456789abcdef");
        assert_eq!(
            said(&stale),
            [format!("1:40 `FILE` was measured on other layers than `Net` has now {FIX}")]
        );
    }
}
