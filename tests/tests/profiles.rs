//! Profiles: written by a model, read when it is planned.

use remat::ndarray::Array2;
use remat::prelude::*;
use remat_tests::trace::numbers;

/// One net whose halves are alike, under a plan.
macro_rules! net {
    ($name:ident [$($model:tt)*]) => {
        model! {
            $($model)*
            pub(crate) $name {
                input x: f32[64];
                target y: f32[64];
                left: repeat(6) { fc: Linear(64); Tanh; Gelu; }
                right: repeat(6) { fc: Linear(64); Tanh; Gelu; }
                loss: Mse <- (right, y);
            }
        }
    };
}
mod plain {
    use super::*;
    net!(Net []);
}
mod expected {
    use super::*;
    net!(Net [#[checkpoint(fraction = 0.75)]]);
}
mod slow_left {
    use super::*;
    net!(Net [#[checkpoint(fraction = 0.75, profile = "profiles/slow-left.profile")]]);
}
mod slow_right {
    use super::*;
    net!(Net [#[checkpoint(fraction = 0.75, profile = "profiles/slow-right.profile")]]);
}

/// How many values of a half are kept.
fn kept(plan: &Plan, half: &str) -> usize {
    plan.kept().filter(|kept| kept.name.starts_with(half)).count()
}

/// A profile in which the layers of one half take a hundred times as long as those of the other.
fn slow(half: usize) -> String {
    let header = format!("remat profile 1\nmodel Net\nkey {:016x}\nbatch 8\n", plain::Net::PLAN.profile_key);
    // In each of six iterations a Linear with its Tanh, and a GELU; then the loss, and all of it backward.
    let forward = (0..24).map(|call| if call / 12 == half { 100_000 } else { 1000 });
    let backward = (0..36).rev().map(|call| if call / 18 == half { 200_000 } else { 2000 });
    forward.chain([500, 500]).chain(backward).fold(header, |text, time| text + &format!("{time}\n"))
}

#[test]
fn what_is_measured_decides_what_is_recomputed() {
    let (left, right) = (slow_left::Net::PLAN, slow_right::Net::PLAN);
    assert!(kept(&left, "left") > kept(&left, "right"), "{left}");
    assert!(kept(&right, "right") > kept(&right, "left"), "{right}");
    for plan in [expected::Net::PLAN, left, right] {
        assert!(plan.peak_bytes(8) <= plain::Net::PLAN.peak_bytes(8));
    }
    assert!(left.time_overhead() < expected::Net::PLAN.time_overhead());
}

/// `REMAT_UPDATE=1` writes them anew: without them this file does not compile, so first empty their plans.
#[test]
fn the_profiles_of_this_test_are_up_to_date() {
    for (half, name) in ["slow-left", "slow-right"].into_iter().enumerate() {
        let file = format!("{}/profiles/{name}.profile", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("REMAT_UPDATE").is_some() {
            std::fs::write(&file, slow(half)).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap(), slow(half), "{name}");
    }
}

#[test]
fn a_model_writes_its_profile_and_stays_as_it_was() {
    let cpu = Cpu::with_threads(1).unwrap();
    let mut net = plain::Net::new(&cpu, 3).unwrap();
    let mut ws = net.workspace(8).unwrap();
    let (x, y) = (numbers(8, 64, 1), numbers(8, 64, 2));
    let before = net.evaluate(&mut ws, x.view(), y.view()).unwrap();
    let file = std::env::temp_dir().join(format!("remat-{}.profile", std::process::id()));
    net.profile(&mut ws, x.view(), y.view(), &file).unwrap();
    assert_eq!(net.evaluate(&mut ws, x.view(), y.view()).unwrap(), before);
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let (own, other): (Vec<&str>, String) = (text.lines().collect(), slow(0));
    let other: Vec<&str> = other.lines().collect();
    assert_eq!(own[..4], other[..4]);
    assert_eq!(own.len(), other.len());
    assert!(own[4..].iter().all(|line| line.parse::<u64>().is_ok_and(|time| time > 0)), "{text}");
    // What it says of a plan that recomputes is the same calls.
    let mut planned = expected::Net::new(&cpu, 3).unwrap();
    let mut ws = planned.workspace(8).unwrap();
    planned.profile(&mut ws, x.view(), y.view(), &file).unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), own.len());
    std::fs::remove_file(&file).unwrap();
}

#[test]
fn a_profile_that_cannot_be_written_or_measured_is_an_error() {
    let cpu = Cpu::with_threads(1).unwrap();
    let mut net = plain::Net::new(&cpu, 3).unwrap();
    let mut ws = net.workspace(8).unwrap();
    let (x, y) = (numbers(8, 64, 1), numbers(8, 64, 2));
    let error = net.profile(&mut ws, x.view(), y.view(), "no/such/folder/remat.profile").unwrap_err();
    assert!(matches!(&error, Error::File { path, .. } if path.ends_with("remat.profile")), "{error}");
    let wrong = Array2::zeros((8, 63));
    let file = std::env::temp_dir().join("remat-never.profile");
    let error = net.profile(&mut ws, wrong.view(), y.view(), &file).unwrap_err();
    assert!(matches!(error, Error::Shape { .. }), "{error}");
    assert!(!file.exists());
}

/// Nets that differ from that whose profile is asked for in what backward does, or in which parameters there are.
mod changed {
    use super::*;

    macro_rules! keys {
        ($($module:ident [$($first:tt)*] [$($mark:tt)*] ($($more:tt)*) [$($middle:tt)*];)*) => {
            $(mod $module {
                use super::*;
                model! {
                    pub(crate) Net {
                        input x: f32[16];
                        target y: f32[16];
                        $($first)* left: repeat(2) { fc: Linear(16 $($more)*); Tanh; }
                        $($mark)* mid: $($middle)*;
                        loss: Mse <- (mid, y);
                    }
                }
            })*
            pub(super) const KEYS: &[(&str, u64)] = &[$((stringify!($module), $module::Net::PLAN.profile_key)),*];
        };
    }
    keys! {
        plain [] [] () [Linear(16)];
        frozen [] [#[frozen]] () [Linear(16)];
        no_bias [] [] (, bias = false) [Linear(16)];
        tied [] [] () [Linear(16, weight = left.0.fc)];
        other_size [] [] () [Linear(16, bias = false)];
        marked [#[checkpoint]] [] () [Linear(16)];
    }
}

#[test]
fn a_profile_is_of_what_is_trained_and_of_the_parameters_and_not_of_the_marks() {
    let plain = changed::KEYS[0].1;
    for (name, key) in &changed::KEYS[1..] {
        assert_eq!(*key == plain, *name == "marked", "{name}");
    }
}
