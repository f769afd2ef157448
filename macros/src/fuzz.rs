//! No input makes the macro panic: thousands of models, each a valid one with a few tokens dropped,
//! doubled, swapped or replaced, are expanded as a whole. Nor does any of them find a defect of ours.

use std::panic::{AssertUnwindSafe, catch_unwind};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::expand::expand;

/// Valid models that between them use every form of the language.
const MODELS: [&str; 4] = [
    "/// Docs.
    #[checkpoint(sqrt)] #[derive(Clone)] pub(crate) Gpt {
        const VOCAB = 17; const T = 6; const D = 8; const RATE = 0.1 * 2 - 0.1;
        input tokens: u32[T]; target next: u32[T];
        embed: Embedding(VOCAB, D, init = normal(0.3));
        pos: PositionEmbedding(T);
        blocks: repeat(2) {
            residual {
                ln_1: LayerNorm;
                attn: { qkv: Linear(3 * D); #[recompute] CausalAttention(heads = 2); proj: Linear(D); }
            }
            residual { ln_2: LayerNorm(eps = 0.00001); up: Linear(4 * D); Gelu(tanh); down: Linear(D); Dropout(RATE); }
        }
        norm: LayerNorm(D, bias = false);
        head: Linear(VOCAB, bias = false, weight = embed);
        loss: CrossEntropy(label_smoothing = 0.05, ignore_index = 3) <- (head, next);
    }",
    "Net {
        const W = 4;
        input x: f32[W]; input scale: f32; target y: f32[2 * W];
        block Mix(width, k) <- (a, b) {
            join: Concat(0) <- (a, b);
            #[checkpoint] fc: Linear(width * k, bias_init = zeros); Silu; out: Linear(width);
        }
        first: Linear(W) <- x;
        #[checkpoint] one: Mix(4, k = 2) <- (first, x);
        gate: Sigmoid <- one;
        gated: Mul <- (one, gate);
        shared: Linear(W); bent: Relu; again: shared <- bent;
        #[frozen] still: Linear(W, init = uniform(0.5));
        late: Sub <- (again, still);
        two: Mix(8, 1) <- (late, gated);
        size: Reshape(1) <- scale; grow: Linear(2 * W); all: Add <- (two, grow);
        #[train] output two; output all;
        fit: Mse <- (all, y); near: Mse <- (two, y);
        loss: Sum(1.0, 0.3) <- (fit, near);
    }",
    "Pyramid {
        input image: f32[4, 6]; target class: u32;
        0: Linear(6); Tanh;
        #[checkpoint(every = 2)] down: repeat(d in [6, 8, 4]) { fc: Linear(d); Relu; }
        #[checkpoint(at = [0])] up: repeat(i in 2..4) { fc: Linear(2 * i); skip: residual { in_fc: Linear(2 * i); } shortcut { Relu; } }
        turn: Transpose(0, 1); part: Slice(0, 1, -1); soft: Softmax(dim = -1); flat: Flatten(0, -1);
        bias: Parameter(4, 4, init = constant(0.5)); level: Mean(-1); both: Concat <- (flat, level);
        head: Linear(3);
        loss: CrossEntropy <- (head, class);
    }",
    "#[checkpoint(every = 1)] Scopes {
        input r#type: f32[3]; target y: f32[3];
        a: <- r#type { b: { c: Linear(3); } d: Add <- (b, r#type); }
        more: a;
        { self: Linear(3); { crate: Linear(3 - 1 + 1 % 5); } }
        e: Reshape(1, 3); f: Attention(1) <- (e, e, e); g: Flatten;
        loss: Mse <- (g, y);
    }",
];

/// Marks that may stand before any line, though not beside another one, nor on what is no layer.
const STORES: [&str; 5] = [
    "#[checkpoint(store = bf16)]",
    "#[checkpoint(store = host)]",
    "#[checkpoint(store = (host, bf16))]",
    "#[checkpoint(store = f16)]",
    "#[checkpoint(every = 1, store = bf16)]",
];

