//! Optimizers and clipping on the device of handles: their formulas in f64, one element after another.

use remat::Error;
use remat::device::{Report, Span};
use remat::optim::{self, AdamStep, Buffers, Kernel, Measure, Part, SgdStep, Tensor, each};

use super::{Device, Handle, Remote, ViewMut};

impl Remote {
    /// Overwrites each element with what `f` makes of it.
    fn map(&self, x: &ViewMut<'_, f32>, f: impl Fn(usize, f64) -> f64) {
        let old = self.read(x.0);
        let new: Vec<f32> = old.iter().enumerate().map(|(i, x)| f(i, f64::from(*x)) as f32).collect();
        self.write(x, &new);
    }

    /// The numbers at these spans, one after another.
    fn numbers(&self, buf: &Handle, spans: &mut dyn Iterator<Item = Span>) -> Result<Vec<f64>, Error> {
        let mut all = vec![];
        for span in spans {
            let view = Self::view::<f32>(Self::region(buf, span)?);
            all.extend(self.read(view).into_iter().map(f64::from));
        }
        Ok(all)
    }

    fn sgd_of(&self, step: &SgdStep, part: Part<'_, Self, 1>) {
        let (param, grad) = (self.read(part.param.0), self.read(part.grad));
        let d = |i: usize| f64::from(grad[i]) + step.weight_decay * f64::from(param[i]);
        if step.momentum == 0.0 {
            return self.map(&part.param, |i, p| p - step.lr * d(i));
        }
        let [buffer] = part.moments;
        self.map(
            &buffer,
            |i, b| {
                if step.first { d(i) } else { step.momentum * b + (1.0 - step.dampening) * d(i) }
            },
        );
        let buffer = self.read(buffer.0);
        self.map(&part.param, |i, p| {
            let b = f64::from(buffer[i]);
            p - step.lr * if step.nesterov { d(i) + step.momentum * b } else { b }
        });
    }

    fn adam_of(&self, step: &AdamStep, part: Part<'_, Self, 2>) {
        let (beta1, beta2) = step.betas;
        let decay = step.weight_decay;
        if step.decoupled {
            self.map(&part.param, |_, p| (1.0 - step.lr * decay) * p);
        }
        let (param, grad) = (self.read(part.param.0), self.read(part.grad));
        let coupled = if step.decoupled { 0.0 } else { decay };
        let g = |i: usize| f64::from(grad[i]) + coupled * f64::from(param[i]);
        let [exp_avg, exp_avg_sq] = part.moments;
        self.map(&exp_avg, |i, m| beta1 * m + (1.0 - beta1) * g(i));
        self.map(&exp_avg_sq, |i, v| beta2 * v + (1.0 - beta2) * g(i) * g(i));
        let (m, v) = (self.read(exp_avg.0), self.read(exp_avg_sq.0));
        let steps = step.t as f64;
        self.map(&part.param, |i, p| {
            let (m, v) = (f64::from(m[i]), f64::from(v[i]));
            let divisor = v.sqrt() / (1.0 - beta2.powf(steps)).sqrt() + step.eps;
            p - step.lr / (1.0 - beta1.powf(steps)) * m / divisor
        });
    }
}

impl Kernel for Remote {
    fn sgd(
        &self,
        buffers: Buffers<'_, Self>,
        tensors: &mut dyn Iterator<Item = (SgdStep, Tensor<1>)>,
    ) -> Result<(), Error> {
        buffers.each(tensors, |step, part| {
            self.sgd_of(step, part);
            Ok(())
        })
    }

    fn adam(
        &self,
        buffers: Buffers<'_, Self>,
        tensors: &mut dyn Iterator<Item = (AdamStep, Tensor<2>)>,
    ) -> Result<(), Error> {
        buffers.each(tensors, |step, part| {
            self.adam_of(step, part);
            Ok(())
        })
    }

    fn measure(
        &self,
        report: &mut Report,
        measure: &Measure<'_, Self>,
        buf: &Handle,
        spans: impl Iterator<Item = Span> + Clone,
    ) -> Result<(), Error> {
        let numbers = || self.numbers(buf, &mut spans.clone());
        let squares = |factor: f64| Ok(numbers()?.iter().map(|x| (factor * x).powi(2)).sum());
        let larger = |most: f64, x: &f64| if most.is_nan() || x.abs() <= most { most } else { x.abs() };
        optim::measure(self, report, measure, squares, || Ok(numbers()?.iter().fold(0.0, larger)))
    }

    fn scale(
        &self,
        buf: &mut Handle,
        spans: &mut dyn Iterator<Item = Span>,
        factor: f64,
    ) -> Result<(), Error> {
        each::<Self>(buf, spans, |x, _| {
            self.map(&x, |_, x| factor * x);
            Ok(())
        })
    }

    fn clamp(
        &self,
        buf: &mut Handle,
        spans: &mut dyn Iterator<Item = Span>,
        limit: f64,
    ) -> Result<(), Error> {
        each::<Self>(buf, spans, |x, _| {
            self.map(&x, |_, x| x.clamp(-limit, limit));
            Ok(())
        })
    }

    fn add(
        &self,
        to: &mut Handle,
        from: &Handle,
        spans: &mut dyn Iterator<Item = Span>,
    ) -> Result<(), Error> {
        each::<Self>(to, spans, |x, span| {
            let y = self.read(Self::view::<f32>(Self::region(from, span)?));
            self.map(&x, |i, x| x + f64::from(y[i]));
            Ok(())
        })
    }
}
