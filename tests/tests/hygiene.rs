//! `model!` in strange surroundings: a renamed dependency, no unsafe code, every lint, hostile names.
#![forbid(unsafe_code)]
#![deny(warnings, missing_debug_implementations, clippy::all, clippy::pedantic)]
#![allow(dead_code, reason = "the hostile names are only there to be seen")]

extern crate remat as renamed;

use renamed::ndarray::Array2;

/// Names that generated code must not fall for.
mod hostile {
    pub(crate) struct Option;
    pub(crate) struct Result;
    pub(crate) struct Some;
    pub(crate) struct None;
    pub(crate) struct Ok;
    pub(crate) struct Err;
    pub(crate) struct Vec;
    pub(crate) struct Frame;
    pub(crate) struct Error;
    pub(crate) struct Device;
    pub(crate) struct Cpu;
    pub(crate) trait Kernel {}
    pub(crate) fn run() {}
    pub(crate) mod core {}
    pub(crate) mod std {}
    pub(crate) mod remat {}
    pub(crate) mod ops {}

    renamed::model! {
        /// Types, functions and modules of these names stand beside it.
        pub(crate) Net {
            const WIDTH = 4;
            const HALF = WIDTH / 2;
            const NEGATIVE = -3;
            const RATE = 0.25;
            input frame: f32[WIDTH];
            target batch: f32[HALF];
            r#type: { r#fn: Linear(HALF + NEGATIVE + 5); Dropout(RATE); }
            run: Linear(HALF);
            loss: Mse <- (run, batch);
        }
    }
}

/// Types named like the language's own, and names of inputs that no function would have.
#[allow(non_camel_case_types, reason = "they are named like the language's own")]
mod primitives {
    pub(crate) struct u8;
    pub(crate) struct u32;
    pub(crate) struct u64;
    pub(crate) struct usize;
    pub(crate) struct f32;
    pub(crate) struct f64;
    pub(crate) struct bool;
    pub(crate) struct str;
    pub(crate) struct frame;
    pub(crate) struct result;

    renamed::model! {
        pub(crate) Net {
            const WIDTH = 4;
            input run: u32[WIDTH];
            input X2: f32[WIDTH];
            target TRAIN: f32[WIDTH];
            Deep: { Embedding_1: Embedding(5, 1) <- run; Flatten; }
            Both: Add <- (Deep, X2);
            fc: Linear(WIDTH);
            output Both;
            output fc;
            loss: Mse <- (fc, TRAIN);
        }
    }
}

#[test]
fn inputs_may_have_any_name() -> Result<(), renamed::Error> {
    let mut net = primitives::Net::new(&renamed::Cpu::with_threads(1)?, 1)?;
    let mut ws = net.workspace(2)?;
    let (ids, x) = (Array2::zeros((2, 4)), Array2::ones((2, 4)));
    assert!(net.forward_backward(&mut ws, ids.view(), x.view(), x.view())? > 0.0);
    assert_eq!(net.forward(&mut ws, ids.view(), x.view())?.Both.to_array()?.shape(), [2, 4]);
    Ok(())
}

macro_rules! named {
    ($vis:vis $name:ident, $width:expr, $classes:literal, $layer:ident, $(#[$mark:meta])*) => {
        renamed::model! {
            $vis $name {
                const WIDTH = $width * 2;
                input x: f32[WIDTH];
                target y: u32;
                $(#[$mark])*
                hidden: repeat(3) { fc: Linear(WIDTH); $layer; }
                head: Linear($classes);
                loss: CrossEntropy <- (head, y);
            }
        }
    };
}

named!(pub(crate) Fragments, 1 + 2, 5, Gelu, #[checkpoint(every = 2)]);

#[test]
fn fragments_of_a_macro_keep_their_meaning() {
    // `$width * 2` is (1 + 2) * 2.
    assert_eq!(Fragments::WIDTH, 6);
    assert_eq!(Fragments::PLAN.segments().len(), 2);
}

#[test]
fn a_model_may_stand_in_a_function() -> Result<(), renamed::Error> {
    renamed::model! {
        Local {
            input x: f32[3];
            target y: f32[3];
            fc: Linear(3);
            loss: Mse <- (fc, y);
        }
    }
    let cpu = renamed::Cpu::with_threads(1)?;
    let mut net = Local::new(&cpu, 1)?;
    let mut ws = net.workspace(2)?;
    let x = Array2::ones((2, 3));
    assert!(net.forward_backward(&mut ws, x.view(), x.view())? > 0.0);
    assert!(format!("{net:?}").contains("Local"));
    Ok(())
}

#[test]
fn constants_are_public() {
    assert_eq!((hostile::Net::WIDTH, hostile::Net::HALF, hostile::Net::NEGATIVE), (4, 2, -3));
    assert!((hostile::Net::RATE - 0.25).abs() < f64::EPSILON);
}
