//! A state of another model is an error that names the first difference, and changes nothing.

use std::path::Path;

use remat::prelude::*;
use remat::state::{self, Progress};
use remat_tests::states::Folder;

use remat_tests::trace::{ids, numbers};

/// Networks of one name, each in a module of its own.
macro_rules! net {
    ($module:ident: $name:ident { $($body:tt)* }) => {
        mod $module {
            remat::model! {
                pub(crate) $name {
                    input x: f32[3];
                    target y: f32[2];
                    $($body)*
                }
            }
        }
    };
}

net!(saved: Net { first: Linear(4); Tanh; second: Linear(4); out: Linear(2); loss: Mse <- (out, y); });
net!(frozen: Net { #[frozen] first: Linear(4); Tanh; second: Linear(4); out: Linear(2); loss: Mse <- (out, y); });
net!(other: Other { first: Linear(4); Tanh; second: Linear(4); out: Linear(2); loss: Mse <- (out, y); });
net!(wider: Net { first: Linear(4); Tanh; second: Linear(5); out: Linear(2); loss: Mse <- (out, y); });
net!(more: Net { first: Linear(4); Tanh; second: Linear(4); out: Linear(2); last: Linear(2); loss: Mse <- (last, y); });
net!(less: Net { first: Linear(4); Tanh; second: Linear(2); loss: Mse <- (second, y); });
net!(shorter: Net { first: Linear(4); Tanh; second: Linear(4); out: Linear(2, bias = false); loss: Mse <- (out, y); });
net!(renamed: Net { first: Linear(4); Tanh; middle: Linear(4); out: Linear(2); loss: Mse <- (out, y); });
net!(swapped: Net { second: Linear(4); Tanh; first: Linear(4); out: Linear(2); loss: Mse <- (out, y); });

model! {
    /// An embedding whose weight is the head's too.
    Tied {
        input tokens: u32[5];
        target next: u32[5];
        embed: Embedding(11, 6);
        hidden: Linear(6);
        head: Linear(11, bias = false, weight = embed);
        loss: CrossEntropy <- (head, next);
    }
}

/// A model and an optimizer after three steps.
macro_rules! trained {
    ($module:ident :: $name:ident) => {{
        let mut net = $module::$name::new(&Cpu::with_threads(1).unwrap(), 3).unwrap();
        let mut opt = AdamW::new(&net, AdamWConfig { lr: 0.1, ..Default::default() }).unwrap();
        let mut ws = net.workspace(2).unwrap();
        for step in 0..3 {
            net.forward_backward(&mut ws, numbers(2, 3, step).view(), numbers(2, 2, 9).view()).unwrap();
            opt.step(&mut net, ws.grads()).unwrap();
        }
        (net, opt)
    }};
}

/// All that a state holds of these, as the bytes of one.
fn bytes<M: Model>(folder: &Folder, net: &M, opt: &impl Optimizer<M>) -> Vec<u8> {
    let file = folder.path("what it is");
    state::save(&file, net, opt, &Progress::default()).unwrap();
    std::fs::read(file).unwrap()
}

/// What loading `file` says, which must change nothing, with and without the optimizer.
macro_rules! refused {
    ($folder:expr, $file:expr, $module:ident :: $name:ident) => {{
        let (mut net, mut opt) = trained!($module::$name);
        let before = bytes($folder, &net, &opt);
        let error = state::load($file, &mut net, &mut opt).unwrap_err();
        assert_eq!(state::load_model($file, &mut net).unwrap_err(), error);
        assert!(bytes($folder, &net, &opt) == before, "{error}");
        text($file, &error)
    }};
}

/// An error's text, with `FILE` for the path.
fn text(file: &Path, error: &Error) -> String {
    error.to_string().replace(&file.display().to_string(), "FILE")
}

fn save(folder: &Folder) -> std::path::PathBuf {
    let (net, opt) = trained!(saved::Net);
    let file = folder.path("state");
    state::save(&file, &net, &opt, &Progress::default()).unwrap();
    file
}

#[test]
fn a_model_of_another_name_is_refused() {
    let folder = Folder::new("models");
    let file = save(&folder);
    assert_eq!(
        refused!(&folder, &file, other::Other),
        "FILE is the state of a `Net` but was loaded into a `Other` -- load one of that model"
    );
}

#[test]
fn the_first_parameter_that_differs_is_named_with_what_stands_in_its_place() {
    let folder = Folder::new("models");
    let file = save(&folder);
    let says = |found: &str, expected: &str| {
        format!(
            "FILE holds {found} where the model has {expected} -- declare the model as it was when this was saved"
        )
    };
    assert_eq!(
        refused!(&folder, &file, wider::Net),
        says("`second.weight` [4, 4]", "`second.weight` [5, 4]")
    );
    // A training state goes on with moments, which are no parameters.
    assert_eq!(refused!(&folder, &file, more::Net), says("nothing more", "`last.weight` [2, 2]"));
    assert_eq!(refused!(&folder, &file, less::Net), says("`second.weight` [4, 4]", "`second.weight` [2, 4]"));
    assert_eq!(
        refused!(&folder, &file, renamed::Net),
        says("`second.weight` [4, 4]", "`middle.weight` [4, 4]")
    );
    assert_eq!(
        refused!(&folder, &file, swapped::Net),
        says("`first.weight` [4, 3]", "`second.weight` [4, 3]")
    );
}

#[test]
fn a_model_of_fewer_or_more_parameters_at_the_end_is_refused() {
    let folder = Folder::new("models");
    let says = |found: &str, expected: &str| {
        format!(
            "FILE holds {found} where the model has {expected} -- declare the model as it was when this was saved"
        )
    };
    let training = save(&folder);
    assert_eq!(refused!(&folder, &training, shorter::Net), says("`out.bias` [2]", "nothing more"));
    let alone = folder.path("alone");
    let (net, _) = trained!(saved::Net);
    state::save_model(&alone, &net).unwrap();
    assert_eq!(refused!(&folder, &alone, shorter::Net), says("`out.bias` [2]", "nothing more"));
    assert_eq!(refused!(&folder, &alone, more::Net), says("nothing more", "`last.weight` [2, 2]"));
}

#[test]
fn what_is_frozen_is_loaded_too() {
    let folder = Folder::new("models");
    let file = save(&folder);
    let (saved, _) = trained!(saved::Net);
    let (mut net, mut opt) = trained!(frozen::Net);
    state::load_model(&file, &mut net).unwrap();
    let params = |params: Vec<(&'static str, ndarray::ArrayD<f32>)>| params;
    assert_eq!(
        params(net.params().iter().map(Result::unwrap).collect()),
        params(saved.params().iter().map(Result::unwrap).collect())
    );
    // Its optimizer keeps nothing of what is frozen, so that it is another.
    let before = bytes(&folder, &net, &opt);
    assert_eq!(
        text(&file, &state::load(&file, &mut net, &mut opt).unwrap_err()),
        "FILE holds the state of `AdamW` with `exp_avg of first.weight` [4, 3] but was loaded into `AdamW` with \
         `exp_avg of second.weight` [4, 4] -- make the optimizer as it was made then"
    );
    assert!(bytes(&folder, &net, &opt) == before);
    // And it has a state of its own, in which what is frozen stands but has no moments.
    state::save(&file, &net, &opt, &Progress::default()).unwrap();
    let names: Vec<String> = state::inspect(&file).unwrap().tensors.into_iter().map(|t| t.name).collect();
    assert_eq!(
        names.iter().filter(|name| name.contains("first")).collect::<Vec<_>>(),
        ["first.weight", "first.bias"]
    );
}

#[test]
fn tied_weights_are_stored_once() {
    let folder = Folder::new("models");
    let file = folder.path("state");
    let cpu = Cpu::with_threads(1).unwrap();
    let mut net = Tied::new(&cpu, 1).unwrap();
    let mut opt = Sgd::new(&net, SgdConfig { momentum: 0.5, ..Default::default() }).unwrap();
    let mut ws = net.workspace(2).unwrap();
    let (tokens, next) = (ids(2, 5, 11, 1), ids(2, 5, 11, 2));
    net.forward_backward(&mut ws, tokens.view(), next.view()).unwrap();
    opt.step(&mut net, ws.grads()).unwrap();
    state::save(&file, &net, &opt, &Progress::default()).unwrap();
    let tensors = state::inspect(&file).unwrap().tensors;
    assert_eq!(
        tensors.iter().map(|tensor| (&*tensor.name, &*tensor.shape)).collect::<Vec<_>>(),
        [
            ("embed.weight", &[11, 6][..]),
            ("hidden.weight", &[6, 6]),
            ("hidden.bias", &[6]),
            ("momentum_buffer of embed.weight", &[11, 6]),
            ("momentum_buffer of hidden.weight", &[6, 6]),
            ("momentum_buffer of hidden.bias", &[6]),
        ]
    );
    let mut loaded = Tied::new(&cpu, 2).unwrap();
    state::load_model(&file, &mut loaded).unwrap();
    for name in ["embed.weight", "head.weight"] {
        assert_eq!(loaded.params().get(name).unwrap(), net.params().get(name).unwrap(), "{name}");
    }
}
