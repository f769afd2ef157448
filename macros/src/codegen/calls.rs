//! Kernel calls: one function for each distinct one, and the rows that name their operands.

use std::collections::BTreeMap;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote};

use crate::ops::SpecValue;
use crate::plan::problem::{Class, Extent, Size};

/// Which method of the kernel.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Direction {
    Forward,
    Backward,
}

/// The type and count of an operand's elements.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Tensor {
    class: u8,
    batched: bool,
    len: u64,
}

/// The class of parameters that are rounded, where a device needs that.
const ROUNDED: u8 = 4;

impl Tensor {
    pub(super) fn new(size: Size) -> Self {
        let class = match size.class {
            Class::Elem => 0,
            Class::Scalar => 1,
            Class::Index => 2,
            Class::Half => 3,
            Class::Rounded => ROUNDED,
        };
        let (batched, len) = match size.extent {
            Extent::PerSample(n) => (true, n),
            Extent::Fixed(n) => (false, n),
        };
        Self { class, batched, len }
    }

    fn element(self) -> TokenStream {
        match self.class {
            0 | ROUNDED => quote!(D::Elem),
            1 => quote!(D::Scalar),
            3 => quote!(::core::primitive::u16),
            _ => quote!(::core::primitive::u32),
        }
    }

    /// The span of the buffer that `row` names.
    fn span(self, row: &Ident) -> TokenStream {
        let (element, len) = (self.element(), Literal::u64_unsuffixed(self.len));
        if self.class == ROUNDED {
            quote!(f.rounded(#row, #len))
        } else if self.batched {
            quote!(f.sample::<#element>(#row, #len))
        } else {
            quote!(f.fixed::<#element>(#row, #len))
        }
    }
}

/// A field of a kernel's arguments, as far as code depends on it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Operand {
    /// `None`
    Absent,
    /// Written; `Some` around it where the field is optional.
    Write(Tensor, bool),
    Read(Tensor, bool),
    /// Elements to be written, of which there are none.
    Nothing,
    Reads(Vec<Tensor>),
    /// Elements of a parameter.
    Param(u64, bool),
    Key,
    /// `Some` mask, which drops elements with a probability of these bits.
    Mask(u64),
    Grad(Tensor),
    Grads(Vec<Option<Tensor>>),
    /// Elements of a parameter's gradient.
    ParamGrad(u64),
}

/// What makes two calls the same function.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Call {
    pub(super) module: &'static str,
    pub(super) direction: Direction,
    pub(super) spec: Vec<(&'static str, SpecKey)>,
    pub(super) operands: Vec<(&'static str, Operand)>,
}

/// A field of a spec that can be ordered.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum SpecKey {
    Int(u64),
    Float(u64),
    Bool(bool),
    Path(&'static str),
    OptPath(Option<&'static str>),
    OptId(Option<u32>),
    Ints(Vec<u64>),
    Floats(Vec<u64>),
}

impl SpecKey {
    pub(super) fn new(value: &SpecValue) -> Self {
        match value {
            SpecValue::Int(n) => Self::Int(*n),
            SpecValue::Float(x) => Self::Float(x.to_bits()),
            SpecValue::Bool(b) => Self::Bool(*b),
            SpecValue::Path(p) => Self::Path(p),
            SpecValue::OptId(id) => Self::OptId(*id),
            SpecValue::Ints(list) => Self::Ints(list.clone()),
            SpecValue::Floats(list) => Self::Floats(list.iter().map(|x| x.to_bits()).collect()),
        }
    }

    fn tokens(&self) -> TokenStream {
        let path = |p: &str| {
            let parts = p.split("::").map(|part| Ident::new(part, Span::call_site()));
            quote!(__ops #(::#parts)*)
        };
        let none = quote!(::core::option::Option::None);
        let some = |inner: TokenStream| quote!(::core::option::Option::Some(#inner));
        match self {
            Self::Int(n) => {
                let n = Literal::u64_unsuffixed(*n);
                quote!(#n)
            }
            Self::Float(x) => float(*x),
            Self::Bool(b) => quote!(#b),
            Self::Path(p) => path(p),
            Self::OptPath(p) => p.map_or(none, |p| some(path(p))),
            Self::OptId(id) => id.map_or(none, |id| some(quote!(#id))),
            Self::Ints(list) => {
                let list = list.iter().map(|n| Literal::u64_unsuffixed(*n));
                quote!(&[#(#list),*])
            }
            Self::Floats(list) => {
                let list = list.iter().map(|x| float(*x));
                quote!(&[#(#list),*])
            }
        }
    }
}

pub(super) fn float(bits: u64) -> TokenStream {
    let x = f64::from_bits(bits);
    let magnitude = Literal::f64_suffixed(x.abs());
    if x.is_sign_negative() { quote!(-#magnitude) } else { quote!(#magnitude) }
}

/// All distinct calls so far, numbered in order of first use, behind those that are built in.
#[derive(Default)]
pub(super) struct Calls {
    index: BTreeMap<Call, u32>,
    order: Vec<Call>,
}

/// How many calls, the first, are no kernels, and are what [`BuiltIn`] says.
const BUILT_IN: usize = 5;

/// A row that calls no kernel, as in the runtime's `tables`: its number.
#[derive(Clone, Copy)]
pub(super) enum BuiltIn {
    /// Of a buffer that grows with the batch.
    FreeSample,
    FreeFixed,
    /// Of the two buffers, the device's and the host's.
    CopyOut,
    CopyBack,
    /// Of the host's buffer.
    Copied,
}

impl Calls {
    /// The number of `call`.
    pub(super) fn number(&mut self, call: Call) -> Result<u32, String> {
        if let Some(number) = self.index.get(&call) {
            return Ok(*number);
        }
        let number = u32::try_from(self.order.len() + BUILT_IN).map_err(|e| e.to_string())?;
        self.index.insert(call.clone(), number);
        self.order.push(call);
        Ok(number)
    }

    /// `__ops::linear::Kernel + …`: what the model asks of a device.
    pub(super) fn bounds(&self) -> TokenStream {
        let mut modules: Vec<&str> = self.order.iter().map(|c| c.module).collect();
        // What drops out is the kernel of what is dropped out, or read, in the same call.
        let drops =
            |call: &Call| call.operands.iter().any(|(_, operand)| matches!(operand, Operand::Mask(_)));
        modules.extend(self.order.iter().any(drops).then_some("dropout"));
        modules.sort_unstable();
        modules.dedup();
        let modules = modules.into_iter().map(|m| Ident::new(m, Span::call_site()));
        quote!(__Device #(+ __ops::#modules::Kernel)*)
    }

    fn name(&self, at: usize) -> Ident {
        let call = &self.order[at];
        let direction = match call.direction {
            Direction::Forward => "forward",
            Direction::Backward => "backward",
        };
        format_ident!("{}_{}_{}", call.module, direction, at + BUILT_IN)
    }

    /// The functions.
    pub(super) fn functions(&self) -> TokenStream {
        (0..self.order.len()).map(|at| function(&self.name(at), &self.order[at])).collect()
    }

    /// The function that runs a program.
    pub(super) fn run(&self) -> TokenStream {
        let bounds = self.bounds();
        let arms = (0..self.order.len()).map(|at| {
            let (number, name) = (Literal::usize_unsuffixed(at + BUILT_IN), self.name(at));
            quote!(#number => #name(f, row)?,)
        });
        quote! {
            fn __remat_run<D: #bounds>(f: &mut __remat::Frame<'_, D>, program: __remat::Numbers) -> ::core::result::Result<(), __remat::Error> {
                let mut rest = program;
                while let ::core::option::Option::Some(([number], row)) = rest.take() {
                    rest = match number & !__remat::RECOMPUTE {
                        #(#arms)*
                        _ => f.built_in(number, row)?,
                    };
                    f.ran(number)?;
                }
                ::core::result::Result::Ok(())
            }
        }
    }
}

/// The parts of a call's function, gathered field by field.
#[derive(Default)]
struct Body {
    rows: Vec<Ident>,
    params: TokenStream,
    read_names: Vec<Ident>,
    read_spans: Vec<TokenStream>,
    write_names: Vec<Ident>,
    write_spans: Vec<TokenStream>,
    lists: TokenStream,
    fields: TokenStream,
}

impl Body {
    fn row(&mut self) -> Ident {
        let row = format_ident!("r{}", self.rows.len());
        self.rows.push(row.clone());
        row
    }

    fn read(&mut self, tensor: Tensor) -> TokenStream {
        let (row, name) = (self.row(), format_ident!("x{}", self.read_names.len()));
        self.read_spans.push(tensor.span(&row));
        self.read_names.push(name.clone());
        let element = tensor.element();
        quote!(D::view::<#element>(#name))
    }

    fn write(&mut self, tensor: Tensor) -> TokenStream {
        let (row, name) = (self.row(), format_ident!("y{}", self.write_names.len()));
        self.write_spans.push(tensor.span(&row));
        self.write_names.push(name.clone());
        let element = tensor.element();
        quote!(D::view_mut::<#element>(#name))
    }

    fn grad(&mut self, tensor: Tensor) -> TokenStream {
        let to = self.write(tensor);
        let add = self.row();
        quote!(::core::option::Option::Some(__remat::Grad { to: #to, add: #add != 0 }))
    }

    fn key(&mut self, field: &str) -> Ident {
        let (row, key) = (self.row(), format_ident!("k_{field}"));
        self.params.extend(quote!(let #key = f.key(#row);));
        key
    }

    fn operand(&mut self, field: &str, operand: &Operand) {
        let name = Ident::new(field, Span::call_site());
        let some = |inner: TokenStream, optional: bool| {
            if optional { quote!(::core::option::Option::Some(#inner)) } else { inner }
        };
        let value = match operand {
            Operand::Absent => quote!(::core::option::Option::None),
            Operand::Write(tensor, optional) => some(self.write(*tensor), *optional),
            Operand::Read(tensor, optional) => some(self.read(*tensor), *optional),
            Operand::Nothing => {
                let name = format_ident!("y{}", self.write_names.len());
                self.write_spans.push(quote!(__remat::Frame::<D>::nothing()));
                self.write_names.push(name.clone());
                quote!(D::view_mut::<D::Elem>(#name))
            }
            Operand::Reads(list) => {
                let views: Vec<TokenStream> = list.iter().map(|t| self.read(*t)).collect();
                quote!(&[#(#views),*])
            }
            Operand::Param(len, optional) => {
                let (row, view) = (self.row(), format_ident!("p_{field}"));
                let len = Literal::u64_unsuffixed(*len);
                self.params.extend(quote!(let #view = f.param(#row, #len)?;));
                some(quote!(#view), *optional)
            }
            Operand::Key => {
                let key = self.key(field);
                quote!(#key)
            }
            Operand::Mask(p) => {
                let (key, p) = (self.key(field), float(*p));
                quote!(::core::option::Option::Some(__ops::dropout::Mask { key: #key, p: #p }))
            }
            Operand::Grad(tensor) => self.grad(*tensor),
            Operand::Grads(list) => {
                let grads: Vec<TokenStream> = list
                    .iter()
                    .map(|t| t.map_or_else(|| quote!(::core::option::Option::None), |t| self.grad(t)))
                    .collect();
                let list = format_ident!("l_{field}");
                self.lists.extend(quote!(let mut #list = [#(#grads),*];));
                quote!(&mut #list)
            }
            Operand::ParamGrad(len) => {
                let (row, add) = (self.row(), self.row());
                let target = format_ident!("y{}", self.write_names.len());
                let len = Literal::u64_unsuffixed(*len);
                self.write_spans.push(quote!(f.gradient(#row, #len)));
                self.write_names.push(target.clone());
                quote!(::core::option::Option::Some(__remat::Grad { to: D::view_mut::<D::Param>(#target), add: #add != 0 }))
            }
        };
        self.fields.extend(quote!(#name: #value,));
    }
}

fn function(name: &Ident, call: &Call) -> TokenStream {
    let mut body = Body::default();
    for (field, operand) in &call.operands {
        body.operand(field, operand);
    }
    let Body { rows, params, read_names, read_spans, write_names, write_spans, lists, fields } = body;
    let module = Ident::new(call.module, Span::call_site());
    let (method, args) = match call.direction {
        Direction::Forward => (format_ident!("forward"), format_ident!("Forward")),
        Direction::Backward => (format_ident!("backward"), format_ident!("Backward")),
    };
    let spec = call.spec.iter().map(|(field, value)| {
        let (field, value) = (Ident::new(field, Span::call_site()), value.tokens());
        quote!(#field: #value)
    });
    quote! {
        fn #name<D: __ops::#module::Kernel>(f: &mut __remat::Frame<'_, D>, row: __remat::Numbers) -> ::core::result::Result<__remat::Numbers, __remat::Error> {
            let ::core::option::Option::Some(([#(#rows),*], rest)) = row.take() else {
                return ::core::result::Result::Err(__remat::Frame::<D>::truncated());
            };
            #params
            let reads = [#(#read_spans),*];
            let writes = [#(#write_spans),*];
            let ([#(#read_names),*], [#(#write_names),*]) = D::split(f.arena, reads, writes)?;
            #lists
            <D as __ops::#module::Kernel>::#method(
                f.device,
                &__ops::#module::Spec { #(#spec),* },
                f.batch,
                __ops::#module::#args { #fields },
            )?;
            ::core::result::Result::Ok(rest)
        }
    }
}
