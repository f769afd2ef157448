//! A model written by hand, for tests: a tied parameter, a frozen one, and two more.

use ndarray::ArrayView1;

use crate::cpu::Cpu;
use crate::device::{Device, Real};
use crate::error::Error;
use crate::model::{Core, Init, Model, OutputSpec, ParamSpec, Workspace, init, trained};
use crate::plan::Plan;
use crate::tables::Numbers;

/// Parameters without layers.
pub(crate) struct Toy<D: Device = Cpu> {
    core: Core<D>,
}

/// Elements of the parameters' buffer.
const PARAMS: usize = 64 * 3 + 3;

impl<D: Device> Toy<D> {
    pub(crate) fn new(device: &D, seed: u64) -> Result<Self, Error> {
        let mut params = device.alloc(PARAMS * size_of::<D::Param>())?;
        init::draw(device, Self::PARAMS, &mut params, seed)?;
        Ok(Self { core: Core { device: device.clone(), params, seed, steps: 0 } })
    }

    /// A workspace of gradients alone; one for inference has not even those.
    pub(crate) fn workspace(&self, training: bool) -> Result<Workspace<Self>, Error> {
        let device = self.core.device.clone();
        let arena = device.alloc(if training { Self::ARENA } else { 0 })?;
        let bytes = if training { Self::ARENA } else { 0 };
        let (host, graphs) = (device.host(0)?, Default::default());
        let (capacity, trained, probe) = (1, None, None);
        Ok(Workspace { arena, capacity, device, training, bytes, host, trained, graphs, probe })
    }

    /// Fills the gradient of this parameter.
    pub(crate) fn set_grad(ws: &mut Workspace<Self>, path: &str, numbers: &[f64]) -> Result<(), Error> {
        let numbers: Vec<_> = numbers.iter().map(|&x| D::Param::from_f64(x)).collect();
        for (_, _, span) in trained::<Self>().filter(|(_, spec, _)| spec.path == path) {
            let ([], [to]) = D::split(&mut ws.arena, [], [span])?;
            ws.device.upload(D::view_mut(to), ArrayView1::from(&numbers))?;
        }
        Ok(())
    }

    /// Fills all gradients, in order of declaration, with what `next` gives.
    pub(crate) fn set_grads(ws: &mut Workspace<Self>, mut next: impl FnMut() -> f64) -> Result<(), Error> {
        for (_, spec, _) in trained::<Self>() {
            let numbers: Vec<_> = (0..spec.elements()).map(|_| next()).collect();
            Self::set_grad(ws, spec.path, &numbers)?;
        }
        Ok(())
    }

    /// Bytes of the gradients, and a line after them that nothing may touch.
    pub(crate) const ARENA: usize = 6 * D::LAYOUT.line;
}

impl<D: Device> Model for Toy<D> {
    type Device = D;
    const NAME: &'static str = "Toy";
    const PARAMS: &'static [ParamSpec] = &[
        param("embed.weight", &[3, 7], 0, Init::Normal(0.02), &["head.weight"]),
        ParamSpec { frozen: true, ..param("stem.weight", &[5, 2], 64, Init::Uniform(0.5), &[]) },
        param("norm.weight", &[4], 128, Init::Constant(1.0), &[]),
        param("fc.bias", &[3], 192, Init::Constant(0.0), &[]),
    ];
    const PLAN: Plan = Plan {
        gradients: match size_of::<D::Param>() {
            4 => Numbers::new(&[0, 0, 0, 0, 255, 255, 255, 255, 2, 0, 0, 0, 3, 0, 0, 0]),
            _ => Numbers::new(&[0, 0, 0, 0, 255, 255, 255, 255, 3, 0, 0, 0, 4, 0, 0, 0]),
        },
        ..Plan::EMPTY
    };
    const OUTPUTS: &'static [OutputSpec] = &[];

    fn core(&self) -> &Core<D> {
        &self.core
    }

    fn core_mut(&mut self) -> &mut Core<D> {
        &mut self.core
    }
}

const fn param(
    path: &'static str,
    shape: &'static [usize],
    offset: usize,
    init: Init,
    aliases: &'static [&'static str],
) -> ParamSpec {
    ParamSpec { path, shape, offset, init, frozen: false, aliases }
}