/// Tokens that are put in the place of others.
const OTHERS: [&str; 43] = [
    "0",
    "1",
    "2",
    "3",
    "7",
    "4294967296",
    "1099511627776",
    "9223372036854775807",
    "18446744073709551616",
    "1.5",
    "1e308",
    "1e999",
    "0.0",
    "x",
    "in",
    "self",
    "r#fn",
    "_",
    "loss",
    "weight",
    "every",
    "store",
    "bf16",
    "host",
    "Linear",
    "Add",
    "repeat",
    "residual",
    "shortcut",
    "block",
    "output",
    "const",
    "-",
    "/",
    "#",
    "<-",
    ".",
    ":",
    "as",
    "axis",
    "fc",
    "true",
    "\"text\"",
];

/// Knuth's linear congruential generator (MMIX): the same models in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) % n.max(1) as u64) as usize
    }
}

/// Every token by itself, brackets included.
fn flat(tokens: TokenStream, into: &mut Vec<String>) {
    for tree in tokens {
        let TokenTree::Group(group) = tree else {
            into.push(tree.to_string());
            continue;
        };
        let (open, close) = match group.delimiter() {
            Delimiter::Parenthesis => ("(", ")"),
            Delimiter::Brace => ("{", "}"),
            Delimiter::Bracket => ("[", "]"),
            Delimiter::None => ("", ""),
        };
        into.push(open.to_owned());
        flat(group.stream(), into);
        into.push(close.to_owned());
    }
}

fn mutate(tokens: &mut Vec<String>, random: &mut Random) {
    for _ in 0..1 + random.below(3) {
        let at = random.below(tokens.len());
        match random.below(5) {
            0 if tokens.len() > 1 => drop(tokens.remove(at)),
            1 => tokens.insert(at, tokens[at].clone()),
            2 => {
                let other = random.below(tokens.len());
                tokens.swap(at, other);
            }
            3 => {
                let from = tokens[random.below(tokens.len())].clone();
                tokens[at] = from;
            }
            _ => tokens[at] = OTHERS[random.below(OTHERS.len())].to_owned(),
        }
    }
}

/// What `source` becomes, as text; nothing if its brackets do not match, which no macro ever sees.
fn expanded(source: &str) -> Option<String> {
    let tokens: TokenStream = format!("[krate] {source}").parse().ok()?;
    let result = catch_unwind(AssertUnwindSafe(|| expand(tokens)));
    Some(result.unwrap_or_else(|_| panic!("the macro panicked on:\n{source}")).to_string())
}

#[test]
fn the_models_are_right() {
    for model in MODELS {
        let mistakes = crate::catalogue::mistakes(model.parse().unwrap());
        assert!(mistakes.is_empty(), "{model}\n{mistakes:#?}");
    }
}

/// Puts one of [`STORES`] before some lines.
fn store(tokens: &mut Vec<String>, random: &mut Random) {
    for _ in 0..1 + random.below(3) {
        let ends: Vec<usize> = (0..tokens.len()).filter(|i| [";", "{"].contains(&&*tokens[*i])).collect();
        // Formats that differ are refused, so that most are one.
        let mark = STORES[random.below(10).saturating_sub(2) / 2];
        tokens.insert(ends[random.below(ends.len())] + 1, mark.to_owned());
    }
}

#[test]
fn marks_that_store_are_planned_or_refused() {
    let mut random = Random(11);
    let (looked_at, mut planned) = (800, 0);
    for _ in 0..looked_at {
        let mut tokens = vec![];
        flat(MODELS[random.below(MODELS.len())].parse().unwrap(), &mut tokens);
        store(&mut tokens, &mut random);
        let source = tokens.join(" ").replace("< -", "<-");
        let Some(expansion) = expanded(&source) else { panic!("brackets of:\n{source}") };
        assert!(
            !expansion.contains("internal error"),
            "a defect of ours is found by:\n{source}\n{expansion}"
        );
        planned += usize::from(!expansion.contains("compile_error"));
    }
    assert!(planned > looked_at / 8, "{planned} of {looked_at} planned");
}

