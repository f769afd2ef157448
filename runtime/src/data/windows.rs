//! Windows of a text.

use std::borrow::Cow;

use ndarray::Array2;

use super::{Dataset, check_samples};
use crate::error::Error;

/// Windows of a sequence of tokens: what a language model reads, and the same one token further on, which it is to say.
/// A batch is `(Array2<u32>, Array2<u32>)`, both [samples, length].
///
/// ```
/// use remat::data::{Dataset, Windows};
/// use remat::ndarray::array;
///
/// fn main() -> Result<(), remat::Error> {
///     let text = Windows::of_bytes(b"hello world", 4)?;
///     assert_eq!(text.len(), 2);                                  // side by side; `world` has no token behind it
///     assert_eq!(text.batch(&[1])?, (array![[111, 32, 119, 111]], array![[32, 119, 111, 114]]));
///     assert_eq!(text.stride(1)?.len(), 7);                       // from every token on
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Windows<'a> {
    tokens: Tokens<'a>,
    length: usize,
    stride: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Tokens<'a> {
    Bytes(Cow<'a, [u8]>),
    Ids(Cow<'a, [u32]>),
}

impl Tokens<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Ids(ids) => ids.len(),
        }
    }

    fn at(&self, index: usize) -> u32 {
        match self {
            Self::Bytes(bytes) => bytes[index].into(),
            Self::Ids(ids) => ids[index],
        }
    }
}

impl<'a> Windows<'a> {
    /// Windows of `length` bytes, side by side. Each byte is a token.
    ///
    /// # Errors
    /// [`Error::Argument`] for a length of 0, [`Error::Data`] for a text of fewer bytes than one window and its next.
    pub fn of_bytes(text: impl Into<Cow<'a, [u8]>>, length: usize) -> Result<Self, Error> {
        Self::new(Tokens::Bytes(text.into()), length)
    }

    /// Windows of `length` tokens, side by side.
    ///
    /// # Errors
    /// As [`of_bytes`](Self::of_bytes).
    pub fn of_tokens(tokens: impl Into<Cow<'a, [u32]>>, length: usize) -> Result<Self, Error> {
        Self::new(Tokens::Ids(tokens.into()), length)
    }

    fn new(tokens: Tokens<'a>, length: usize) -> Result<Self, Error> {
        Error::unless_at_least_1("length", length as u64)?;
        if tokens.len() <= length {
            return Err(Error::Data {
                place: String::from("the text"),
                expected: format!("longer than the {length} tokens of a window"),
                found: format!("of {} tokens", tokens.len()),
            });
        }
        Ok(Self { tokens, length, stride: length })
    }

    /// A window begins so many tokens behind the one before. With 1 there is one from every token on, as when windows
    /// are drawn from anywhere in a text.
    ///
    /// # Errors
    /// [`Error::Argument`] for 0.
    pub fn stride(self, stride: usize) -> Result<Self, Error> {
        Error::unless_at_least_1("stride", stride as u64)?;
        Ok(Self { stride, ..self })
    }
}

impl Dataset for Windows<'_> {
    type Batch = (Array2<u32>, Array2<u32>);

    fn len(&self) -> usize {
        (self.tokens.len() - self.length - 1) / self.stride + 1
    }

    fn batch(&self, samples: &[usize]) -> Result<Self::Batch, Error> {
        check_samples(samples, self.len())?;
        let from = |shift: usize| {
            Array2::from_shape_fn((samples.len(), self.length), |(i, t)| {
                self.tokens.at(samples[i] * self.stride + t + shift)
            })
        };
        Ok((from(0), from(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_but_the_first_is_said_once_by_windows_side_by_side_as_far_as_they_fit() {
        for count in 4..40 {
            let tokens: Vec<u32> = (0..count).collect();
            let windows = Windows::of_tokens(&tokens, 3).unwrap();
            let all: Vec<usize> = (0..windows.len()).collect();
            let (read, said) = windows.batch(&all).unwrap();
            assert_eq!(
                read.iter().map(|t| t + 1).collect::<Vec<_>>(),
                said.iter().copied().collect::<Vec<_>>()
            );
            let whole = (count - 1) / 3 * 3;
            assert_eq!(said.into_iter().collect::<Vec<_>>(), (1..=whole).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_text_that_is_too_short_and_sizes_of_none_are_told() {
        let short = Windows::of_bytes(b"four", 4).unwrap_err().to_string();
        assert_eq!(
            short,
            "the text must be longer than the 4 tokens of a window but is of 4 tokens -- mend it, or give other data"
        );
        assert!(matches!(Windows::of_bytes(b"four", 0), Err(Error::Argument { .. })));
        assert!(matches!(Windows::of_bytes(b"four", 3).unwrap().stride(0), Err(Error::Argument { .. })));
        let one = Windows::of_bytes(b"four", 3).unwrap().stride(usize::MAX).unwrap();
        assert_eq!((one.len(), one.batch(&[0]).unwrap().1[[0, 2]]), (1, u32::from(b'r')));
        assert!(one.batch(&[1]).is_err());
    }
}
