//! `REMAT_DUMP=Net` prints, while compiling, the plan of the model `Net` and the code it becomes.

use std::fmt::Write;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::graph::Graph;
use crate::graph::lower::Lowered;
use crate::plan::layout::{Placed, Region, What};
use crate::plan::program::{Kind, Mode, Run, Step, Way};
use crate::planned::{Planned, Plans};

/// What the columns are.
const HEADER: &str = "step of training                                                         \
lines of 64 bytes that it touches, in f32: for each sample, or (f) whatever the batch, or (h) on the host";

/// Prints them, if the environment asks for this model.
pub(crate) fn dump(name: &str, graph: &Graph, plans: &Plans, tokens: &TokenStream) {
    if std::env::var("REMAT_DUMP").is_ok_and(|wanted| wanted == name) {
        eprintln!("{HEADER}\n{}\n{}", listing(graph, &plans.training, &plans.train), pretty(tokens));
    }
}

/// The steps of training, one a line, with the lines of memory that each value takes.
pub(crate) fn listing(graph: &Graph, lowered: &Lowered, planned: &Planned) -> String {
    let mut out = String::new();
    let layout = &planned.layouts[0];
    for (at, step) in planned.program.steps.iter().enumerate() {
        let touched = layout.touches.at(at).iter().map(|i| &layout.buffers[*i]);
        // What is rounded on other devices takes nothing here.
        let touched = touched.filter(|placed| placed.lines > 0);
        let line = match step {
            Step::Run(run) => self::run(graph, lowered, run),
            Step::Free(value) => format!("    free      {}", lowered.labels[*value]),
            Step::FreeGrad(value) => format!("    free      d {}", lowered.labels[*value]),
            Step::Copy(way, value) => format!("    copy {}  {}", word(*way), lowered.labels[*value]),
            Step::Copied(way, value) => format!("    wait {}  {}", word(*way), lowered.labels[*value]),
        };
        let places: Vec<String> = match step {
            Step::Run(_) | Step::Copy(..) => touched.map(place).collect(),
            _ => vec![],
        };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{line:<72} {}", places.join(" "));
    }
    for value in &planned.program.outputs {
        let _ = writeln!(out, "end           holds {}", lowered.labels[*value]);
    }
    out
}

fn place(placed: &Placed) -> String {
    let unit = match placed.region {
        Region::PerSample => "",
        Region::Fixed => "f",
        Region::Host => "h",
    };
    format!("{}..{}{unit}", placed.offset, placed.offset + placed.lines)
}

/// To where, in as many letters.
fn word(way: Way) -> &'static str {
    match way {
        Way::Out => "out ",
        Way::Back => "back",
    }
}

fn run(graph: &Graph, lowered: &Lowered, run: &Run) -> String {
    let nodes: Vec<String> = run.nodes().map(|node| lowered.ran(graph, node)).collect();
    let nodes = nodes.join(" + ");
    let over = match run.written_over(&lowered.problem) {
        Some(What::Grad(v)) => format!(" over d {}", lowered.labels[v]),
        Some(What::Value(v)) => format!(" over {}", lowered.labels[v]),
        _ => String::new(),
    };
    let added = run.grads.iter().filter(|(_, mode)| *mode == Mode::Add);
    let added: String = added.map(|(v, _)| format!(" += d {}", lowered.labels[*v])).collect();
    let kind = match run.kind {
        Kind::Forward => "forward      ",
        Kind::Recompute => "  recompute  ",
        Kind::Backward => "backward     ",
    };
    format!("{kind} {nodes}{added}{over}")
}

/// One statement a line, indented by braces.
pub(crate) fn pretty(tokens: &TokenStream) -> String {
    let mut out = String::new();
    write(tokens, 0, &mut out);
    out
}

fn write(tokens: &TokenStream, depth: usize, out: &mut String) {
    let mut line = String::new();
    let flush = |line: &mut String, out: &mut String| {
        if !line.is_empty() {
            let _ = writeln!(out, "{:1$}{line}", "", 4 * depth);
            line.clear();
        }
    };
    let mut joined = true;
    for tree in tokens.clone() {
        match tree {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                line.push_str(" {");
                flush(&mut line, out);
                write(&group.stream(), depth + 1, out);
                line.push('}');
                flush(&mut line, out);
                joined = true;
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' => {
                line.push(';');
                flush(&mut line, out);
                joined = true;
            }
            other => {
                let glue = matches!(&other, TokenTree::Punct(p) if matches!(p.as_char(), ',' | '.' | ':' | '?'))
                    || matches!(&other, TokenTree::Group(g) if g.delimiter() != Delimiter::Brace);
                if !joined && !glue {
                    line.push(' ');
                }
                joined = matches!(&other, TokenTree::Punct(p) if matches!(p.as_char(), '.' | ':' | '&' | '#' | '<' | '\''));
                let _ = write!(line, "{other}");
            }
        }
    }
    flush(&mut line, out);
}