#[test]
fn no_mutation_of_a_model_makes_the_macro_panic() {
    let mut random = Random(7);
    let (mut looked_at, mut refused) = (0, 0);
    while looked_at < 3000 {
        let mut tokens = vec![];
        flat(MODELS[random.below(MODELS.len())].parse().unwrap(), &mut tokens);
        if random.below(4) == 0 {
            store(&mut tokens, &mut random);
        }
        mutate(&mut tokens, &mut random);
        // `<-` and `r#` are one token to a reader and two to the lexer.
        let source = tokens.join(" ").replace("< -", "<-");
        let Some(expansion) = expanded(&source) else { continue };
        assert!(
            !expansion.contains("internal error"),
            "a defect of ours is found by:\n{source}\n{expansion}"
        );
        looked_at += 1;
        refused += usize::from(expansion.contains("compile_error"));
    }
    // Most are wrong and some are right still, so both ways are walked.
    assert!(
        (looked_at / 2..looked_at - looked_at / 100).contains(&refused),
        "{refused} of {looked_at} refused"
    );
}

#[test]
fn no_beginning_of_a_model_makes_the_macro_panic() {
    for model in MODELS {
        let mut tokens = vec![];
        flat(model.parse().unwrap(), &mut tokens);
        for end in 0..tokens.len() - 1 {
            // What was opened is closed, as a lexer would have it.
            let mut closing = vec![];
            for token in &tokens[..end] {
                match token.as_str() {
                    "(" => closing.push(")"),
                    "{" => closing.push("}"),
                    "[" => closing.push("]"),
                    ")" | "}" | "]" => drop(closing.pop()),
                    _ => {}
                }
            }
            closing.reverse();
            let source = format!("{} {}", tokens[..end].join(" "), closing.join(" ")).replace("< -", "<-");
            let expansion = expanded(&source).unwrap();
            assert!(expansion.contains("compile_error"), "no mistake is found in:\n{source}");
        }
    }
}

#[test]
fn no_size_of_a_model_makes_the_macro_panic() {
    const N: usize = 3000;
    let net = |before: &str, layers: &str| {
        format!("Net {{ input x: f32[3]; target y: f32[3]; {before} {layers} loss: Mse <- (last, y); }}")
    };
    let nested = |open: &str, inside: &str, close: &str| open.repeat(N) + inside + &close.repeat(N);
    let chain =
        |first: &str, next: fn(usize) -> String| (1..N).fold(first.to_owned(), |all, i| all + &next(i));
    let models = [
        net("", &format!("last: Linear({});", nested("(", "3", ")"))),
        net("", &format!("last: Linear({}3);", "-".repeat(N))),
        net("", &format!("last: Linear({}3);", "0 + ".repeat(N))),
        net("", &format!("last: {}", nested("{", "fc: Linear(3);", "}"))),
        net("", &format!("last: {}", nested("residual {", "fc: Linear(3);", "}"))),
        net("", &format!("last: Linear(3, init = {});", nested("[", "3", "]"))),
        // Blocks in blocks, and scopes that apply the one before: deep without deep brackets.
        net(
            &chain("block B0() { fc: Linear(3); }", |i| format!("block B{i}() {{ fc: B{}; }}", i - 1)),
            &format!("last: B{};", N - 1),
        ),
        net(
            "",
            &(chain("g0: { fc: Linear(3); }", |i| format!("g{i}: {{ fc: g{}; }}", i - 1)) + "last: Relu;"),
        ),
        // Each twice the one before.
        net(
            &chain("block B0() { fc: Linear(3); }", |i| {
                format!("block B{i}() {{ a: B{0}; b: B{0}; }}", i - 1)
            }),
            "last: B40;",
        ),
        net("", "last: repeat(9999) { repeat(9999) { repeat(9999) { Relu; } } }"),
    ];
    for model in models {
        let expansion = expanded(&model).unwrap();
        assert!(expansion.contains("compile_error"), "no mistake is found in:\n{}", &model[..200]);
    }
    let wide = net("", &(chain("l0: Linear(3);", |i| format!("l{i}: Tanh;")) + "last: Relu;"));
    assert!(!expanded(&wide).unwrap().contains("compile_error"), "long models are no mistake");
}
