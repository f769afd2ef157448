//! The tree as it is written: for messages that show a whole line to write.

use std::fmt::{Display, Formatter, Result};

use super::{Arg, Expr, Value, text};

impl Display for Arg {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.name {
            Some(name) => write!(f, "{} = {}", text(name), self.value),
            None => write!(f, "{}", self.value),
        }
    }
}

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Expr(expr) => write!(f, "{expr}"),
            Self::Str(said, _) => write!(f, "{said:?}"),
            Self::Call(word, values) => write!(f, "{}({})", text(word), comma_separated(values)),
            Self::Tuple(values, _) => write!(f, "({})", comma_separated(values)),
            Self::List(values, _) => write!(f, "[{}]", comma_separated(values)),
            Self::Path(first, rest) => write!(f, "{}.{}", text(first), rest.join(".")),
        }
    }
}

/// `a, b`
pub(crate) fn comma_separated<T: Display>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Int(n, _) => write!(f, "{n}"),
            Self::Float(x, _) => write!(f, "{x:?}"),
            Self::Name(name) => f.write_str(&text(name)),
            Self::Neg(inner, _) => operand(inner, PRODUCT, f, "-"),
            Self::Binary(a, op, b, _) => {
                // Operators of a kind are read from left to right.
                operand(a, rank(*op), f, "")?;
                write!(f, " {op} ")?;
                operand(b, rank(*op) + 1, f, "")
            }
        }
    }
}

const SUM: u8 = 0;
const PRODUCT: u8 = 1;

fn rank(op: char) -> u8 {
    if matches!(op, '+' | '-') { SUM } else { PRODUCT }
}

/// `expr` behind `sign`, in parentheses if its operator binds less than one of `least`.
fn operand(expr: &Expr, least: u8, f: &mut Formatter<'_>, sign: &str) -> Result {
    match expr {
        Expr::Binary(_, op, ..) if rank(*op) < least || !sign.is_empty() => write!(f, "{sign}({expr})"),
        _ => write!(f, "{sign}{expr}"),
    }
}

#[cfg(test)]
mod tests {
    use super::Expr;

    #[test]
    fn an_expression_is_written_with_the_parentheses_it_needs() {
        for (text, written) in [
            ("3*D", "3 * D"),
            ("(a+b)*c-d", "(a + b) * c - d"),
            ("a-(b-c)", "a - (b - c)"),
            ("a/(b*c)", "a / (b * c)"),
            ("-(a+1)", "-(a + 1)"),
            ("--0.5", "--0.5"),
        ] {
            let expr: Expr = syn::parse_str(text).unwrap();
            assert_eq!(expr.to_string(), written);
        }
    }
}
