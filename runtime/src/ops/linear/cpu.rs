//! Linear on the CPU, plainly.
use super::{Backward, Forward, Kernel, Spec};
use crate::cpu::Cpu;
use crate::cpu::simd::{Float, Job, Simd};
use crate::device::Grad;
use crate::error::Error;
use crate::ops::activation::{self, Kernel as _};

struct J<'a, E> {
    y: &'a mut [E],
    x: &'a [E],
    w: &'a [E],
    b: Option<&'a [E]>,
    k: usize,
    n: usize,
}
impl<E: Float> Job for J<'_, E> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self) {
        for (y, x) in self.y.chunks_exact_mut(self.n).zip(self.x.chunks_exact(self.k)) {
            for (j, (y, w)) in y.iter_mut().zip(self.w.chunks_exact(self.k)).enumerate() {
                *y = crate::cpu::elementwise::sum([x, w], |[x, w]| x * w);
                if let Some(b) = self.b {
                    *y += b[j];
                }
            }
        }
    }
}
struct A<'a, E> {
    to: &'a mut [E],
    add: bool,
    n: usize,
    k: usize,
    a: &'a [E],
    asr: usize,
    asc: usize,
    b: &'a [E],
    rows: usize,
}
impl<E: Float> Job for A<'_, E> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self) {
        if !self.add {
            self.to.fill(E::ZERO);
        }
        for i in 0..self.rows {
            let to = &mut self.to[i * self.n..][..self.n];
            for l in 0..self.k {
                let a = self.a[i * self.asr + l * self.asc];
                for (t, b) in to.iter_mut().zip(&self.b[l * self.n..][..self.n]) {
                    *t = S::mul_add(a, *b, *t);
                }
            }
        }
    }
}
impl<E: Float> Kernel for Cpu<E> {
    fn forward(&self, s: &Spec, batch: usize, args: Forward<'_, Self>) -> Result<(), Error> {
        let mut tmp = vec![];
        let y = match args.y {
            Some(y) => y,
            None => {
                tmp.resize(batch * s.rows * s.outputs, E::ZERO);
                &mut tmp[..]
            }
        };
        self.pool().level().run(J { y, x: args.x, w: args.weight, b: args.bias, k: s.inputs, n: s.outputs });
        if let (Some(z), Some(activation)) = (args.z, s.activation) {
            activation::Kernel::forward(
                self,
                &activation::Spec { len: z.len() / batch, activation },
                batch,
                activation::Forward { y: z, x: &*y },
            )?;
        }
        Ok(())
    }
    fn backward(&self, s: &Spec, batch: usize, args: Backward<'_, Self>) -> Result<(), Error> {
        let rows = batch * s.rows;
        if let Some(Grad { to, add }) = args.dx {
            self.pool().level().run(A {
                to,
                add,
                n: s.inputs,
                k: s.outputs,
                a: args.dy,
                asr: s.outputs,
                asc: 1,
                b: args.weight,
                rows,
            });
        }
        if let (Some(Grad { to, add }), Some(x)) = (args.dweight, args.x) {
            self.pool().level().run(A {
                to,
                add,
                n: s.inputs,
                k: rows,
                a: args.dy,
                asr: 1,
                asc: s.outputs,
                b: x,
                rows: s.outputs,
            });
        }
        if let Some(d) = args.dbias {
            crate::cpu::elementwise::sum_samples(self.pool(), d, args.dy, s.outputs)?;
        }
        Ok(())
    }
}
