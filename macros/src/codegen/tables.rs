//! Tables as the runtime's `tables` reads them: bytes and one string each.
//!
//! A token costs the macro, which users compile without optimisation, and then the compiler, a
//! microsecond or more; as bytes a table of thousands of rows is one token.

use std::collections::BTreeMap;

use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// Numbers below 2^32.
#[derive(Default)]
pub(super) struct Numbers(Vec<[u8; 4]>);

impl Numbers {
    pub(super) fn push(&mut self, number: u32) {
        self.0.push(number.to_le_bytes());
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Changes the one at `index`, which is there.
    pub(super) fn set(&mut self, index: usize, number: u32) {
        self.0[index] = number.to_le_bytes();
    }

    pub(super) fn extend(&mut self, numbers: &[u32]) {
        for number in numbers {
            self.push(*number);
        }
    }

    pub(super) fn push_wide(&mut self, number: u64) -> Result<(), String> {
        self.push(u32::try_from(number).map_err(|_| format!("{number} has no room in a table"))?);
        Ok(())
    }

    pub(super) fn tokens(&self) -> TokenStream {
        let bytes = Literal::byte_string(self.0.as_flattened());
        quote!(__remat::Numbers::new(#bytes))
    }
}

/// Rows of a name and one of a few kinds; a `K` is what makes two kinds the same.
pub(super) struct Named<K> {
    names: String,
    rows: Numbers,
    index: BTreeMap<K, u32>,
    kinds: Vec<TokenStream>,
}

impl<K: Ord> Named<K> {
    pub(super) fn new() -> Self {
        Self { names: String::new(), rows: Numbers::default(), index: BTreeMap::new(), kinds: vec![] }
    }

    /// A row: its name, its kind, which `describe` writes if it is new, and what else stands in it.
    pub(super) fn row(
        &mut self,
        name: &str,
        kind: K,
        describe: impl FnOnce(&K) -> TokenStream,
        more: &[u32],
    ) -> Result<(), String> {
        self.names.push_str(name);
        self.rows.push_wide(self.names.len() as u64)?;
        let number = match self.index.get(&kind) {
            Some(number) => *number,
            None => {
                let number = u32::try_from(self.kinds.len()).map_err(|e| e.to_string())?;
                self.kinds.push(describe(&kind));
                self.index.insert(kind, number);
                number
            }
        };
        self.rows.push(number);
        self.rows.extend(more);
        Ok(())
    }

    /// The names, the rows and the kinds.
    pub(super) fn tokens(&self) -> TokenStream {
        let (names, rows, kinds) = (&self.names, self.rows.tokens(), &self.kinds);
        quote!(#names, #rows, &[#(#kinds),*])
    }
}
