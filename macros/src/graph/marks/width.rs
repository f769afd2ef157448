//! `device = cuda, dtype = bf16`: the layout that a budget counts in.

use proc_macro2::Span;

use crate::planned::WIDTHS;
use crate::report::Errors;
use crate::syntax::{Expr, Value, text};

/// Which of [`WIDTHS`] it is for these arguments; the first if they are mistakes, or absent.
pub(super) fn width(device: Option<&Value>, dtype: Option<&Value>, errors: &mut Errors) -> usize {
    let mut gpu = None;
    if let Some(value) = device {
        let Some(is_gpu) = is_gpu(value, errors) else { return 0 };
        gpu = Some((is_gpu, value.span()));
    }
    let Some(value) = dtype else { return 0 };
    let (on_gpu, named) = (gpu.is_some_and(|(on_gpu, _)| on_gpu), word(value));
    let elem = match (named.as_str(), on_gpu) {
        ("f32", _) => Ok(4),
        ("f64", false) => Ok(8),
        ("bf16", true) => Ok(2),
        ("f64", true) => Err("write `dtype = f32` or `dtype = bf16`, or `device = cpu`"),
        ("bf16", false) => Err("write `device = cuda, dtype = bf16`, or `dtype = f32`"),
        _ => {
            let fix = "write `f32`, or `f64` on the CPU, or `bf16` beside `device = cuda`";
            errors.error(value.span(), format!("`dtype` must be the type of an activation -- {fix}"));
            return 0;
        }
    };
    match elem.map(|elem| WIDTHS.iter().position(|widths| widths.elem == elem)) {
        Ok(Some(width)) => return width,
        Ok(None) => {
            let what = format!("`dtype = {named}` is planned for by the feature `cuda` of `remat`");
            let fix = "write `features = [\"cuda\"]` beside `remat` in Cargo.toml";
            errors.error(value.span(), format!("{what}, which is off -- {fix}"));
        }
        Err(fix) => no_device_has(&named, value.span(), gpu, fix, errors),
    }
    0
}

/// Reports a type that is of no activations on a device, at both of them if the device is given.
fn no_device_has(named: &str, at: Span, gpu: Option<(bool, Span)>, fix: &str, errors: &mut Errors) {
    let what = match gpu {
        Some((true, _)) => "on no GPU but `device` is `cuda`",
        Some((false, _)) => "on no CPU but `device` is `cpu`",
        None => "on no CPU and `device` is `cpu` unless it is given",
    };
    for span in [Some(at), gpu.map(|(_, span)| span)].into_iter().flatten() {
        errors.error(span, format!("`dtype = {named}` is {what} -- {fix}"));
    }
}

/// Whether a device is a GPU; nothing if it is no device.
fn is_gpu(value: &Value, errors: &mut Errors) -> Option<bool> {
    let found = match word(value).as_str() {
        "cpu" => Some(false),
        "cuda" => Some(true),
        _ => None,
    };
    if found.is_none() {
        errors.error(value.span(), "`device` must be a device of `remat` -- write `cpu` or `cuda`");
    }
    found
}

/// The word that a value is; nothing if it is another thing.
fn word(value: &Value) -> String {
    if let Value::Expr(Expr::Name(word)) = value { text(word) } else { String::new() }
}
