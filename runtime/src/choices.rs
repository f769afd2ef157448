//! Where the inputs of bounded proofs come from.
//!
//! What is to hold for all of some inputs is a function that draws them from [`Choices`]. Under `cargo test` it runs
//! once for every sequence of choices that there is: a small domain, exhaustively. Under
//! [Kani](https://model-checking.github.io/kani/) the same function is a harness, in which each choice is any that may
//! be made, and a [`word`](Choices::word) is any number at all:
//!
//! ```text
//! cargo install --locked kani-verifier && cargo kani setup
//! cargo kani -p remat                                     every harness of this crate
//! cargo kani -p remat --harness a_preamble_comes_back     one of them
//! kani macros/kani.rs                                     those of planning: `cargo kani` leaves macro crates out
//! ```
//!
//! **They have not been run under Kani yet**, as what its setup downloads could not be had where they were written; that
//! they compile with `cfg(kani)` was checked against stand-ins for the names of its that they use. So what holds is what
//! `cargo test` goes through; how often Kani has to unroll loops is a guess.

pub(crate) use source::{Choices, check};

/// Each of these functions as a test, and as a harness of Kani that unrolls loops so often.
macro_rules! bounded {
    ($($name:ident, $unwind:literal;)+) => {
        mod bounded {
            $(
                #[cfg_attr(kani, kani::proof, kani::unwind($unwind))]
                #[cfg_attr(not(kani), test)]
                fn $name() {
                    crate::choices::check(super::$name);
                }
            )+
        }
    };
}
pub(crate) use bounded;

impl Choices {
    /// One of these.
    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// Yes or no.
    pub(crate) fn flag(&mut self) -> bool {
        self.below(2) == 1
    }
}

#[cfg(not(kani))]
mod source {
    /// Numbers at which their encodings change, and both ends.
    const EDGES: [u64; 10] =
        [0, 1, 250, 251, 0xffff, 0x1_0000, 0xffff_ffff, 0x1_0000_0000, u64::MAX - 1, u64::MAX];

    /// One sequence of choices.
    pub(crate) struct Choices {
        /// What is chosen, and of how many. Behind the `next`, these are of the run before.
        made: Vec<(usize, usize)>,
        next: usize,
    }

    impl Choices {
        /// A number below `count`.
        pub(crate) fn below(&mut self, count: usize) -> usize {
            if self.next == self.made.len() {
                self.made.push((0, count));
            }
            self.next += 1;
            let (chosen, of) = self.made[self.next - 1];
            assert_eq!(of, count, "what is chosen depends on choices alone");
            chosen
        }

        /// A number.
        pub(crate) fn word(&mut self) -> u64 {
            self.one_of(&EDGES)
        }
    }

    /// Checks a property for all choices.
    pub(crate) fn check(property: fn(&mut Choices)) {
        let mut choices = Choices { made: Vec::new(), next: 0 };
        let mut cases = 0u64;
        loop {
            choices.next = 0;
            property(&mut choices);
            cases += 1;
            // The last choice that is not at its end yet goes on; those behind it begin again.
            while choices.made.pop_if(|(chosen, of)| *chosen + 1 == *of).is_some() {}
            let Some((chosen, _)) = choices.made.last_mut() else { break };
            *chosen += 1;
        }
        println!("{cases} cases");
        assert!(cases > 1, "there is something to choose");
    }
}

#[cfg(kani)]
mod source {
    /// Every sequence of choices at once.
    pub(crate) struct Choices;

    impl Choices {
        /// A number below `count`.
        pub(crate) fn below(&mut self, count: usize) -> usize {
            let chosen = kani::any();
            kani::assume(chosen < count);
            chosen
        }

        /// A number.
        pub(crate) fn word(&mut self) -> u64 {
            kani::any()
        }
    }

    /// Has a property checked for all choices.
    pub(crate) fn check(property: fn(&mut Choices)) {
        property(&mut Choices);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn every_sequence_of_choices_is_made_once_even_where_one_depends_on_another() {
        static SEEN: Mutex<Vec<Vec<usize>>> = Mutex::new(Vec::new());
        check(|choices| {
            let length = choices.below(3);
            SEEN.lock().unwrap().push((0..length).map(|at| choices.below(at + 2)).collect());
        });
        let expected: [&[usize]; 9] = [&[], &[0], &[1], &[0, 0], &[0, 1], &[0, 2], &[1, 0], &[1, 1], &[1, 2]];
        assert_eq!(*SEEN.lock().unwrap(), expected);
    }
}
