//! Numbers of the model language: exact integers and floats.

use std::collections::BTreeMap;

use proc_macro2::Span;

use crate::report::{Errors, did_you_mean};
use crate::syntax::{Expr, text};

/// A number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Num {
    Int(i128),
    Float(f64),
}

impl Num {
    pub(crate) fn to_f64(self) -> f64 {
        match self {
            Self::Int(i) => i as f64,
            Self::Float(f) => f,
        }
    }
}

impl std::fmt::Display for Num {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Int(i) => write!(f, "{i}"),
            Self::Float(x) => write!(f, "{x:?}"),
        }
    }
}

/// Names of constants, parameters of blocks and loop variables.
///
/// One without a number failed, which was reported.
pub(crate) type Vars = BTreeMap<String, Option<Num>>;

/// The number that `expr` means; a mistake is reported and gives none.
pub(crate) fn eval(expr: &Expr, vars: &Vars, errors: &mut Errors) -> Option<Num> {
    match expr {
        Expr::Int(n, _) => Some(Num::Int(i128::from(*n))),
        Expr::Float(x, _) => Some(Num::Float(*x)),
        Expr::Name(name) => {
            let text = text(name);
            let found = vars.get(&text);
            if found.is_none() {
                let known = vars.iter().filter(|(_, value)| value.is_some()).map(|(name, _)| name.as_str());
                let hint = did_you_mean(&text, known, &undeclared(&text, "64"));
                errors.error(name.span(), format!("there is no number `{text}`{hint}"));
            }
            found.copied().flatten()
        }
        Expr::Neg(inner, span) => match eval(inner, vars, errors)? {
            Num::Int(i) => checked(i.checked_neg(), *span, errors),
            Num::Float(x) => Some(Num::Float(-x)),
        },
        Expr::Binary(a, op, b, span) => {
            let (a, b) = (eval(a, vars, errors), eval(b, vars, errors));
            match (a?, b?) {
                (Num::Int(a), Num::Int(b)) => integers(a, *op, b, *span, errors),
                (a, b) => floats(a.to_f64(), *op, b.to_f64(), *span, errors),
            }
        }
    }
}

/// How a number like `example` gets the name `word`.
pub(crate) fn undeclared(word: &str, example: &str) -> String {
    // Only a word in capitals may be meant for a constant of the program around the model.
    let rust = word.chars().any(char::is_uppercase) && !word.chars().any(char::is_lowercase);
    let place = if rust { ", where Rust's own constants are not visible" } else { "" };
    format!("declare it in the model{place}: `const {word} = {example};`")
}

fn integers(a: i128, op: char, b: i128, span: Span, errors: &mut Errors) -> Option<Num> {
    if matches!(op, '/' | '%') && b == 0 {
        errors.error(span, format!("`{a} {op} 0` has no value -- divide by a number other than 0"));
        return None;
    }
    if op == '/' && a.checked_rem(b).is_some_and(|r| r != 0) {
        errors.error(
            span,
            format!("`{a} / {b}` is not an integer: the remainder is {} -- choose numbers that divide, or write `{a}.0 / {b}` for a float", a % b),
        );
        return None;
    }
    let value = match op {
        '+' => a.checked_add(b),
        '-' => a.checked_sub(b),
        '*' => a.checked_mul(b),
        '/' => a.checked_div(b),
        _ => a.checked_rem(b),
    };
    checked(value.filter(|v| i64::try_from(*v).is_ok()), span, errors)
}

fn checked(value: Option<i128>, span: Span, errors: &mut Errors) -> Option<Num> {
    if value.is_none() {
        errors.error(span, "this number overflows 64 bits -- write a smaller one");
    }
    value.map(Num::Int)
}

fn floats(a: f64, op: char, b: f64, span: Span, errors: &mut Errors) -> Option<Num> {
    if matches!(op, '/' | '%') && b == 0.0 {
        errors.error(span, format!("`{a:?} {op} {b:?}` has no value -- divide by a number other than 0"));
        return None;
    }
    let value = match op {
        '+' => a + b,
        '-' => a - b,
        '*' => a * b,
        '/' => a / b,
        _ => a % b,
    };
    if !value.is_finite() {
        errors.error(span, "this number overflows an f64 -- write a smaller one");
        return None;
    }
    Some(Num::Float(value))
}

/// The most elements a sample of a value may have, and the largest dimension: far above any memory,
/// far below where sizes in bytes overflow.
pub(crate) const MOST: u64 = 1 << 40;

/// A dimension: an integer from 1.
pub(crate) fn dim(value: Num, span: Span, what: &str, errors: &mut Errors) -> Option<u64> {
    match value {
        Num::Int(i) if (1..=i128::from(MOST)).contains(&i) => u64::try_from(i).ok(),
        Num::Int(i) if i > 0 => {
            errors.error(span, format!("{what} is {i}, which overflows -- it must be at most {MOST}"));
            None
        }
        _ => {
            errors
                .error(span, format!("{what} must be a positive integer but is {value} -- write 1 or more"));
            None
        }
    }
}
