//! Where the inputs of bounded proofs come from: every sequence of choices under `cargo test`, any under Kani, which reads
//! `macros/kani.rs`. It is as in `runtime/src/choices.rs`, where more is said; no crate stands below both.

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

#[cfg(not(kani))]
mod source {
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
    }

    /// Has a property checked for all choices.
    pub(crate) fn check(property: fn(&mut Choices)) {
        property(&mut Choices);
    }
}
